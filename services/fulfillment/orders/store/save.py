"""Writes the book back, and the log of its orders, which only grows."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from services.fulfillment.orders.domain import Book, Demand, Entry, Key, Line, Order, Pile, Unit
from services.fulfillment.orders.store.table import Table
from shared.database import Transaction

ORDERS: Table[str, Order] = Table(
    "sales_order",
    key={"order_id": "text"},
    changing={
        "status": "text", "packing": "integer", "priority": "smallint", "customer": "text", "customer_name": "text",
        "ship_to": "text", "contact": "text", "min_life_days": "integer",
    },
    fixed={"warehouse": "text", "backorders": "text", "placed_at": "timestamptz", "digest": "bytea"},
    values=lambda it: (
        it.order, it.status, it.packing, it.priority, *it.customer, it.min_life_days, it.warehouse, it.backorders,
        it.placed_at, it.digest,
    ),
)  # fmt: skip
LINES: Table[tuple[str, str], Line] = Table(
    "order_line",
    key={"order_id": "text", "line": "text"},
    changing={
        "allocated": "numeric", "picked": "numeric", "packed": "numeric", "shipped": "numeric", "waiting": "boolean",
        "cancelled": "boolean", "ordered": "numeric", "serials": "text[]", "lots": "text[]", "single_lot": "boolean",
    },
    fixed={"position": "integer", "sku": "text"},
    values=lambda it: (
        it.order, it.line, it.allocated, it.picked, it.packed, it.shipped, it.waiting, it.cancelled, it.ordered,
        it.serials, it.lots, it.single_lot, it.position, it.sku,
    ),
)  # fmt: skip
DEMANDS: Table[str, Demand] = Table(
    "demand",
    key={"demand": "text"},
    changing={
        "answered": "boolean", "given": "numeric", "closed": "boolean", "withdrawn": "boolean", "outcome": "text",
    },
    fixed={
        "order_id": "text", "line": "text", "sku": "text", "tracking": "text", "quantity": "numeric",
        "shortfall": "text", "serials": "text[]", "lots": "text[]", "instead_of": "text",
    },
    values=lambda it: (
        it.demand, it.answered, it.given, it.closed, it.withdrawn, it.outcome, it.order, it.line, it.sku, it.tracking,
        it.quantity, it.shortfall, it.serials, it.lots, it.instead_of,
    ),
)  # fmt: skip
UNITS: Table[Key, Unit] = Table(
    "unit",
    key={"sku": "text", "serial": "text"},
    changing={"status": "text", "location": "text", "carton": "text", "shipment": "text"},
    fixed={"order_id": "text", "line": "text", "demand": "text", "expiry": "date"},
    values=lambda it: (
        it.sku, it.serial, it.status, it.location, it.carton, it.shipment, it.order, it.line, it.demand, it.expiry,
    ),
    rows="t.shipment = ''",
)  # fmt: skip
PILES: Table[str, Pile] = Table(
    "pile",
    key={"pile": "text"},
    changing={"quantity": "numeric", "status": "text", "location": "text", "carton": "text", "shipment": "text"},
    fixed={"order_id": "text", "line": "text", "demand": "text", "sku": "text", "lot": "text", "expiry": "date"},
    values=lambda it: (
        it.pile, it.quantity, it.status, it.location, it.carton, it.shipment, it.order, it.line, it.demand, it.sku,
        it.lot, it.expiry,
    ),
)  # fmt: skip
ENCODE = json.JSONEncoder(default=str).encode
"""One encoder for all: `json.dumps` makes one a call where it is told a default."""
LOG = text("""
    INSERT INTO order_log (order_id, at, actor, what, detail, source, message)
    SELECT order_id, :now, actor, what, detail, source, message
    FROM unnest(CAST(:orders AS text[]), CAST(:actors AS text[]), CAST(:whats AS text[]), CAST(:details AS jsonb[]),
                CAST(:sources AS text[]), CAST(:messages AS text[]))
         WITH ORDINALITY AS n (order_id, actor, what, detail, source, message, place)
    ORDER BY place
""")


async def save(tx: Transaction, book: Book, entries: Sequence[Entry]) -> None:
    """Keep what the rules made of the book, and what its orders' logs say of it."""
    await ORDERS.save(tx, book.orders)
    await LINES.save(tx, book.lines)
    await DEMANDS.save(tx, book.demands)
    await UNITS.save(tx, book.units)
    book.settle()
    await PILES.save(tx, book.piles)
    if entries:
        values = {
            "orders": [entry.order for entry in entries],
            "actors": [entry.actor for entry in entries],
            "whats": [entry.what for entry in entries],
            "details": [ENCODE(entry.detail) for entry in entries],
            "sources": [entry.source for entry in entries],
            "messages": [entry.message for entry in entries],
            "now": tx.now,
        }
        await tx.run(LOG, values)
