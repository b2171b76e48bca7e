"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0010_location_activity"
down_revision = "0009_dispatch_approvals"


def upgrade() -> None:
    location_activity()
