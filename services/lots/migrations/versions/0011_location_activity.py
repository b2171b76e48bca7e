"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0011_location_activity"
down_revision = "0010_filter_indexes"


def upgrade() -> None:
    location_activity()
