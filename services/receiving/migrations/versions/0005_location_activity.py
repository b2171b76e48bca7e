"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0005_location_activity"
down_revision = "0004_rejected_goods"


def upgrade() -> None:
    location_activity()
