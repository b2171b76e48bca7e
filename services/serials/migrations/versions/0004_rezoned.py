"""What somebody waits for in a warehouse where it became an earlier day."""

from shared.migrate import rezoned

revision = "serials_0004"
down_revision = "serials_0003"


def upgrade() -> None:
    rezoned()
