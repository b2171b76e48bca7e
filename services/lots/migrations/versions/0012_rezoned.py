"""What somebody waits for in a warehouse where it became an earlier day."""

from shared.migrate import rezoned

revision = "lots_0012"
down_revision = "lots_0011"


def upgrade() -> None:
    rezoned()
