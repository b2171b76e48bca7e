"""Loads and saves the unit of work for receipts, in a constant number of statements."""

from services.receiving.receipts.store.load import find_units, load, load_units, load_waiting
from services.receiving.receipts.store.save import save, save_units

__all__ = ["find_units", "load", "load_units", "load_waiting", "save", "save_units"]
