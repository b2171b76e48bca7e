"""Loads demands and available units under the lock of the SKU, and saves demands."""

from services.serials.allocation.store.backorders import (
    find_backorder_pools,
    find_backorder_pools_in,
    load_fillable_demands,
)
from services.serials.allocation.store.demands import load, load_open_demands, save
from services.serials.allocation.store.skipped_units import count_skipped

__all__ = [
    "count_skipped",
    "find_backorder_pools",
    "find_backorder_pools_in",
    "load",
    "load_fillable_demands",
    "load_open_demands",
    "save",
]
