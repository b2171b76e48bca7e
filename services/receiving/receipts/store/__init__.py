"""Receipts in the database: rows laid on the desk, and the changed ones saved; a constant number of statements."""

from services.receiving.receipts.store.load import load, load_units, load_waiting, units
from services.receiving.receipts.store.save import save, save_units

__all__ = ["load", "load_units", "load_waiting", "save", "save_units", "units"]
