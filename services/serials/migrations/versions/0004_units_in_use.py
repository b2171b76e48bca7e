"""Indexes of the units in use and of the others, for lists, counts and reports."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0004_units_in_use"
down_revision = "0003_message_digests"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "indexes")
