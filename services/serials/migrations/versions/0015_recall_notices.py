"""Standing holds keep the text of a recall notice and its periods; dispatches keep the delivery address."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0015_recall_notices"
breaks_before = "0015_recall_notices"  # older versions would find no number of a notice
down_revision = "0014_lot_keys"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "notices")
