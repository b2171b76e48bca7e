"""Looks up orders, units and locations of commands, and builds the violations for wrong ones."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.fulfillment.orders.domain.items import UnitKey
from services.fulfillment.orders.domain.paths import order_path, unit_path
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import Tracking
from shared.identifiers import warehouse_of
from shared.scans import misread_as


def order_not_found(order_id: str) -> ProblemDetail:
    """The order does not exist."""
    return ProblemDetail(code=Code.ORDER_NOT_FOUND, detail=f"Order {order_id} not found", ids=[order_id])


def order_cancelled(order: Order) -> ProblemDetail:
    """The order is cancelled."""
    detail = f"Order {order.order_id} is cancelled"
    return ProblemDetail(
        code=Code.ORDER_CANCELLED, detail=detail, ids=[order.order_id], blocked_by=[order_path(order.order_id)]
    )


def location_violations(
    uow: FulfillmentUnitOfWork, order: Order, location_id: str, allowed_types: Sequence[str]
) -> list[ProblemDetail]:
    """Check that a location exists, is active, is in the warehouse of the order and has an allowed type."""
    location = uow.locations.get(location_id)
    if location is None:
        return [
            ProblemDetail(code=Code.LOCATION_NOT_FOUND, detail=f"Location {location_id} not found", ids=[location_id])
        ]
    if warehouse_of(location_id) != order.warehouse:
        detail = f"Location {location_id} is not in {order.warehouse}, the warehouse of order {order.order_id}"
        return [ProblemDetail(code=Code.WRONG_WAREHOUSE, detail=detail, ids=[location_id])]
    if location.type not in allowed_types:
        detail = f"Location {location_id} has type {location.type}, not {' or '.join(allowed_types)}"
        return [ProblemDetail(code=Code.WRONG_LOCATION_TYPE, detail=detail, ids=[location_id])]
    if not location.is_active:
        detail = f"Location {location_id} is deactivated; nothing is put there"
        return [ProblemDetail(code=Code.LOCATION_INACTIVE, detail=detail, ids=[location_id])]
    return []


def blocking_paths(uow: FulfillmentUnitOfWork, key: UnitKey, order: Order | None) -> list[str]:
    """Path of the order that has a unit, or of the unit in the serials service (S20)."""
    if unit := uow.units.get(key):
        return (
            [order_path(unit.order_id)]
            if order is None or unit.order_id != order.order_id
            else [order_path(order.order_id)]
        )
    return [order_path(uow.shipped[key])] if key in uow.shipped else [unit_path(*key)]


def duplicate_serials(keys: Iterable[UnitKey]) -> list[ProblemDetail]:
    """Violations for serial numbers that a message repeats; the first occurrence is valid."""
    seen: set[UnitKey] = set()
    violations = []
    for sku, serial in keys:
        if (sku, serial) in seen:
            detail = f"{sku} {serial} is listed more than once"
            violations.append(ProblemDetail(code=Code.DUPLICATE_SERIAL_IN_REQUEST, detail=detail, ids=[serial]))
        seen.add((sku, serial))
    return violations


def unit_keys(units: Iterable[Any]) -> list[UnitKey]:
    """Keys of the units of a command, without duplicates, in its sequence."""
    return list(dict.fromkeys((unit.sku, unit.serial) for unit in units))


def demand_trackings(order: Order, sku: str) -> set[Tracking]:
    """Tracking types of the open demands of an order for a product."""
    lines = [line for line in order.lines.values() if line.sku == sku]
    return {demand.tracking for line in lines for demand in line.open_demands()}


def allocation_pending(order: Order, sku: str) -> bool:
    """Whether an allocation of the product may be in flight."""
    return any(
        not demand.closed for line in order.lines.values() if line.sku == sku and line.open_quantity
        for demand in line.open_demands()
    )  # fmt: skip


def name_scan(sku: str, serial: str) -> str:
    """Name a scanned unit that is not here, and say what else its serial number looks like."""
    misread = misread_as(serial)
    return f"{sku} {serial}, which looks like {misread}," if misread else f"{sku} {serial}"
