"""Events of fulfillment on units: deallocated, picked, unpicked, dispatched. Each must match the unit's order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from services.serials.units.domain import holds
from services.serials.units.domain.operations import DocumentRefs, MessageContext
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.transitions import SerialChangeType, next_status
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import (
    AllocationCancelled,
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
    PackedSerial,
)
from shared.contracts.problems import Code
from shared.identifiers import warehouse_of


class Reallocation(NamedTuple):
    """Quantity of deallocated or unpicked units that their demand requests again."""

    demand_id: str
    quantity: int
    context: MessageContext


OrderSerialsEvent = TypeVar("OrderSerialsEvent", OrderSerialsDeallocated, OrderSerialsPicked, OrderSerialsUnpicked)


def _matching_units(
    uow: SerialsUnitOfWork, event: CloudEvent[OrderSerialsEvent], change: SerialChangeType
) -> list[Unit]:
    """Return the units whose status and documents allow the change; record conflicts for the others."""
    payload = event.data
    expected_documents = (payload.order, payload.line, payload.demand_id)
    matching, wrong_status, wrong_documents = [], [], []
    for serial in payload.serials:
        unit = uow.get_unit(payload.sku, serial)
        if next_status(unit.status, change) is None:
            wrong_status.append(unit)
        elif (unit.order_id, unit.order_line, unit.demand_id) != expected_documents:
            wrong_documents.append(unit)
        else:
            matching.append(unit)
    description = f"{change} for order {payload.order} line {payload.line}"
    uow.record_conflict(event, Code.ILLEGAL_TRANSITION, wrong_status, description)
    uow.record_conflict(event, Code.DOCUMENT_MISMATCH, wrong_documents, description)
    return list({unit.serial: unit for unit in matching}.values())


def _document_refs(payload: OrderSerialsEvent) -> DocumentRefs:
    return DocumentRefs(order_id=payload.order, line=payload.line, demand_id=payload.demand_id)


def deallocate(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[OrderSerialsDeallocated]]) -> list[Reallocation]:
    """Return allocated units to stock, on hold if they were not found; return the quantities to reallocate."""
    reallocations = []
    for event in events:
        payload, context, documents = event.data, MessageContext.from_event(event), _document_refs(event.data)
        units = _matching_units(uow, event, SerialChangeType.DEALLOCATED)
        operation = uow.add_operation(SerialChangeType.DEALLOCATED, payload.sku, context, documents, payload.reason)
        for unit in units:
            uow.transition(unit, operation, unit.location)
            unit.clear_allocation()
        if payload.hold_id:
            hold_operation = uow.add_operation(
                SerialChangeType.HOLD_PLACED,
                payload.sku,
                context,
                documents._replace(hold_id=payload.hold_id),
                payload.reason,
            )
            for unit in units:
                holds.place(uow, unit, hold_operation)
        for unit in units:
            uow.mark_released(unit, context)
        if payload.reallocate and units:
            reallocations.append(Reallocation(payload.demand_id, len(units), context))
    return reallocations


def pick(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[OrderSerialsPicked]]) -> None:
    """Move allocated units from their location to packing (S09)."""
    for event in events:
        payload = event.data
        operation = uow.add_operation(
            SerialChangeType.PICKED, payload.sku, MessageContext.from_event(event), _document_refs(payload)
        )
        for unit in _matching_units(uow, event, SerialChangeType.PICKED):
            uow.transition(unit, operation, payload.location)
            unit.warehouse = warehouse_of(payload.location)


def unpick(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[OrderSerialsUnpicked]]) -> list[Reallocation]:
    """Return picked units to a storage location (S12); return the quantities to reallocate."""
    reallocations = []
    for event in events:
        payload, context = event.data, MessageContext.from_event(event)
        operation = uow.add_operation(
            SerialChangeType.UNPICKED, payload.sku, context, _document_refs(payload), payload.reason
        )
        units = _matching_units(uow, event, SerialChangeType.UNPICKED)
        for unit in units:
            uow.transition(unit, operation, payload.location)
            unit.clear_allocation()
            unit.warehouse = warehouse_of(payload.location)
            uow.mark_released(unit, context)
        if payload.reallocate and units:
            reallocations.append(Reallocation(payload.demand_id, len(units), context))
    return reallocations


def release_allocations(uow: SerialsUnitOfWork, events: Iterable[CloudEvent[AllocationCancelled]]) -> None:
    """Return units still allocated to cancelled demands to stock (S11)."""
    units_by_demand: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in uow.units.values():
        if unit.status == "ALLOCATED" and unit.demand_id:
            units_by_demand[unit.sku, unit.demand_id].append(unit)
    for event in events:
        payload, context = event.data, MessageContext.from_event(event)
        documents = DocumentRefs(order_id=payload.order, line=payload.line, demand_id=payload.demand_id)
        operation = uow.add_operation(
            SerialChangeType.DEMAND_CANCELLED, payload.sku, context, documents, payload.reason
        )
        for unit in units_by_demand.pop((payload.sku, payload.demand_id), ()):
            uow.transition(unit, operation, unit.location)
            unit.clear_allocation()
            uow.mark_released(unit, context)


def ship(
    uow: SerialsUnitOfWork, events: Sequence[CloudEvent[OrderDispatched]], shelf_life_by_pool: ShelfLifeByPool
) -> None:
    """Ship units (S10), including units on hold or expired since their check; record those as conflicts."""
    for event in events:
        for sku, packed_serials in group_by_sku(event.data.units).items():
            _ship_product(uow, event, sku, packed_serials, shelf_life_by_pool)


def group_by_sku(packed_serials: Sequence[PackedSerial]) -> dict[str, list[PackedSerial]]:
    """Group packed serials by SKU."""
    serials_by_sku: dict[str, list[PackedSerial]] = defaultdict(list)
    for packed_serial in packed_serials:
        serials_by_sku[packed_serial.sku].append(packed_serial)
    return serials_by_sku


def _ship_product(
    uow: SerialsUnitOfWork,
    event: CloudEvent[OrderDispatched],
    sku: str,
    packed_serials: Sequence[PackedSerial],
    shelf_life_by_pool: ShelfLifeByPool,
) -> None:
    payload, context = event.data, MessageContext.from_event(event)
    documents = DocumentRefs(
        order_id=payload.order, shipment=payload.shipment, customer=payload.customer,
        customer_name=payload.customer_name or None, contact=payload.contact or None,
    )  # fmt: skip
    operation_by_line: dict[str, int] = {}
    wrong_status, wrong_documents, held_units = [], [], []
    units_by_violation: dict[tuple[Code, str], list[Unit]] = defaultdict(list)
    for packed_serial in packed_serials:
        unit = uow.get_unit(sku, packed_serial.serial)
        if next_status(unit.status, SerialChangeType.DISPATCHED) is None:
            wrong_status.append(unit)
        elif (unit.order_id, unit.order_line) != (payload.order, packed_serial.line):
            wrong_documents.append(unit)
        else:
            if packed_serial.line not in operation_by_line:
                operation_by_line[packed_serial.line] = uow.add_operation(
                    SerialChangeType.DISPATCHED, sku, context, documents._replace(line=packed_serial.line)
                )
            # The time of dispatch counts, not of processing: a message may be delayed overnight.
            rules = shelf_life_by_pool.get(unit.pool)
            if rules and (violation := rules.at(event.time).dispatch_violation(unit.expiry, payload.customer)):
                units_by_violation[violation].append(unit)
            uow.transition(unit, operation_by_line[packed_serial.line], None)
            unit.shipment, unit.customer, unit.warehouse = payload.shipment, payload.customer, None
            if unit.open_hold_count:
                held_units.append(unit)
    shipment_text = f"shipment {payload.shipment} of order {payload.order}"
    uow.record_conflict(event, Code.ILLEGAL_TRANSITION, wrong_status, f"dispatched with {shipment_text}")
    uow.record_conflict(event, Code.DOCUMENT_MISMATCH, wrong_documents, f"dispatched with {shipment_text}")
    uow.record_conflict(
        event, Code.ON_HOLD, held_units, f"shipped with {shipment_text} while on hold; call customer {payload.customer}"
    )
    for (code, reason), units in units_by_violation.items():
        uow.record_conflict(
            event, code, units, f"shipped with {shipment_text} although {reason}; call customer {payload.customer}"
        )
