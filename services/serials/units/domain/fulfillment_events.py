"""Events of fulfillment on units: deallocated, picked, unpicked, dispatched. Each must match the unit's order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from services.serials.units.domain import holds
from services.serials.units.domain.operations import DocumentRefs, OperationIndex
from services.serials.units.domain.transitions import SerialChangeType, next_status
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.domain.warranties import Sale
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

OrderSerialsEvent = OrderSerialsDeallocated | OrderSerialsPicked | OrderSerialsUnpicked


def _matching_units(uow: SerialsUnitOfWork, event: OrderSerialsEvent, change: SerialChangeType) -> list[Unit]:
    """Return the units whose status and documents allow the change; record conflicts for the others."""
    expected_documents = (event.order, event.line, event.demand_id)
    matching, wrong_status, wrong_documents = [], [], []
    for serial in event.serials:
        unit = uow.get_unit(event.sku, serial)
        if next_status(unit.status, change) is None:
            wrong_status.append(unit)
        elif (unit.order_id, unit.order_line, unit.demand_id) != expected_documents:
            wrong_documents.append(unit)
        else:
            matching.append(unit)
    description = f"{change} for order {event.order} line {event.line}"
    uow.record_unit_conflicts(Code.ILLEGAL_TRANSITION, wrong_status, description)
    uow.record_unit_conflicts(Code.DOCUMENT_MISMATCH, wrong_documents, description)
    return list({unit.serial: unit for unit in matching}.values())


def deallocate(uow: SerialsUnitOfWork, event: OrderSerialsDeallocated) -> None:
    """Return allocated units to stock (S11), on hold if they were not found; or write them off as lost."""
    units = _matching_units(uow, event, SerialChangeType.DEALLOCATED)
    operation = uow.add_operation(SerialChangeType.DEALLOCATED, event.sku)
    for unit in units:
        uow.transition(unit, operation, unit.location)
        unit.clear_allocation()
    if event.lost and units:
        _lose(uow, units)
    if event.hold_id:
        hold_operation = uow.add_operation(SerialChangeType.HOLD_PLACED, event.sku, hold_id=event.hold_id)
        for unit in units:
            holds.place(uow, unit, hold_operation)
    if event.reallocate and units:
        uow.reopen_demand(event.demand_id, len(units))
    if event.hand_over and units:
        uow.hand_over(event.hand_over)


def pick(uow: SerialsUnitOfWork, event: OrderSerialsPicked) -> None:
    """Move allocated units from their location to packing (S09)."""
    operation = uow.add_operation(SerialChangeType.PICKED, event.sku)
    scans = _scans(event)
    for unit in _matching_units(uow, event, SerialChangeType.PICKED):
        uow.transition(unit, operation, event.location, scans.get(unit.serial))
        unit.warehouse = warehouse_of(event.location)


def unpick(uow: SerialsUnitOfWork, event: OrderSerialsUnpicked) -> None:
    """Return picked units to a storage location (S12), or write them off as lost."""
    operation = uow.add_operation(SerialChangeType.UNPICKED, event.sku)
    units, scans = _matching_units(uow, event, SerialChangeType.UNPICKED), _scans(event)
    for unit in units:
        uow.transition(unit, operation, event.location, scans.get(unit.serial))
        unit.clear_allocation()
        unit.warehouse = warehouse_of(event.location)
    if event.lost and units:
        _lose(uow, units)
    if event.reallocate and units:
        uow.reopen_demand(event.demand_id, len(units))


def _scans(event: OrderSerialsPicked | OrderSerialsUnpicked) -> dict[str, str | None]:
    """Raw scans of an event by serial number."""
    return {serial: scan or None for serial, scan in zip(event.serials, event.scans or (), strict=False)}


def _lose(uow: SerialsUnitOfWork, units: Sequence[Unit]) -> None:
    """Write off units that are not allocated any more, where they were missed."""
    operation = uow.add_operation(SerialChangeType.LOST, units[0].sku)
    for unit in units:
        uow.transition(unit, operation, unit.location)
        unit.adjustment = "LOST"


def group_by_demand(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    """Group units by the demand that they are allocated to."""
    units_by_demand: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.demand_id:
            units_by_demand[unit.demand_id].append(unit)
    return units_by_demand


def release_allocations(uow: SerialsUnitOfWork, event: AllocationCancelled) -> None:
    """Return the units still allocated to a cancelled demand to stock (S11)."""
    operation = uow.add_operation(SerialChangeType.DEMAND_CANCELLED, event.sku)
    for unit in uow.units_by_demand.get(event.demand_id, ()):
        if (unit.sku, unit.status, unit.demand_id) == (event.sku, "ALLOCATED", event.demand_id):
            uow.transition(unit, operation, unit.location)
            unit.clear_allocation()


def ship(uow: SerialsUnitOfWork, event: OrderDispatched) -> None:
    """Ship units (S10), including units on hold or expired since their check; record those as conflicts."""
    for sku, packed_serials in group_by_sku(event.units).items():
        _ship_product(uow, event, sku, packed_serials)


def group_by_sku(packed_serials: Sequence[PackedSerial]) -> dict[str, list[PackedSerial]]:
    """Group packed serials by SKU."""
    serials_by_sku: dict[str, list[PackedSerial]] = defaultdict(list)
    for packed_serial in packed_serials:
        serials_by_sku[packed_serial.sku].append(packed_serial)
    return serials_by_sku


def _ship_product(
    uow: SerialsUnitOfWork, event: OrderDispatched, sku: str, packed_serials: Sequence[PackedSerial]
) -> None:
    documents = DocumentRefs.from_message(event)
    operation_by_line: dict[str, OperationIndex] = {}
    wrong_status, wrong_documents, held_units = [], [], []
    units_by_violation: dict[tuple[Code, str], list[Unit]] = defaultdict(list)
    sale = Sale(uow.sale_rules, sku, uow.event.time)
    for packed_serial in packed_serials:
        unit = uow.get_unit(sku, packed_serial.serial)
        if next_status(unit.status, SerialChangeType.DISPATCHED) is None:
            wrong_status.append(unit)
        elif (unit.order_id, unit.order_line) != (event.order, packed_serial.line):
            wrong_documents.append(unit)
        else:
            if packed_serial.line not in operation_by_line:
                operation_by_line[packed_serial.line] = uow.add_operation(
                    SerialChangeType.DISPATCHED, sku, documents._replace(line=packed_serial.line)
                )
            # The time of dispatch counts, not of processing: a message may be delayed overnight.
            rules = uow.shelf_life_rules.get(unit.pool)
            if rules and (violation := rules.at(uow.event.time).dispatch_violation(unit.expiry, event.customer)):
                units_by_violation[violation].append(unit)
            uow.transition(unit, operation_by_line[packed_serial.line], None)
            sale.fix_warranty(unit)
            unit.shipment, unit.customer, unit.warehouse = event.shipment, event.customer, None
            if unit.open_hold_count:
                held_units.append(unit)
    shipment_text = f"shipment {event.shipment} of order {event.order}"
    call_text = f"call customer {event.customer}"
    uow.record_unit_conflicts(Code.ILLEGAL_TRANSITION, wrong_status, f"dispatched with {shipment_text}")
    uow.record_unit_conflicts(Code.DOCUMENT_MISMATCH, wrong_documents, f"dispatched with {shipment_text}")
    uow.record_unit_conflicts(Code.ON_HOLD, held_units, f"shipped with {shipment_text} while on hold; {call_text}")
    for (code, reason), units in units_by_violation.items():
        uow.record_unit_conflicts(code, units, f"shipped with {shipment_text} although {reason}; {call_text}")
