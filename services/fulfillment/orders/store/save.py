"""Saves the unit of work and appends the order log."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from services.fulfillment.orders.domain import (
    AllocatedLot,
    AllocatedUnit,
    Demand,
    FulfillmentUnitOfWork,
    Line,
    Order,
    OrderLogEntry,
    UnitKey,
)
from services.fulfillment.orders.store.bulk_table import BulkTable
from shared.persistence.database import Transaction

ORDERS_TABLE: BulkTable[str, Order] = BulkTable(
    "sales_order",
    key={"order_id": "text"},
    mutable={
        "status": "text", "packing_version": "integer", "priority": "smallint", "customer": "text",
        "customer_name": "text", "ship_to": "text", "contact": "text", "min_remaining_shelf_life_days": "integer",
    },
    immutable={"warehouse": "text", "backorders": "text", "placed_at": "timestamptz", "content_hash": "bytea"},
    values=lambda row: (
        row.order_id, row.status, row.packing_version, row.priority, *row.customer,
        row.min_remaining_shelf_life_days, row.warehouse, row.backorders, row.placed_at, row.content_hash,
    ),
)  # fmt: skip
LINES_TABLE: BulkTable[tuple[str, str], Line] = BulkTable(
    "order_line",
    key={"order_id": "text", "line": "text"},
    mutable={
        "allocated": "numeric", "picked": "numeric", "packed": "numeric", "shipped": "numeric",
        "awaiting_product": "boolean", "cancelled": "boolean", "ordered": "numeric", "serials": "text[]",
        "lots": "text[]", "single_lot": "boolean",
    },
    immutable={"position": "integer", "sku": "text"},
    values=lambda row: (
        row.order_id, row.line, row.allocated, row.picked, row.packed, row.shipped, row.awaiting_product,
        row.cancelled, row.ordered, row.serials, row.lots, row.single_lot, row.position, row.sku,
    ),
)  # fmt: skip
DEMANDS_TABLE: BulkTable[str, Demand] = BulkTable(
    "demand",
    key={"demand_id": "text"},
    mutable={
        "answered": "boolean", "allocated_total": "numeric", "closed": "boolean", "cancelled": "boolean",
        "skipped_summary": "text",
    },
    immutable={
        "order_id": "text", "line": "text", "sku": "text", "tracking": "text", "quantity": "numeric",
        "shortfall": "text", "serials": "text[]", "lots": "text[]", "replaces": "text",
    },
    values=lambda row: (
        row.demand_id, row.answered, row.allocated_total, row.closed, row.cancelled, row.skipped_summary,
        row.order_id, row.line, row.sku, row.tracking, row.quantity, row.shortfall, row.serials, row.lots, row.replaces,
    ),
)  # fmt: skip
UNITS_TABLE: BulkTable[UnitKey, AllocatedUnit] = BulkTable(
    "allocated_unit",
    key={"sku": "text", "serial": "text"},
    mutable={"status": "text", "location": "text", "carton": "text", "shipment": "text"},
    immutable={"order_id": "text", "line": "text", "demand_id": "text", "expiry": "date"},
    values=lambda row: (
        row.sku, row.serial, row.status, row.location, row.carton, row.shipment, row.order_id, row.line,
        row.demand_id, row.expiry,
    ),
    row_filter="t.shipment = ''",
)  # fmt: skip
LOTS_TABLE: BulkTable[str, AllocatedLot] = BulkTable(
    "allocated_lot",
    key={"allocated_lot_id": "text"},
    mutable={"quantity": "numeric", "status": "text", "location": "text", "carton": "text", "shipment": "text"},
    immutable={"order_id": "text", "line": "text", "demand_id": "text", "sku": "text", "lot": "text", "expiry": "date"},
    values=lambda row: (
        row.allocated_lot_id, row.quantity, row.status, row.location, row.carton, row.shipment, row.order_id,
        row.line, row.demand_id, row.sku, row.lot, row.expiry,
    ),
)  # fmt: skip
ENCODE_JSON = json.JSONEncoder(default=str).encode
"""A shared encoder: `json.dumps` with a default creates one per call."""
INSERT_LOG_ENTRIES = text("""
    INSERT INTO order_log (order_id, occurred_at, actor, action, detail, source, message_id)
    SELECT order_id, :now, actor, action, detail, source, message_id
    FROM unnest(CAST(:orders AS text[]), CAST(:actors AS text[]), CAST(:actions AS text[]), CAST(:details AS jsonb[]),
                CAST(:sources AS text[]), CAST(:message_ids AS text[]))
         WITH ORDINALITY AS n (order_id, actor, action, detail, source, message_id, position)
    ORDER BY position
""")


async def save(tx: Transaction, uow: FulfillmentUnitOfWork, entries: Sequence[OrderLogEntry]) -> None:
    """Save the changes of the unit of work and the log entries."""
    await ORDERS_TABLE.save(tx, uow.orders)
    await LINES_TABLE.save(tx, uow.lines)
    await DEMANDS_TABLE.save(tx, uow.demands)
    await UNITS_TABLE.save(tx, uow.units)
    uow.merge_equal()
    await LOTS_TABLE.save(tx, uow.lots)
    if entries:
        values = {
            "orders": [entry.order_id for entry in entries],
            "actors": [entry.actor for entry in entries],
            "actions": [entry.action for entry in entries],
            "details": [ENCODE_JSON(entry.detail) for entry in entries],
            "sources": [entry.source for entry in entries],
            "message_ids": [entry.message_id for entry in entries],
            "now": tx.now,
        }
        await tx.execute(INSERT_LOG_ENTRIES, values)
