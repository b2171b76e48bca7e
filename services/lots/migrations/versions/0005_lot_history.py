"""Numbers holds and date corrections in the sequence of the ledger, so that the history of a lot contains them."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0005_lot_history"
down_revision = "0004_message_digests"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "numbers", "losses")
    grant("SEQUENCE ledger_id_seq", "USAGE")
    grant("hold", "UPDATE (released_number)")
