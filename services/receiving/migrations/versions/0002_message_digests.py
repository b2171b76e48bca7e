"""Digests of processed messages, which reveal an id that was reused with other content."""

from shared.persistence.migrate import message_digests

revision = "0002_message_digests"
down_revision = "0001_receiving"


def upgrade() -> None:
    message_digests()
