"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0009_location_activity"
down_revision = "0008_dispatch_approvals"


def upgrade() -> None:
    location_activity()
