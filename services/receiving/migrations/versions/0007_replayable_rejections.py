"""Records of messages with unknown fields, which are refused unread and can be replayed after an upgrade."""

from shared.persistence.migrate import replayable_rejections

revision = "0007_replayable_rejections"
down_revision = "0006_waiting_messages"


def upgrade() -> None:
    replayable_rejections()
