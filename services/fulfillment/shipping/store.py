"""The yard from the database and back: cartons, shipments and dispatch checks, one statement a table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain import Book
from services.fulfillment.orders.store.table import Table
from services.fulfillment.shipping.domain import Carton, Check, Reason, Shipment, Yard
from shared.database import Transaction
from shared.records import load_records

CARTONS_OF = text("""
    SELECT c.carton, c.order_id AS "order", c.shipment, coalesce(s.status = 'DISPATCHED', false) AS shipped
    FROM carton c LEFT JOIN shipment s USING (shipment)
    WHERE c.carton = ANY(CAST(:cartons AS text[])) OR c.shipment = ANY(CAST(:shipments AS text[]))
       OR c.order_id = ANY(CAST(:orders AS text[]))
""")
SHIPMENTS_OF = text("""
    SELECT shipment, warehouse, orders, carrier, tracking_number, created_at, created_by, status,
           check_id AS "check", dispatched_at
    FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))
""")
# The checks that are named, and those that are current of the shipments.
CHECKS_OF = text("""
    SELECT check_id AS "check", shipment, orders, packing, asked, at, actor, approved, until, status, reasons, ended_at
    FROM dispatch_check
    WHERE check_id = ANY(CAST(:checks AS text[])
                         || ARRAY(SELECT check_id FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))))
""")
ORDERS_OF_CARTONS = text("SELECT carton, order_id FROM carton WHERE carton = ANY(CAST(:cartons AS text[]))")
ORDERS_OF_SHIPMENTS = text("SELECT shipment, orders FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))")

CARTONS: Table[str, Carton] = Table(
    "carton", key={"carton": "text"}, changing={"shipment": "text"}, fixed={"order_id": "text"},
    values=lambda it: (it.carton, it.shipment, it.order),
)  # fmt: skip
SHIPMENTS: Table[str, Shipment] = Table(
    "shipment",
    key={"shipment": "text"},
    changing={"status": "text", "check_id": "text", "dispatched_at": "timestamptz"},
    fixed={
        "warehouse": "text", "orders": "text[]", "carrier": "text", "tracking_number": "text",
        "created_at": "timestamptz", "created_by": "text",
    },
    values=lambda it: (
        it.shipment, it.status, it.check, it.dispatched_at, it.warehouse, it.orders, it.carrier, it.tracking_number,
        it.created_at, it.created_by,
    ),
)  # fmt: skip
CHECKS: Table[str, Check] = Table(
    "dispatch_check",
    key={"check_id": "text"},
    changing={
        "status": "text", "approved": "integer", "until": "timestamptz", "ended_at": "timestamptz", "reasons": "jsonb",
    },
    fixed={
        "shipment": "text", "orders": "text[]", "packing": "integer[]", "asked": "integer", "at": "timestamptz",
        "actor": "text",
    },
    values=lambda it: (
        it.check, it.status, it.approved, it.until, it.ended_at, _reasons(it), it.shipment, it.orders, it.packing,
        it.asked, it.at, it.actor,
    ),
)  # fmt: skip


def _reasons(check: Check) -> str:
    return json.dumps([reason._asdict() for reason in check.reasons]) if check.reasons else "[]"


async def load(
    tx: Transaction,
    book: Book,
    *,
    cartons: Iterable[str] = (),
    shipments: Iterable[str] = (),
    orders: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> Yard:
    """The yard of a book: the cartons named, those of the shipments and orders named; shipments and their checks."""
    named = {"cartons": sorted(set(cartons)), "shipments": sorted(set(shipments)), "orders": sorted(set(orders))}
    boxes = load_records(Carton, await tx.rows(CARTONS_OF, named))
    if not named["shipments"]:
        return Yard(book, tx.now, boxes)
    found = await tx.rows(SHIPMENTS_OF, {"shipments": named["shipments"]})
    asked = await tx.rows(CHECKS_OF, {"shipments": named["shipments"], "checks": sorted(set(checks))})
    return Yard(book, tx.now, boxes, _shipments(found), _checks(asked))


async def save(tx: Transaction, yard: Yard) -> None:
    """Keep what the rules made of the yard."""
    await CARTONS.save(tx, yard.cartons)
    await SHIPMENTS.save(tx, yard.shipments)
    await CHECKS.save(tx, yard.checks)


async def orders_of_cartons(tx: Transaction, cartons: Sequence[str]) -> Mapping[str, str]:
    """Which order each carton is of; that never changes."""
    rows = await tx.rows(ORDERS_OF_CARTONS, {"cartons": sorted(set(cartons))}) if cartons else []
    return {row.carton: row.order_id for row in rows}


async def orders_of_shipments(tx: Transaction, shipments: Sequence[str]) -> Mapping[str, list[str]]:
    """Which orders each shipment is of; that never changes."""
    rows = await tx.rows(ORDERS_OF_SHIPMENTS, {"shipments": sorted(set(shipments))}) if shipments else []
    return {row.shipment: list(row.orders) for row in rows}


def _shipments(rows: Sequence[Row[Any]]) -> list[Shipment]:
    shipments = load_records(Shipment, rows)
    for shipment in shipments:
        shipment.orders = tuple(shipment.orders)
    return shipments


def _checks(rows: Sequence[Row[Any]]) -> list[Check]:
    checks = load_records(Check, rows)
    for check, row in zip(checks, rows, strict=True):
        check.orders, check.packing = tuple(row.orders), tuple(row.packing)
        said = json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons
        check.reasons = [Reason(**reason) for reason in said]
    return checks
