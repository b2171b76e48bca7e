"""Loads demands and stock under the lock of the SKU, and saves demands."""

from services.lots.allocation.store.backorders import (
    find_backorder_pools,
    find_backorder_pools_in,
    load_fillable_demands,
)
from services.lots.allocation.store.demands import load, save
from services.lots.allocation.store.stock import (
    load_available,
    load_picked,
    load_picked_for,
    load_reservations,
    save_consignees,
)

__all__ = [
    "find_backorder_pools",
    "find_backorder_pools_in",
    "load",
    "load_available",
    "load_fillable_demands",
    "load_picked",
    "load_picked_for",
    "load_reservations",
    "save",
    "save_consignees",
]
