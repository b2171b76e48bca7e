"""Loads and saves recalls."""

from services.lots.recalls.store.loads import (
    load_closings,
    load_contact_lines,
    load_lot_corrections,
    load_openings,
    load_product_changes,
    load_recalled_lots,
    load_receipts,
    save_answers,
)
from services.lots.recalls.store.tables import save

__all__ = [
    "load_closings",
    "load_contact_lines",
    "load_lot_corrections",
    "load_openings",
    "load_product_changes",
    "load_recalled_lots",
    "load_receipts",
    "save",
    "save_answers",
]
