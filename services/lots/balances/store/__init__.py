"""Loads and saves lot stock under the lock of the SKU, with one statement per table."""

from services.lots.balances.store.load import (
    load,
    load_all_locations,
    load_commitments,
    load_for_commands,
    load_holds,
    load_lots,
)
from services.lots.balances.store.locations import (
    find_location_type_changes,
    load_location_stock,
    load_location_types,
    suggest_locations,
)
from services.lots.balances.store.save import save
from services.lots.balances.store.tables import BALANCE, PICKED, RESERVATION

__all__ = [
    "BALANCE",
    "PICKED",
    "RESERVATION",
    "find_location_type_changes",
    "load",
    "load_all_locations",
    "load_commitments",
    "load_for_commands",
    "load_holds",
    "load_location_stock",
    "load_location_types",
    "load_lots",
    "save",
    "suggest_locations",
]
