"""Reads the book: the orders concerned with lines and demands, and those of their units that the batch is about.

The orders' locks are held by now. Of an order of thousands of units only those are read that the messages name, unless
the whole order is meant; its piles are few, and are always read.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain import Book, Buyer, Demand, Key, Line, Order, Pile, Unit
from shared.database import Transaction, new_id
from shared.records import load_records

ORDERS = text("""
    SELECT order_id, warehouse, customer, customer_name, ship_to, contact, priority, backorders, placed_at, digest,
           min_life_days, status, packing
    FROM sales_order WHERE order_id = ANY(CAST(:orders AS text[]))
""")
LINES = text("""
    SELECT order_id AS "order", line, position, sku, ordered, serials, lots, single_lot, allocated, picked, packed,
           shipped, waiting, cancelled, CASE WHEN single_lot AND shipped > 0 THEN (
               SELECT min(p.lot) FROM pile p WHERE p.order_id = l.order_id AND p.line = l.line AND p.shipment <> ''
           ) END AS shipped_lot
    FROM order_line l WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY order_id, position
""")
DEMANDS = text("""
    SELECT demand, order_id AS "order", line, sku, tracking, quantity, shortfall, serials, lots, answered, given,
           closed, withdrawn, instead_of, outcome
    FROM demand WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY demand
""")
# By the primary key of unit and by unit_order; a carton's content is its order's units with that carton.
UNITS = text("""
    WITH named AS (
        SELECT u.* FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS n (sku, serial)
        JOIN unit u USING (sku, serial)
    ), boxes AS (
        SELECT carton, order_id FROM carton WHERE carton = ANY(CAST(:cartons AS text[]))
        UNION SELECT carton, order_id FROM named WHERE carton IS NOT NULL AND shipment = ''
        UNION SELECT carton, order_id FROM carton WHERE shipment = ANY(CAST(:shipments AS text[]))
    ), found AS (
        SELECT * FROM named
        UNION SELECT u.* FROM unit u WHERE u.order_id = ANY(CAST(:whole AS text[])) AND u.shipment = ''
        UNION SELECT u.* FROM order_line l CROSS JOIN unnest(l.serials) AS w (serial)
            JOIN unit u ON u.sku = l.sku AND u.serial = w.serial AND u.order_id = l.order_id
            WHERE l.order_id = ANY(CAST(:whole AS text[])) AND u.shipment <> ''
        UNION SELECT u.* FROM boxes b JOIN unit u USING (order_id, carton) WHERE u.shipment = ''
    )
    SELECT f.sku, f.serial, f.order_id AS "order", f.line, f.demand, f.location, f.status, f.carton, f.shipment,
           EXISTS (SELECT FROM unit_hold h WHERE h.sku = f.sku AND h.serial = f.serial) AS held,
           f.expiry
    FROM found f ORDER BY f.sku, f.serial
""")
# A hold at a place is on what still lies there: what was picked from it is named by the holds on its lot alone.
PILES = text("""
    SELECT p.pile, p.sku, p.lot, p.order_id AS "order", p.line, p.demand, p.location, p.quantity, p.expiry, p.status,
           p.carton, p.shipment, EXISTS (
               SELECT FROM lot_hold h WHERE h.sku = p.sku AND h.lot = p.lot
               AND (h.location = '' OR (h.location = p.location AND p.status = 'ALLOCATED'))) AS held
    FROM pile p WHERE p.order_id = ANY(CAST(:orders AS text[])) AND p.shipment = '' ORDER BY p.pile
""")


async def load(
    tx: Transaction,
    orders: Iterable[str],
    *,
    units: Collection[Key] = (),
    whole: Iterable[str] = (),
    cartons: Collection[str] = (),
    shipments: Collection[str] = (),
) -> Book:
    """The orders by name, with the units named, and what lies in cartons.

    Of the orders in `whole` all units in hand, and those that left of the ones their lines ask for by name.
    """
    wanted = {"orders": sorted(set(orders))}
    lines = _lines(await tx.rows(LINES, wanted))
    demands = _demands(await tx.rows(DEMANDS, wanted))
    contents = {
        "whole": sorted({*whole, *_of_one_lot(lines, demands)}),
        "cartons": sorted(set(cartons)),
        "shipments": sorted(set(shipments)),
    }
    keys = sorted(set(units))
    named = {"skus": [sku for sku, _ in keys], "serials": [serial for _, serial in keys]}
    rows = await tx.rows(UNITS, named | contents) if keys or any(contents.values()) else []
    found = load_records(Unit, rows)
    counted = {"orders": sorted({demand.order for demand in demands if demand.tracking != "SERIAL"})}
    return Book(
        ids(),
        orders=[_order(row) for row in await tx.rows(ORDERS, wanted)],
        lines=lines,
        demands=demands,
        units=[unit for unit in found if not unit.shipment],
        piles=load_records(Pile, await tx.rows(PILES, counted)) if counted["orders"] else (),
        gone=_gone(found),
    )


def ids() -> Iterator[str]:
    """Fresh names, as many as the rules need."""
    while True:
        yield new_id()


def _of_one_lot(lines: Iterable[Line], demands: Iterable[Demand]) -> set[str]:
    """Orders in which a line of units may go back as a whole, for it wants one lot alone."""
    alone = {(line.order, line.line) for line in lines if line.single_lot}
    return {it.order for it in demands if it.tracking == "SERIAL" and (it.order, it.line) in alone}


def _gone(units: Iterable[Unit]) -> Mapping[Key, str]:
    return {unit.key: unit.order for unit in units if unit.shipment}


def _order(row: Row[Any]) -> Order:
    buyer = Buyer(id=row.customer, name=row.customer_name, ship_to=row.ship_to, contact=row.contact)
    return Order(
        order=row.order_id, warehouse=row.warehouse, customer=buyer, priority=row.priority, backorders=row.backorders,
        placed_at=row.placed_at, digest=row.digest, min_life_days=row.min_life_days, status=row.status,
        packing=row.packing,
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
