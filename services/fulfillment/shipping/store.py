"""Loads and saves cartons, shipments and dispatch checks, one statement per table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork
from services.fulfillment.orders.store.bulk_table import BulkTable
from services.fulfillment.shipping.domain import Carton, DispatchCheck, Reason, Shipment, ShippingUnitOfWork
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

SELECT_CARTONS = text("""
    SELECT c.carton, c.order_id, c.shipment, coalesce(s.status = 'DISPATCHED', false) AS dispatched
    FROM carton c LEFT JOIN shipment s USING (shipment)
    WHERE c.carton = ANY(CAST(:cartons AS text[])) OR c.shipment = ANY(CAST(:shipments AS text[]))
       OR c.order_id = ANY(CAST(:orders AS text[]))
""")
SELECT_SHIPMENTS = text("""
    SELECT shipment, warehouse, orders, carrier, tracking_number, created_at, created_by, status,
           check_id, dispatched_at
    FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))
""")
# The listed checks, and the current checks of the shipments.
SELECT_CHECKS = text("""
    SELECT check_id, shipment, orders, packing_versions, requested_count, requested_at, actor, approved_count,
           valid_until, status, reasons, ended_at
    FROM dispatch_check
    WHERE check_id = ANY(CAST(:checks AS text[])
                         || ARRAY(SELECT check_id FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))))
""")
SELECT_ORDERS_OF_CARTONS = text("SELECT carton, order_id FROM carton WHERE carton = ANY(CAST(:cartons AS text[]))")
SELECT_ORDERS_OF_SHIPMENTS = text(
    "SELECT shipment, orders FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))"
)

CARTONS_TABLE: BulkTable[str, Carton] = BulkTable(
    "carton", key={"carton": "text"}, mutable={"shipment": "text"}, immutable={"order_id": "text"},
    values=lambda record: (record.carton, record.shipment, record.order_id),
)  # fmt: skip
SHIPMENTS_TABLE: BulkTable[str, Shipment] = BulkTable(
    "shipment",
    key={"shipment": "text"},
    mutable={"status": "text", "check_id": "text", "dispatched_at": "timestamptz"},
    immutable={
        "warehouse": "text", "orders": "text[]", "carrier": "text", "tracking_number": "text",
        "created_at": "timestamptz", "created_by": "text",
    },
    values=lambda record: (
        record.shipment, record.status, record.check_id, record.dispatched_at, record.warehouse, record.orders,
        record.carrier, record.tracking_number,
        record.created_at, record.created_by,
    ),
)  # fmt: skip
CHECKS_TABLE: BulkTable[str, DispatchCheck] = BulkTable(
    "dispatch_check",
    key={"check_id": "text"},
    mutable={
        "status": "text", "approved_count": "integer", "valid_until": "timestamptz", "ended_at": "timestamptz",
        "reasons": "jsonb",
    },
    immutable={
        "shipment": "text", "orders": "text[]", "packing_versions": "integer[]", "requested_count": "integer",
        "requested_at": "timestamptz", "actor": "text",
    },
    values=lambda record: (
        record.check_id, record.status, record.approved_count, record.valid_until, record.ended_at,
        _encode_reasons(record), record.shipment, record.orders, record.packing_versions,
        record.requested_count, record.requested_at, record.actor,
    ),
)  # fmt: skip


def _encode_reasons(check: DispatchCheck) -> str:
    return json.dumps([reason._asdict() for reason in check.reasons]) if check.reasons else "[]"


async def load(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    *,
    cartons: Iterable[str] = (),
    shipments: Iterable[str] = (),
    orders: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> ShippingUnitOfWork:
    """Load cartons by id, shipment or order, and shipments with their checks."""
    parameters = {"cartons": sorted(set(cartons)), "shipments": sorted(set(shipments)), "orders": sorted(set(orders))}
    carton_records = load_records(Carton, await tx.fetch_all(SELECT_CARTONS, parameters))
    if not parameters["shipments"]:
        return ShippingUnitOfWork(uow, tx.now, carton_records)
    shipment_rows = await tx.fetch_all(SELECT_SHIPMENTS, {"shipments": parameters["shipments"]})
    check_rows = await tx.fetch_all(
        SELECT_CHECKS, {"shipments": parameters["shipments"], "checks": sorted(set(checks))}
    )
    return ShippingUnitOfWork(uow, tx.now, carton_records, _shipments(shipment_rows), _checks(check_rows))


async def save(tx: Transaction, shipping_uow: ShippingUnitOfWork) -> None:
    """Save the changes of the unit of work."""
    await CARTONS_TABLE.save(tx, shipping_uow.cartons)
    await SHIPMENTS_TABLE.save(tx, shipping_uow.shipments)
    await CHECKS_TABLE.save(tx, shipping_uow.checks)


async def load_orders_of_cartons(tx: Transaction, cartons: Sequence[str]) -> Mapping[str, str]:
    """The immutable order of each carton."""
    rows = await tx.fetch_all(SELECT_ORDERS_OF_CARTONS, {"cartons": sorted(set(cartons))}) if cartons else []
    return {row.carton: row.order_id for row in rows}


async def load_orders_of_shipments(tx: Transaction, shipments: Sequence[str]) -> Mapping[str, list[str]]:
    """The immutable orders of each shipment."""
    rows = await tx.fetch_all(SELECT_ORDERS_OF_SHIPMENTS, {"shipments": sorted(set(shipments))}) if shipments else []
    return {row.shipment: list(row.orders) for row in rows}


def _shipments(rows: Sequence[Row[Any]]) -> list[Shipment]:
    shipments = load_records(Shipment, rows)
    for shipment in shipments:
        shipment.orders = tuple(shipment.orders)
    return shipments


def _checks(rows: Sequence[Row[Any]]) -> list[DispatchCheck]:
    checks = load_records(DispatchCheck, rows)
    for check, row in zip(checks, rows, strict=True):
        check.orders, check.packing_versions = tuple(row.orders), tuple(row.packing_versions)
        reasons = json.loads(row.reasons) if isinstance(row.reasons, str) else row.reasons
        check.reasons = [Reason(**reason) for reason in reasons]
    return checks
