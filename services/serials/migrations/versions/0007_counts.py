"""Counts of locations, their scanned units and the discrepancies that they found."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0007_counts"
down_revision = "0006_filter_indexes"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "counts")
    grant("location_count", "SELECT, INSERT, UPDATE (received_parts, completed_at)")
    grant("counted_unit", "SELECT, INSERT")
    grant("count_discrepancy", "SELECT, INSERT, UPDATE (status, resolution, resolved_by, resolved_at, reason)")
