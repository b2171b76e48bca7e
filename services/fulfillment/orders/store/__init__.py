"""Loads what messages need into the unit of work and saves it, one statement per table."""

from services.fulfillment.orders.store.load_orders import load_orders
from services.fulfillment.orders.store.loads import (
    load_allocations,
    load_changes,
    load_local_dates,
    load_placements,
    load_product_changes,
    load_products,
    load_warehouse_changes,
    order_ids,
    skus_of_lot_selectors,
)
from services.fulfillment.orders.store.save import save
from services.fulfillment.orders.store.scans import read_packing_scans, read_scans, resolve_cartons
from services.fulfillment.orders.store.tables import CARTONS, CHECKS, SHIPMENTS, load_with

__all__ = [
    "CARTONS",
    "CHECKS",
    "SHIPMENTS",
    "load_allocations",
    "load_changes",
    "load_local_dates",
    "load_orders",
    "load_placements",
    "load_product_changes",
    "load_products",
    "load_warehouse_changes",
    "load_with",
    "order_ids",
    "read_packing_scans",
    "read_scans",
    "resolve_cartons",
    "save",
    "skus_of_lot_selectors",
]
