"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0006_location_activity"
down_revision = "0005_order_statuses"


def upgrade() -> None:
    location_activity()
