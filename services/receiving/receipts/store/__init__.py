"""Loads and saves receipts with their scans, in a constant number of statements."""

from services.receiving.receipts.store.loads import as_arrays, find_units, load, load_voided, load_waiting
from services.receiving.receipts.store.save import save

__all__ = ["as_arrays", "find_units", "load", "load_voided", "load_waiting", "save"]
