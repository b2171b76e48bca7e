"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0007_location_activity"
down_revision = "0006_list_indexes"


def upgrade() -> None:
    location_activity()
