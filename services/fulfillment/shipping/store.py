"""Loads what packing, shipments and dispatch checks need; completes commands with the orders of their shipment."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork
from services.fulfillment.orders.store import (
    CARTONS,
    CHECKS,
    SHIPMENTS,
    load_orders,
    load_products,
    load_with,
    order_ids,
    resolve_cartons,
    skus_of_lot_selectors,
)
from services.fulfillment.shipping.domain.sscc import build_sscc, count_references
from shared.contracts.commands.fulfillment import MoveCartonItems, PackItems, UnpackItems
from shared.contracts.envelope import CloudEvent
from shared.persistence.database import Transaction
from shared.settings import sscc_settings

log = logging.getLogger(__name__)

# ruff: noqa: S608 - column lists of the tables
SELECT_CARTONS = text(f"""
    SELECT {CARTONS.columns("c")}, coalesce(s.status = 'DISPATCHED', false) AS dispatched
    FROM carton c LEFT JOIN shipment s USING (shipment)
    WHERE c.carton = ANY(CAST(:cartons AS text[])) OR c.shipment = ANY(CAST(:shipments AS text[]))
       OR c.order_id = ANY(CAST(:orders AS text[]))
""")
SELECT_SHIPMENTS = text(f"SELECT {SHIPMENTS.columns()} FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))")
# The listed checks, and the current checks of the shipments.
SELECT_CHECKS = text(f"""
    SELECT {CHECKS.columns("c").replace("c.reasons", "c.reasons::text AS reasons")} FROM dispatch_check c
    WHERE check_id = ANY(CAST(:checks AS text[])
                         || ARRAY(SELECT check_id FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))))
""")
SELECT_ORDERS_OF_CARTONS = text("SELECT carton, order_id FROM carton WHERE carton = ANY(CAST(:cartons AS text[]))")
SELECT_ORDERS_OF_SHIPMENTS = text(
    "SELECT shipment, orders FROM shipment WHERE shipment = ANY(CAST(:shipments AS text[]))"
)
# Without lock: numbers of transactions that fail are left out.
SELECT_NUMBERS = text("SELECT nextval('sscc_number') AS number FROM generate_series(1, CAST(:count AS integer))")
SELECT_RECENT_SSCCS = text("""
    SELECT sscc FROM carton WHERE sscc = ANY(CAST(:ssccs AS text[])) AND sscc_assigned_at > :since
""")
SSCC_RETENTION = timedelta(days=366)
"""Time in which no SSCC is used again, as GS1 requires."""
Events = Sequence[CloudEvent[Any]]


async def load_packing(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load orders with the listed units and the listed cartons with their content."""
    units = [(unit.sku, unit.serial) for event in events for unit in event.data.units]
    units += [key for event in events for key in event.data.alternatives]
    cartons = {event.data.carton for event in events} | {getattr(event.data, "to_carton", "") for event in events}
    await load_orders(tx, uow, order_ids(events), units=units, cartons=cartons - {""})
    await _load_cartons(tx, uow, cartons=cartons)
    await _reserve_ssccs(tx, uow, {_filled_carton(event.data) for event in events} - {""})
    await load_products(tx, uow, skus_of_lot_selectors(events))


def _filled_carton(data: PackItems | UnpackItems | MoveCartonItems) -> str:
    """Return the carton that a command may create."""
    match data:
        case PackItems():
            return data.carton
        case MoveCartonItems():
            return data.to_carton
        case _:
            return ""


async def _reserve_ssccs(tx: Transaction, uow: FulfillmentUnitOfWork, cartons: Iterable[str]) -> None:
    """Reserve SSCCs for new cartons, if a company prefix is configured; one that was used within a year is left out."""
    prefix = sscc_settings().company_prefix
    new_cartons = sorted(carton for carton in cartons if carton not in uow.ssccs and not uow.cartons.get(carton))
    if not prefix or not new_cartons:
        return
    numbers = [row.number for row in await tx.fetch_all(SELECT_NUMBERS, {"count": len(new_cartons)})]
    ssccs = [build_sscc(sscc_settings().extension_digit, prefix, number) for number in numbers]
    if max(numbers) >= count_references(prefix):
        parameters = {"ssccs": ssccs, "since": uow.now - SSCC_RETENTION}
        recent = {row.sscc for row in await tx.fetch_all(SELECT_RECENT_SSCCS, parameters)}
        if recent:
            log.error("cartons get no SSCC: all serial references of the prefix were used within a year")
        ssccs = [sscc for sscc in ssccs if sscc not in recent]
    uow.ssccs |= dict(zip(new_cartons, ssccs, strict=False))


async def load_shipments(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load shipments with their orders and checks, and the listed cartons."""
    await load_orders(tx, uow, _orders_of_shipments(events))
    cartons = {carton for event in events for carton in getattr(event.data, "cartons", ())}
    await _load_shipments(tx, uow, events, cartons=cartons)


async def load_dispatches(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load shipments to dispatch with their whole orders."""
    orders = _orders_of_shipments(events)
    await load_orders(tx, uow, orders, whole_orders=orders)
    await _load_shipments(tx, uow, events, orders=orders)


async def load_dispatch_checks(tx: Transaction, uow: FulfillmentUnitOfWork, events: Events) -> None:
    """Load dispatch checks with the content of their shipments."""
    orders = _orders_of_shipments(events) | order_ids(events)
    await load_orders(tx, uow, orders, shipments={event.data.shipment for event in events})
    await _load_shipments(tx, uow, events, checks={event.data.check_id for event in events})


async def _load_shipments(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    events: Events,
    *,
    cartons: Iterable[str] = (),
    orders: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> None:
    shipments = sorted({event.data.shipment for event in events})
    await _load_cartons(tx, uow, cartons=cartons, shipments=shipments, orders=orders)
    uow.shipments.load(SHIPMENTS.load(await tx.fetch_all(SELECT_SHIPMENTS, {"shipments": shipments})))
    parameters = {"shipments": shipments, "checks": sorted(checks)}
    uow.checks.load(CHECKS.load(await tx.fetch_all(SELECT_CHECKS, parameters)))


async def _load_cartons(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    *,
    cartons: Iterable[str],
    shipments: Iterable[str] = (),
    orders: Iterable[str] = (),
) -> None:
    parameters = {"cartons": sorted(cartons), "shipments": sorted(shipments), "orders": sorted(orders)}
    uow.cartons.load(load_with(CARTONS, await tx.fetch_all(SELECT_CARTONS, parameters), "dispatched"))


def _orders_of_shipments(events: Events) -> set[str]:
    return {order_id for event in events for order_id in event.data.orders}


async def resolve_orders_of_cartons(tx: Transaction, events: Events) -> Events:
    """Fill in the orders of new shipments from their cartons; the order of a carton is immutable."""
    events = await resolve_cartons(tx, events)
    cartons = {carton for event in events if not event.data.orders for carton in event.data.cartons}
    rows = await tx.fetch_all(SELECT_ORDERS_OF_CARTONS, {"cartons": sorted(cartons)}) if cartons else []
    order_by_carton: Mapping[str, str] = {row.carton: row.order_id for row in rows}
    return [
        _with_orders(event, {order_by_carton[carton] for carton in event.data.cartons if carton in order_by_carton})
        for event in events
    ]


async def resolve_orders_of_shipments(tx: Transaction, events: Events) -> Events:
    """Fill in the orders of commands on shipments; the orders of a shipment are immutable."""
    shipments = {event.data.shipment for event in events if not event.data.orders}
    rows = await tx.fetch_all(SELECT_ORDERS_OF_SHIPMENTS, {"shipments": sorted(shipments)}) if shipments else []
    orders_by_shipment: Mapping[str, list[str]] = {row.shipment: row.orders for row in rows}
    return [_with_orders(event, orders_by_shipment.get(event.data.shipment, ())) for event in events]


def _with_orders(event: CloudEvent[Any], orders: Collection[str]) -> CloudEvent[Any]:
    if event.data.orders or not orders:
        return event
    return event.model_copy(update={"data": event.data.model_copy(update={"orders": sorted(orders)})})
