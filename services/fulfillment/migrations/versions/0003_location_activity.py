"""Locations can be deactivated."""

from shared.persistence.migrate import location_activity

revision = "0003_location_activity"
down_revision = "0002_message_digests"


def upgrade() -> None:
    location_activity()
