"""What each part of an ASN says about its lines, so that a part sent again replaces itself."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0003_announced_lines"
breaks_before = "0003_announced_lines"  # older versions do not store what a part says
down_revision = "0002_message_digests"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "announced_lines")
    grant("announced_line", "SELECT, INSERT, UPDATE, DELETE")
    grant("unit", "UPDATE (part)")
