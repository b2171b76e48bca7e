"""Records of messages with unknown fields, which are refused unread and can be replayed after an upgrade."""

from shared.persistence.migrate import replayable_rejections

revision = "0015_replayable_rejections"
down_revision = "0014_balance_versions"


def upgrade() -> None:
    replayable_rejections()
