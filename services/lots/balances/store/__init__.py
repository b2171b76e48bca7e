"""Loads and saves lot stock under the lock of the SKU, with one statement per table."""

from services.lots.balances.store.counts import load_counts
from services.lots.balances.store.load_stock import (
    load_balances,
    load_commitments,
    load_lot_balances,
    load_lots,
    load_on_hand_changes,
    load_products,
    load_stock_under_changed_holds,
)
from services.lots.balances.store.loads import (
    balance_keys,
    load_adjustments,
    load_date_corrections,
    load_dispositions,
    load_hold_placements,
    load_hold_releases,
    load_location_changes,
    load_moves,
    load_product_changes,
    load_receipts,
    load_returns,
)
from services.lots.balances.store.locations import load_arrivals, load_location_stock
from services.lots.balances.store.lot_corrections import load_lot_corrections
from services.lots.balances.store.missing_stock import load_missing_stock
from services.lots.balances.store.save import QUANTITY_COLUMN, save
from services.lots.balances.store.scans import read_scans
from services.lots.balances.store.tables import BALANCE, DEMAND, NOTICE, PICKED, RESERVATION, UNALLOCATED

__all__ = [
    "BALANCE",
    "DEMAND",
    "NOTICE",
    "PICKED",
    "QUANTITY_COLUMN",
    "RESERVATION",
    "UNALLOCATED",
    "balance_keys",
    "load_adjustments",
    "load_arrivals",
    "load_balances",
    "load_commitments",
    "load_counts",
    "load_date_corrections",
    "load_dispositions",
    "load_hold_placements",
    "load_hold_releases",
    "load_location_changes",
    "load_location_stock",
    "load_lot_balances",
    "load_lot_corrections",
    "load_lots",
    "load_missing_stock",
    "load_moves",
    "load_on_hand_changes",
    "load_product_changes",
    "load_products",
    "load_receipts",
    "load_returns",
    "load_stock_under_changed_holds",
    "read_scans",
    "save",
]
