"""Replaces the table of pending demand rechecks by messages; pending rechecks become messages."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0002_reallocation_requests"
breaks_before = "0002_reallocation_requests"  # it drops the table demand_recheck
down_revision = "0001_serials"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "demand_recheck")
