"""Customer returns: only items shipped to the customer on the order, each once."""

from collections import Counter, defaultdict
from typing import Any

from services.receiving.locations.domain.definitions import inactive_location_violation
from services.receiving.receipts.domain.misreads import ScanJudge
from services.receiving.receipts.domain.records import Unit
from services.receiving.returns.domain.lot_returns import (
    get_or_create_return,
    lot_tracking_violation,
    return_lots,
    with_shipped_lots,
)
from services.receiving.returns.domain.records import ReturnResult, ReturnUnit
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.contracts.raw_scans import ReadScan, scans_of_serials
from shared.contracts.receiving import ReturnSerialsReceived
from shared.identifiers import resource_path
from shared.inventory.scan_problems import group_problems, label_mismatch
from shared.unit_of_work import CommandResult

SHIPMENT_NOT_KNOWN = (Code.NOT_SHIPPED_TO_CUSTOMER, "no shipment of them is known")
"""The event of the shipment, or of a sale from before the registry, may be in flight."""


def receive_return(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> CommandResult:
    """Receive units or lots that were shipped to this customer on this order, each once; lots in any spelling."""
    shipped = with_shipped_lots(uow, command)
    if isinstance(shipped, ProblemDetail):
        return CommandResult.rejected(shipped)
    command = shipped
    if (
        violation := _items_violation(uow, command)
        or _location_violation(uow, command)
        or _document_violation(uow, command)
    ):
        return CommandResult.rejected(violation)
    is_new = command.return_id not in uow.returns
    result = return_lots(uow, command) if command.lots else _return_serials(uow, command)
    return result.created(resource_path("returns", command.return_id)) if is_new else result


def _return_serials(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> CommandResult:
    rejected: dict[tuple[Code, str], list[Unit]] = defaultdict(list)
    accepted: list[Unit] = []
    judge = ScanJudge(uow, command.sku, None)
    mismatches: list[ReadScan] = []
    scans = {read.serial: read for read in command.sound_scans}
    for serial in command.serials:
        unit, scan = uow.get_unit(command.sku, serial), scans.get(serial)
        if violation := _return_violation(uow, unit, command, judge):
            rejected[violation].append(unit)
        elif scan and (mismatch := _label_mismatch(scan, unit)):
            mismatches.append(scan._replace(problem=mismatch))
        else:
            accepted.append(_return_unit(uow, command, unit, scan.text if scan else None))
    violations = [_to_violation(code, detail, units) for (code, detail), units in rejected.items()]
    violations += group_problems(mismatches)
    if not accepted:
        return CommandResult.rejected(*violations)
    return_record = get_or_create_return(uow, command)
    serials = [unit.serial for unit in accepted]
    returned = [uow.returned_units[command.return_id, command.sku, serial] for serial in serials]
    warranty: dict[str, Any] = {
        "in_warranty": [unit.serial for unit in returned if unit.in_warranty],
        "out_of_warranty": [unit.serial for unit in returned if unit.in_warranty is False],
    }
    uow.emit(
        ReturnSerialsReceived, return_id=command.return_id, order=command.order, customer=command.customer,
        sku=command.sku, serials=serials, versions=[unit.version for unit in accepted], location=command.location,
        hold_id=return_record.hold_id, reason=command.reason, **warranty,
        scans=scans_of_serials(unit.scan for unit in returned),
    )  # fmt: skip
    body = ReturnResult(return_id=command.return_id, hold_id=return_record.hold_id, serials=serials, **warranty)
    return CommandResult(body, violations=violations)


def _items_violation(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> ProblemDetail | None:
    tracking = uow.tracking(command.sku)
    if tracking is None:
        return ProblemDetail(code=Code.PRODUCT_NOT_FOUND, detail=f"Product {command.sku} not found")
    if command.lots:
        return lot_tracking_violation(uow, tracking, command)
    if tracking != "SERIAL":
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=f"Product {command.sku} has tracking {tracking}")
    if repeated := [serial for serial, count in Counter(command.serials).items() if count > 1]:
        detail = f"The return repeats {len(repeated)} serials"
        return ProblemDetail(code=Code.DUPLICATE_SERIAL_IN_REQUEST, detail=detail, ids=repeated)
    return None


def _location_violation(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> ProblemDetail | None:
    location = uow.locations.get(command.location)
    if location is None:
        return ProblemDetail(code=Code.LOCATION_NOT_FOUND, detail=f"Location {command.location} not found")
    if location.type == "STORAGE":
        detail = f"Location {command.location} has type {location.type}; a dock or staging location is required"
        return ProblemDetail(code=Code.WRONG_LOCATION_TYPE, detail=detail)
    return inactive_location_violation(location)


def _document_violation(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> ProblemDetail | None:
    return_record = uow.returns.get(command.return_id)
    if return_record and (return_record.order_id, return_record.customer) != (command.order, command.customer):
        detail = f"Return {command.return_id} is for order {return_record.order_id} of {return_record.customer}"
        return ProblemDetail(
            code=Code.DOCUMENT_EXISTS, detail=detail, blocked_by=[resource_path("returns", command.return_id)]
        )
    return None


def _return_violation(
    uow: ReceivingUnitOfWork, unit: Unit, command: ReceiveReturn, judge: ScanJudge
) -> tuple[Code, str] | None:
    """Return the error code and the reason or blocking path if a unit cannot be returned."""
    is_same_customer_order = (unit.order_id, unit.customer) == (command.order, command.customer)
    if (command.return_id, unit.sku, unit.serial) in uow.returned_units:
        # Also if it was restocked and shipped again: another return of the unit has an id of its own.
        return Code.ALREADY_RETURNED, resource_path("returns", command.return_id)
    if unit.status == "SHIPPED":
        detail = f"shipped to customer {unit.customer} on order {unit.order_id}"
        return None if is_same_customer_order else (Code.NOT_SHIPPED_TO_CUSTOMER, detail)
    misread = judge.misread_serial(unit.serial) if unit.status == "INACTIVE" else None
    if misread and misread.read_as != "OTHER_FORMAT":
        return Code.NOT_A_SERIAL, misread.description
    if unit.status not in {"ON_HAND", "INACTIVE"}:
        return Code.NOT_SHIPPED_TO_CUSTOMER, "never shipped"
    if is_same_customer_order and unit.return_id:
        return Code.ALREADY_RETURNED, resource_path("returns", unit.return_id)
    return SHIPMENT_NOT_KNOWN


def _to_violation(code: Code, detail: str, units: list[Unit]) -> ProblemDetail:
    serials = [unit.serial for unit in units]
    if code is Code.ALREADY_RETURNED:
        return ProblemDetail(
            code=code, detail=f"{len(serials)} units already returned", ids=serials, blocked_by=[detail]
        )
    problem_class = ProvisionalProblem if (code, detail) == SHIPMENT_NOT_KNOWN else ProblemDetail
    return problem_class(code=code, detail=f"{len(serials)} units: {detail}", ids=serials)


def _is_in_warranty(uow: ReceivingUnitOfWork, unit: Unit, location: str) -> bool | None:
    """Return whether the warranty of a sold unit includes today in the receiving warehouse."""
    return None if unit.warranty_ends_on is None else uow.local_date(location) <= unit.warranty_ends_on


def _label_mismatch(scan: ReadScan, unit: Unit) -> ProblemDetail | None:
    """Return how the label of a returned unit contradicts what is known of it; its own expiry date counts only."""
    return label_mismatch(scan, lot=unit.lot, expiry=None if unit.expiry_source else unit.expiry)


def _return_unit(uow: ReceivingUnitOfWork, command: ReceiveReturn, unit: Unit, scan: str | None) -> Unit:
    uow.returned_units.put(
        ReturnUnit(
            return_id=command.return_id, sku=command.sku, serial=unit.serial, location=command.location,
            reason=command.reason, received_at=uow.now, received_by=uow.event.actor,
            warranty_ends_on=unit.warranty_ends_on, in_warranty=_is_in_warranty(uow, unit, command.location),
            scan=scan,
        )
    )  # fmt: skip
    return uow.units.put(
        unit._replace(
            version=unit.version + 1, status="ON_HAND", location=command.location, return_id=command.return_id
        )
    )
