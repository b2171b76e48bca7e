"""Loads and saves the unit of work, one statement per table; stores early messages."""

from services.fulfillment.orders.store.early_messages import (
    delete_early_messages,
    load_early_messages,
    store_early_messages,
)
from services.fulfillment.orders.store.load import load
from services.fulfillment.orders.store.product_changes import find_lines_to_reevaluate
from services.fulfillment.orders.store.save import save

__all__ = [
    "delete_early_messages",
    "find_lines_to_reevaluate",
    "load",
    "load_early_messages",
    "save",
    "store_early_messages",
]
