"""Counts, the last count of each balance, and picked stock that a count did not find.

After a count, less may be on hand than allocated, until fulfillment releases the rest.
"""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0013_counts"
breaks_before = "0013_counts"  # a version that does not know it fails at a balance with less on hand than allocated
down_revision = "0012_staged_stock"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "counts")
    grant("stock_count", "SELECT, INSERT, UPDATE (status, books, variance)")
    grant("balance", "UPDATE (counted_at)")
    grant("picked_stock", "UPDATE (missing)")
