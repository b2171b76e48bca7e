"""Loads and saves receipts with their scans, in a constant number of statements."""

from services.receiving.receipts.store.loads import (
    as_arrays,
    find_units,
    load_adjusted_units,
    load_corrected_units,
    load_known_lots,
    load_receipts,
    load_waiting_lines,
)
from services.receiving.receipts.store.save import save

__all__ = [
    "as_arrays",
    "find_units",
    "load_adjusted_units",
    "load_corrected_units",
    "load_known_lots",
    "load_receipts",
    "load_waiting_lines",
    "save",
]
