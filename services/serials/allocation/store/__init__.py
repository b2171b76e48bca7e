"""Loads demands and available units under the lock of the SKU, and saves demands."""

from services.serials.allocation.store.backorders import (
    find_backorder_pools,
    find_backorder_pools_in,
    load_fillable_demands,
)
from services.serials.allocation.store.demands import load, load_open_demands, save

__all__ = [
    "find_backorder_pools",
    "find_backorder_pools_in",
    "load",
    "load_fillable_demands",
    "load_open_demands",
    "save",
]
