"""Indexes for the filters of the list of lots by receipt, customer and time of change."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0010_filter_indexes"
down_revision = "0009_dispatch_approvals"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "indexes")
