"""Loads what the messages about orders, order changes, allocations and products need."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork, Order, Product
from services.fulfillment.orders.store.load_orders import load_orders
from services.fulfillment.orders.store.product_changes import find_lines_to_reevaluate
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.contracts.serials import SerialAllocated
from shared.contracts.topics import OMS_ORDERS
from shared.contracts.upstream import OrderAmended
from shared.inventory import reference_data
from shared.inventory.expiry import today
from shared.messaging import waiting
from shared.persistence import locks
from shared.persistence.database import Transaction

Events = Sequence[CloudEvent[Any]]
SELECT_PRODUCTS = text("""
    SELECT k.sku, version, name, unit, tracking, shelf_life::text AS shelf_life, decimals,
           ordered_product.sku IS NOT NULL AS is_ordered
    FROM unnest(CAST(:skus AS text[])) AS k (sku) LEFT JOIN product USING (sku) LEFT JOIN ordered_product USING (sku)
""")

SELECT_AWAITING_ORDERS = text("""
    SELECT warehouse, order_id FROM sales_order
    WHERE awaiting_warehouse AND warehouse = ANY(CAST(:warehouses AS text[])) ORDER BY order_id
""")


async def load_placements(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load orders if they exist already; otherwise the messages that arrived before them."""
    await load_orders(tx, uow, order_ids(events))
    new_orders = [order_id for order_id in order_ids(events) if order_id not in uow.orders]
    await waiting.load(tx, uow.waiting, OMS_ORDERS, new_orders)
    await load_products(tx, uow, _skus_of_lines(chain(events, *map(uow.waiting.events_of, new_orders))))
    await _find_undefined_warehouses(tx, uow, {event.data.warehouse for event in events})


async def load_changes(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load whole orders and the products of their changes; local dates, to name items with too little shelf life."""
    units = [
        (line.sku, serial) for event in events for line in getattr(event.data, "lines", ()) for serial in line.serials
    ]
    await load_orders(tx, uow, order_ids(events), units=units, whole_orders=order_ids(events))
    changed_skus = {
        event.data.sku for event in events if isinstance(event.data, OrderReevaluationRequested) and event.data.sku
    }
    requiring = {event.data.order for event in events if _may_change_shelf_life(event.data)}
    orders = [order for order in uow.orders if order.order_id in requiring]
    dated_skus = {item.sku for order in orders for item in order.items if item.expiry}
    await load_products(tx, uow, changed_skus | dated_skus | _skus_of_lines(events))
    if dated_skus:
        await load_local_dates(tx, uow, orders)


async def load_allocations(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load orders with the allocated units, if an order has them already, and the units that a short demand lists."""
    units = [
        (event.data.sku, allocated.serial)
        for event in events if isinstance(event.data, SerialAllocated) for allocated in event.data.allocated
    ]  # fmt: skip
    short_demands = {event.data.demand_id for event in events if event.data.open_quantity}
    await load_orders(tx, uow, order_ids(events), units=units, short_demands=short_demands)


async def load_product_changes(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Save products and find the orders that their changes affect."""
    last_change = {event.data.sku: event.cause for event in events}
    before = await reference_data.load_products(tx, last_change)
    await reference_data.save_products(tx, events)
    after = await reference_data.load_products(tx, last_change)
    tracking_changed_skus = {sku for sku in before if before[sku].tracking != after[sku].tracking}
    for order_id, sku in await find_lines_to_reevaluate(tx, last_change, tracking_changed_skus):
        uow.orders_to_reevaluate.setdefault(last_change[sku], []).append(order_id)


async def load_warehouse_changes(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[WarehouseChanged]]
) -> None:
    """Save warehouses and find the orders that wait for them."""
    await reference_data.save_warehouses(tx, events)
    last_change = {event.data.warehouse: event.cause for event in events}
    for row in await tx.fetch_all(SELECT_AWAITING_ORDERS, {"warehouses": list(last_change)}):
        uow.orders_to_reevaluate.setdefault(last_change[row.warehouse], []).append(row.order_id)


async def _find_undefined_warehouses(tx: Transaction, uow: FulfillmentUnitOfWork, names: set[str]) -> None:
    """Find the warehouses that are not defined; each is read again under its lock, so that no definition is missed."""
    if undefined := names - (await reference_data.load_warehouses(tx, names)).keys():
        await locks.acquire(tx, {f"warehouse:{name}" for name in undefined})
        undefined -= (await reference_data.load_warehouses(tx, undefined)).keys()
    uow.undefined_warehouses = undefined


async def load_products(tx: Transaction, uow: FulfillmentUnitOfWork, skus: Collection[str]) -> None:
    """Load products, also if they are loaded already: a message of the batch may have changed them."""
    rows = await tx.fetch_all(SELECT_PRODUCTS, {"skus": list(skus)}) if skus else []
    uow.ordered_skus.update(row.sku for row in rows if row.is_ordered)
    for product in (reference_data.to_product(row) for row in rows if row.version is not None):
        uow.products[product.sku] = Product(product.tracking, product.decimals, product.shelf_life, product.version)


async def load_local_dates(tx: Transaction, uow: FulfillmentUnitOfWork, orders: Iterable[Order]) -> None:
    """Load the current date at the warehouses of orders."""
    warehouses = await reference_data.load_warehouses(tx, {order.warehouse for order in orders})
    uow.local_dates |= {name: today(tx.now, warehouse.time_zone) for name, warehouse in warehouses.items()}


def order_ids(events: Iterable[CloudEvent[Any]]) -> set[str]:
    """The orders of messages."""
    return {event.data.order for event in events}


def skus_of_lot_selectors(events: Iterable[CloudEvent[Any]]) -> set[str]:
    """The products for which commands state quantities."""
    selections: list[Any] = [getattr(event.data, "stock", []) for event in events]
    return {
        selector.sku
        for selection in selections
        for selector in (selection if isinstance(selection, list) else [selection])
        if selector is not None
    }


def _may_change_shelf_life(data: Any) -> bool:
    return isinstance(data, OrderAmended) and (data.customer, data.min_remaining_shelf_life_days) != (None, None)


def _skus_of_lines(events: Iterable[CloudEvent[Any]]) -> set[str]:
    return {line.sku for event in events for line in getattr(event.data, "lines", ())}
