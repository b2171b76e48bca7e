"""Registration of units that were sold before the registry existed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from services.serials.units.domain.holds import apply_standing_holds
from services.serials.units.domain.operations import DocumentRefs
from services.serials.units.domain.results import duplicate_serials_violation, registered_violations, units_result
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import RegisterSoldSerials
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.inventory.expiry import latest_day
from shared.inventory.serial_formats import describe, matches
from shared.inventory.warranty import warranty_term
from shared.scans import misread_as
from shared.unit_of_work import CommandResult


def register_sold(uow: SerialsUnitOfWork, command: RegisterSoldSerials) -> CommandResult:
    """Register the unknown units of a sale as shipped, with the warranty of its day (S46); reject known ones."""
    if (
        violation := _product_violation(uow, command.sku)
        or duplicate_serials_violation(command.serials)
        or _day_violation(uow, command.sold_on)
    ):
        return CommandResult.rejected(violation)
    units = [uow.get_unit(command.sku, serial) for serial in command.serials]
    known = [unit for unit in units if unit.status is not None]
    misreads = {unit.serial: misread for unit in units if unit.status is None and (misread := _misread(uow, unit))}
    accepted = [unit for unit in units if unit.status is None and unit.serial not in misreads]
    warranty = uow.sale_rules.warranties.get(command.sku)
    term = warranty_term(warranty, command.sold_on, command.manufactured_on) if warranty else None
    shipment = command.shipment or command.order
    operation = uow.add_operation(
        SerialChangeType.SALE_REGISTERED, command.sku, DocumentRefs.from_message(command)._replace(shipment=shipment),
        command.reason, context=uow.context._replace(occurred_at=_noon(command.sold_on)),
    )  # fmt: skip
    for unit in accepted:
        uow.transition(unit, operation, None)
        unit.order_id, unit.shipment, unit.customer = command.order, shipment, command.customer
        unit.lot, unit.manufactured_on = command.lot, command.manufactured_on
        unit.set_warranty(term)
        apply_standing_holds(uow, unit)
    violations = registered_violations(known)
    return units_result(command.sku, accepted, [*violations, *_misread_violations(command.sku, misreads)])


def _misread(uow: SerialsUnitOfWork, unit: Unit) -> tuple[Code, str] | None:
    """Say why a new serial number is none: it can never be changed (S17). One of the serial format always is one."""
    serial_format = uow.sale_rules.serial_formats.get(unit.sku)
    if serial_format and matches(serial_format, unit.serial):
        return None
    if misread := "the SKU of the product" if unit.serial == unit.sku else misread_as(unit.serial):
        return Code.NOT_A_SERIAL, f"it looks like {misread}"
    if serial_format is None:
        return None
    return Code.SERIAL_FORMAT_MISMATCH, f"not of the serial format of the product: {describe(serial_format)}"


def _misread_violations(sku: str, misreads: Mapping[str, tuple[Code, str]]) -> list[ProblemDetail]:
    return [
        ProblemDetail(code=code, detail=f"{sku} {serial}: {reason}", ids=[serial])
        for serial, (code, reason) in misreads.items()
    ]


def _noon(day: date) -> datetime:
    """Return an instant that is on the day in nearly all time zones."""
    return datetime.combine(day, time(12), UTC)


def _product_violation(uow: SerialsUnitOfWork, sku: str) -> ProblemDetail | None:
    tracking = uow.sale_rules.trackings.get(sku)
    if tracking is None:
        return ProvisionalProblem(code=Code.PRODUCT_NOT_FOUND, detail=f"Product {sku} not found", ids=[sku])
    if tracking != "SERIAL":
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=f"Product {sku} has tracking {tracking}", ids=[sku])
    return None


def _day_violation(uow: SerialsUnitOfWork, sold_on: date) -> ProblemDetail | None:
    if sold_on <= latest_day(uow.now):
        return None
    return ProblemDetail(code=Code.SALE_IN_FUTURE, detail=f"{sold_on} is later than today", ids=[str(sold_on)])
