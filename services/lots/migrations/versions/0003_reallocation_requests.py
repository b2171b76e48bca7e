"""Replaces the table of pending demand rechecks by messages; pending rechecks become messages."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0003_reallocation_requests"
down_revision = "0002_recall_views"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "demand_recheck")
