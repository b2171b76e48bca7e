"""Loads the unit of work: orders with their lines, demands, allocated units and lots.

The orders are locked by the caller. Only the units listed in the messages are loaded, unless whole orders are
requested: an order may have thousands of units. Allocated lots are few and always loaded.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain import (
    AllocatedLot,
    AllocatedUnit,
    Demand,
    FulfillmentUnitOfWork,
    Line,
    Order,
    OrderCustomer,
    UnitKey,
)
from shared.persistence.database import Transaction, new_id
from shared.persistence.records import load_records

SELECT_ORDERS = text("""
    SELECT order_id, warehouse, customer, customer_name, ship_to, contact, priority, backorders, placed_at,
           content_hash, min_remaining_shelf_life_days, status, packing_version
    FROM sales_order WHERE order_id = ANY(CAST(:orders AS text[]))
""")
SELECT_LINES = text("""
    SELECT order_id, line, position, sku, ordered, serials, lots, single_lot, allocated, picked, packed,
           shipped, awaiting_product, cancelled, CASE WHEN single_lot AND shipped > 0 THEN (
               SELECT min(a.lot) FROM allocated_lot a
               WHERE a.order_id = l.order_id AND a.line = l.line AND a.shipment <> ''
           ) END AS shipped_lot
    FROM order_line l WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY order_id, position
""")
SELECT_DEMANDS = text("""
    SELECT demand_id, order_id, line, sku, tracking, quantity, shortfall, serials, lots, answered, allocated_total,
           closed, cancelled, replaces, skipped_summary
    FROM demand WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY demand_id
""")
# Uses the primary key of allocated_unit and allocated_unit_order; the content of a carton is found by order and carton.
SELECT_UNITS = text("""
    WITH requested AS (
        SELECT u.* FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS n (sku, serial)
        JOIN allocated_unit u USING (sku, serial)
    ), cartons AS (
        SELECT carton, order_id FROM carton WHERE carton = ANY(CAST(:cartons AS text[]))
        UNION SELECT carton, order_id FROM requested WHERE carton IS NOT NULL AND shipment = ''
        UNION SELECT carton, order_id FROM carton WHERE shipment = ANY(CAST(:shipments AS text[]))
    ), found AS (
        SELECT * FROM requested
        UNION SELECT u.* FROM allocated_unit u WHERE u.order_id = ANY(CAST(:whole_orders AS text[])) AND u.shipment = ''
        UNION SELECT u.* FROM order_line l CROSS JOIN unnest(l.serials) AS listed (serial)
            JOIN allocated_unit u ON u.sku = l.sku AND u.serial = listed.serial AND u.order_id = l.order_id
            WHERE l.order_id = ANY(CAST(:whole_orders AS text[])) AND u.shipment <> ''
        UNION SELECT u.* FROM cartons c JOIN allocated_unit u USING (order_id, carton) WHERE u.shipment = ''
    )
    SELECT f.sku, f.serial, f.order_id, f.line, f.demand_id, f.location, f.status, f.carton, f.shipment,
           EXISTS (SELECT FROM unit_hold h WHERE h.sku = f.sku AND h.serial = f.serial) AS on_hold,
           f.expiry
    FROM found f ORDER BY f.sku, f.serial
""")
# A hold at a location applies to unpicked stock there; picked stock is subject to holds on the whole lot only.
SELECT_LOTS = text("""
    SELECT a.allocated_lot_id, a.sku, a.lot, a.order_id, a.line, a.demand_id, a.location, a.quantity, a.expiry,
           a.status, a.carton, a.shipment, EXISTS (
               SELECT FROM lot_hold h WHERE h.sku = a.sku AND h.lot = a.lot
               AND (h.location = '' OR (h.location = a.location AND a.status = 'ALLOCATED'))) AS on_hold
    FROM allocated_lot a WHERE a.order_id = ANY(CAST(:orders AS text[])) AND a.shipment = ''
    ORDER BY a.allocated_lot_id
""")


async def load(
    tx: Transaction,
    orders: Iterable[str],
    *,
    units: Collection[UnitKey] = (),
    whole_orders: Iterable[str] = (),
    cartons: Collection[str] = (),
    shipments: Collection[str] = (),
) -> FulfillmentUnitOfWork:
    """Load orders with the listed units and the content of the listed cartons.

    Of `whole_orders`, load all unshipped units, and the shipped ones among the serial numbers listed on their lines.
    """
    order_parameters = {"orders": sorted(set(orders))}
    lines = _lines(await tx.fetch_all(SELECT_LINES, order_parameters))
    demands = _demands(await tx.fetch_all(SELECT_DEMANDS, order_parameters))
    scope = {
        "whole_orders": sorted({*whole_orders, *_orders_with_single_lot_units(lines, demands)}),
        "cartons": sorted(set(cartons)),
        "shipments": sorted(set(shipments)),
    }
    keys = sorted(set(units))
    unit_parameters = {"skus": [sku for sku, _ in keys], "serials": [serial for _, serial in keys]}
    rows = await tx.fetch_all(SELECT_UNITS, unit_parameters | scope) if keys or any(scope.values()) else []
    units_found = load_records(AllocatedUnit, rows)
    lot_parameters = {"orders": sorted({demand.order_id for demand in demands if demand.tracking != "SERIAL"})}
    return FulfillmentUnitOfWork(
        generate_ids(),
        orders=[_to_order(row) for row in await tx.fetch_all(SELECT_ORDERS, order_parameters)],
        lines=lines,
        demands=demands,
        units=[unit for unit in units_found if not unit.shipment],
        lots=load_records(AllocatedLot, await tx.fetch_all(SELECT_LOTS, lot_parameters))
        if lot_parameters["orders"]
        else (),
        shipped=_shipped_units(units_found),
    )


def generate_ids() -> Iterator[str]:
    """An endless supply of new ids."""
    while True:
        yield new_id()


def _orders_with_single_lot_units(lines: Iterable[Line], demands: Iterable[Demand]) -> set[str]:
    """Orders with serial-tracked single-lot lines, which may be released as a whole."""
    single_lot_lines = {(line.order_id, line.line) for line in lines if line.single_lot}
    return {
        demand.order_id
        for demand in demands
        if demand.tracking == "SERIAL" and (demand.order_id, demand.line) in single_lot_lines
    }


def _shipped_units(units: Iterable[AllocatedUnit]) -> Mapping[UnitKey, str]:
    return {unit.key: unit.order_id for unit in units if unit.shipment}


def _to_order(row: Row[Any]) -> Order:
    customer = OrderCustomer(id=row.customer, name=row.customer_name, ship_to=row.ship_to, contact=row.contact)
    return Order(
        order_id=row.order_id, warehouse=row.warehouse, customer=customer, priority=row.priority,
        backorders=row.backorders, placed_at=row.placed_at, content_hash=row.content_hash,
        min_remaining_shelf_life_days=row.min_remaining_shelf_life_days, status=row.status,
        packing_version=row.packing_version,
    )  # fmt: skip


def _lines(rows: Sequence[Row[Any]]) -> list[Line]:
    lines = load_records(Line, rows)
    for line in lines:
        line.serials, line.lots = tuple(line.serials), tuple(line.lots)
    return lines


def _demands(rows: Sequence[Row[Any]]) -> list[Demand]:
    demands = load_records(Demand, rows)
    for demand in demands:
        demand.serials, demand.lots = tuple(demand.serials), tuple(demand.lots)
    return demands
