"""Loads demands and stock under the lock of the SKU."""

from services.lots.allocation.store.backorders import find_backorder_pools_in
from services.lots.allocation.store.loads import (
    load_available_lots,
    load_backorders,
    load_cancellations,
    load_deallocations,
    load_dispatch_checks,
    load_dispatches,
    load_picks,
    load_reallocations,
    load_released_products,
    load_requests,
    load_unpicks,
)
from services.lots.allocation.store.stock import load_demands

__all__ = [
    "find_backorder_pools_in",
    "load_available_lots",
    "load_backorders",
    "load_cancellations",
    "load_deallocations",
    "load_demands",
    "load_dispatch_checks",
    "load_dispatches",
    "load_picks",
    "load_reallocations",
    "load_released_products",
    "load_requests",
    "load_unpicks",
]
