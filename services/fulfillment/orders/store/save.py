"""Writes the book back, and the log of its orders, which only grows."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from services.fulfillment.orders.domain import Book, Demand, Entry, Key, Line, Order, Unit
from services.fulfillment.orders.store.table import Table
from shared.database import Transaction

ORDERS: Table[str, Order] = Table(
    "sales_order",
    {"order_id": "text"},
    {
        "warehouse": "text", "customer": "text", "customer_name": "text", "ship_to": "text", "contact": "text",
        "priority": "smallint", "backorders": "text", "placed_at": "timestamptz", "status": "text",
        "packing": "integer", "digest": "bytea",
    },
    lambda it: (
        it.order, it.warehouse, it.customer.id, it.customer.name, it.customer.ship_to, it.customer.contact,
        it.priority, it.backorders, it.placed_at, it.status, it.packing, it.digest,
    ),
)  # fmt: skip
LINES: Table[tuple[str, str], Line] = Table(
    "order_line",
    {"order_id": "text", "line": "text"},
    {
        "position": "integer", "sku": "text", "ordered": "numeric", "serials": "text[]", "allocated": "integer",
        "picked": "integer", "packed": "integer", "shipped": "integer", "waiting": "boolean", "cancelled": "boolean",
    },
    lambda it: (
        it.order, it.line, it.position, it.sku, it.ordered, it.serials, it.allocated, it.picked, it.packed,
        it.shipped, it.waiting, it.cancelled,
    ),
)  # fmt: skip
DEMANDS: Table[str, Demand] = Table(
    "demand",
    {"demand": "text"},
    {
        "order_id": "text", "line": "text", "sku": "text", "tracking": "text", "quantity": "numeric",
        "shortfall": "text", "serials": "text[]", "answered": "boolean",
        "given": "integer", "closed": "boolean", "withdrawn": "boolean",
        "instead_of": "text", "outcome": "text",
    },
    lambda it: (
        it.demand, it.order, it.line, it.sku, it.tracking, it.quantity, it.shortfall, it.serials, it.answered,
        it.given, it.closed, it.withdrawn, it.instead_of, it.outcome,
    ),
)  # fmt: skip
UNITS: Table[Key, Unit] = Table(
    "unit",
    {"sku": "text", "serial": "text"},
    {
        "shipment": "text", "order_id": "text", "line": "text", "demand": "text", "status": "text",
        "location": "text", "carton": "text",
    },
    lambda it: (
        it.sku, it.serial, it.shipment, it.order, it.line, it.demand, it.status, it.location, it.carton,
    ),
    rows="t.shipment = ''",
)  # fmt: skip
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
    if entries:
        orders, actors, whats, details, sources, messages = (list(column) for column in zip(*entries, strict=True))
        kept = [json.dumps(detail, default=str) for detail in details]
        await tx.run(
            LOG,
            {"orders": orders, "actors": actors, "whats": whats, "details": kept, "sources": sources,
             "messages": messages, "now": tx.now},
        )  # fmt: skip
