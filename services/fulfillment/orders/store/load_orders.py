"""Loads orders with their lines, demands, allocated units and lots into the unit of work.

The orders are locked by the caller. Only the units listed in the messages are loaded, unless whole orders are
requested: an order may have thousands of units. Allocated lots are few and always loaded.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork, UnitKey
from services.fulfillment.orders.store.tables import DEMANDS, LINES, LOTS, ORDERS, UNITS, load_with
from shared.persistence.database import Transaction

# ruff: noqa: S608 - column lists of the tables
SELECT_ORDERS = text(f"SELECT {ORDERS.columns()} FROM sales_order WHERE order_id = ANY(CAST(:orders AS text[]))")
SELECT_LINES = text(f"""
    SELECT {LINES.columns("l")}, CASE WHEN shipped > 0 AND (single_lot OR order_id = ANY(CAST(:whole_orders AS text[])))
           THEN (
               SELECT min(a.lot) FROM allocated_lot a
               WHERE a.order_id = l.order_id AND a.line = l.line AND a.shipment <> ''
           ) END AS shipped_lot
    FROM order_line l WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY order_id, position
""")
SELECT_DEMANDS = text(
    f"SELECT {DEMANDS.columns()} FROM demand WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY demand_id"
)
# Uses the primary key of allocated_unit and allocated_unit_order; the content of a carton is found by order and carton.
SELECT_UNITS = text(f"""
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
    SELECT {UNITS.columns("f")},
           EXISTS (SELECT FROM unit_hold h WHERE h.sku = f.sku AND h.serial = f.serial) AS on_hold
    FROM found f ORDER BY f.sku, f.serial
""")
# A hold at a location applies to unpicked stock there; picked stock is subject to holds on the whole lot only.
SELECT_LOTS = text(f"""
    SELECT {LOTS.columns("a")}, EXISTS (
               SELECT FROM lot_hold h WHERE h.sku = a.sku AND h.lot = a.lot
               AND (h.location = '' OR (h.location = a.location AND a.status = 'ALLOCATED'))) AS on_hold
    FROM allocated_lot a WHERE a.order_id = ANY(CAST(:orders AS text[])) AND a.shipment = ''
    ORDER BY a.allocated_lot_id
""")


async def load_orders(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    orders: Iterable[str],
    *,
    units: Collection[UnitKey] = (),
    whole_orders: Iterable[str] = (),
    whole_if_named: Collection[str] = (),
    cartons: Collection[str] = (),
    lot_cartons: Collection[str] = (),
    shipments: Collection[str] = (),
    short_demands: Collection[str] = (),
) -> None:
    """Load orders with the listed units and the content of the listed cartons.

    Of the orders of `lot_cartons`, load the content of the cartons that hold lots, from which these may be removed.
    Of `short_demands`, load the units with the listed serial numbers: a wider demand of the order may have them.
    Of `whole_orders`, load all unshipped units, and the shipped ones among the serial numbers listed on their lines; of
    `whole_if_named` too, if a line names serial numbers.
    """
    of_orders, whole = {"orders": sorted(set(orders))}, set(whole_orders)
    line_rows = await tx.fetch_all(SELECT_LINES, of_orders | {"whole_orders": sorted(whole)})
    lines = load_with(LINES, line_rows, "shipped_lot")
    demands = DEMANDS.load(await tx.fetch_all(SELECT_DEMANDS, of_orders))
    # An order with serial-tracked single-lot lines may be released as a whole.
    single_lot_lines = {(line.order_id, line.line) for line in lines if line.single_lot}
    single_lot_orders = {
        demand.order_id
        for demand in demands
        if demand.tracking == "SERIAL" and (demand.order_id, demand.line) in single_lot_lines
    }
    named_orders = {line.order_id for line in lines if line.serials and line.order_id in whole_if_named}
    listed = [
        (demand.sku, serial) for demand in demands if demand.demand_id in short_demands for serial in demand.serials
    ]
    unit_keys = {*units, *listed}
    lot_orders = {"orders": sorted({demand.order_id for demand in demands if demand.tracking != "SERIAL"})}
    lots = load_with(LOTS, await tx.fetch_all(SELECT_LOTS, lot_orders), "on_hold") if lot_orders["orders"] else []
    opened = {lot.carton for lot in lots if lot.carton and lot.order_id in lot_cartons}
    scope: dict[str, Any] = {
        "skus": [sku for sku, _ in unit_keys],
        "serials": [serial for _, serial in unit_keys],
        "whole_orders": sorted(whole | single_lot_orders | named_orders),
        "cartons": sorted({*cartons, *opened}),
        "shipments": sorted(set(shipments)),
    }
    found = load_with(UNITS, await tx.fetch_all(SELECT_UNITS, scope), "on_hold") if any(scope.values()) else []
    uow.orders.load(ORDERS.load(await tx.fetch_all(SELECT_ORDERS, of_orders)))
    uow.lines.load(lines)
    uow.demands.load(demands)
    uow.units.load(unit for unit in found if not unit.shipment)
    uow.lots.load(lots)
    uow.shipped |= {unit.key: unit.order_id for unit in found if unit.shipment}
    uow.link()
