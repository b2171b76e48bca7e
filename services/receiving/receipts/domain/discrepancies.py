"""Resolution of a discrepancy: accept, return to vendor, match to another unit, or void."""

from typing import Any

from services.receiving.receipts.domain.expectations import take_over_expectations
from services.receiving.receipts.domain.receipt_lines import add_unplanned_line
from services.receiving.receipts.domain.receive import new_hold_id, receive_lots
from services.receiving.receipts.domain.records import Discrepancy, ReceiptLine, Unit
from services.receiving.receipts.domain.results import CommandOutcome, ResolutionResult, context_of, reject
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.receiving import DiscrepancyKind, DiscrepancyResolved, ReceiptSerialsReceived, Resolution
from shared.identifiers import resource_path

ALLOWED_RESOLUTIONS: dict[DiscrepancyKind, frozenset[Resolution]] = {
    "OVER": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "UNEXPECTED": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "CASE_MISMATCH": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "EXPECTED_ON_OTHER_RECEIPT": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "WRONG_PRODUCT": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "DUPLICATE_SERIAL": frozenset({"RETURN_TO_VENDOR", "MATCH", "VOID"}),  # serial numbers are unique (S18)
    "SHORT": frozenset({"ACCEPT", "VOID"}),
}


def allowed_resolutions(kind: DiscrepancyKind, scan_id: str | None) -> frozenset[Resolution]:
    """Return the resolutions of a discrepancy; a lot scan cannot be matched to another unit."""
    return ALLOWED_RESOLUTIONS[kind] - {"MATCH"} if scan_id else ALLOWED_RESOLUTIONS[kind]


def resolve_discrepancy(uow: ReceivingUnitOfWork, event: CloudEvent[ResolveDiscrepancy]) -> CommandOutcome:
    """Resolve an open discrepancy; only ACCEPT and MATCH receive a unit (S16, S18)."""
    command = event.data
    discrepancy = uow.discrepancies.get(command.discrepancy)
    if discrepancy is None or discrepancy.receipt != command.receipt:
        return reject(
            Code.DISCREPANCY_NOT_FOUND, f"Discrepancy {command.discrepancy} of receipt {command.receipt} not found"
        )
    if discrepancy.resolution is not None:
        detail = (
            f"Discrepancy {command.discrepancy} was resolved by {discrepancy.resolved_by}: {discrepancy.resolution}"
        )
        return reject(
            Code.DISCREPANCY_RESOLVED, detail, blocked_by=[resource_path("discrepancies", command.discrepancy)]
        )
    if command.resolution not in (allowed := allowed_resolutions(discrepancy.kind, discrepancy.scan_id)):
        detail = f"{command.resolution} is not allowed for {discrepancy.kind}; allowed: {', '.join(sorted(allowed))}"
        return reject(Code.RESOLUTION_NOT_ALLOWED, detail)
    matched_serial, events = None, list[Message]()
    if discrepancy.scan_id is not None:
        lot_events = _resolve_lot_scan(uow, event, discrepancy)
        if isinstance(lot_events, ProblemDetail):
            return CommandOutcome(violations=[lot_events])
        events = lot_events
    elif discrepancy.serial is not None and command.resolution in {"ACCEPT", "MATCH"}:
        effect = (
            _accept_serial(uow, event, discrepancy)
            if command.resolution == "ACCEPT"
            else _match_to_expected(uow, event, discrepancy)
        )
        if isinstance(effect, ProblemDetail):
            return CommandOutcome(violations=[effect])
        matched_serial, events = effect
    uow.put_discrepancy(
        discrepancy._replace(
            resolution=command.resolution, matched_serial=matched_serial, reason=command.reason, resolved_at=uow.now,
            resolved_by=event.actor,
        )
    )  # fmt: skip
    resolved = DiscrepancyResolved(
        receipt=discrepancy.receipt, discrepancy=discrepancy.discrepancy, kind=discrepancy.kind,
        resolution=command.resolution, sku=discrepancy.sku, serials=[discrepancy.serial] if discrepancy.serial else [],
        lot=discrepancy.lot, reason=command.reason, **context_of(event),
    )  # fmt: skip
    body = ResolutionResult(
        receipt=discrepancy.receipt,
        discrepancy=discrepancy.discrepancy,
        kind=discrepancy.kind,
        resolution=command.resolution,
    )
    return CommandOutcome(body, [*events, resolved])


ResolutionEffect = tuple[str | None, list[Message]]
"""The matched serial number and the events to publish."""


def _resolve_lot_scan(
    uow: ReceivingUnitOfWork, event: CloudEvent[ResolveDiscrepancy], discrepancy: Discrepancy
) -> list[Message] | ProblemDetail:
    """Receive the lot as scanned, or reject its scan."""
    scan = uow.lot_scans[discrepancy.scan_id or ""]
    if event.data.resolution != "ACCEPT":
        uow.put_lot_scan(scan._replace(status="REJECTED"))
        return []
    line = _line_for(uow, event, discrepancy)
    return (
        line
        if isinstance(line, ProblemDetail)
        else receive_lots(uow, [scan._replace(line=line.line)], context_of(event))
    )


def _accept_serial(
    uow: ReceivingUnitOfWork, event: CloudEvent[ResolveDiscrepancy], discrepancy: Discrepancy
) -> ResolutionEffect | ProblemDetail:
    """Receive the unit as scanned; another receipt that expects it no longer does."""
    unit = uow.get_unit(discrepancy.sku, discrepancy.serial or "")
    if unit.status not in {"INACTIVE", "EXPECTED"}:
        detail = f"Serial {unit.serial} of product {unit.sku} already has status {unit.status}"
        return ProblemDetail(code=Code.DUPLICATE_SERIAL, detail=detail, ids=[unit.serial])
    is_expected_here = unit.status == "EXPECTED" and unit.receipt == discrepancy.receipt
    line = uow.lines[discrepancy.receipt, unit.line or ""] if is_expected_here else _line_for(uow, event, discrepancy)
    if isinstance(line, ProblemDetail):
        return line
    events: list[Message] = []
    if unit.status == "EXPECTED" and not is_expected_here:
        events += take_over_expectations(uow, [unit], context_of(event))
        unit = unit.as_inactive()
    return None, [*events, _receive_serial(uow, discrepancy, line, unit, context_of(event))]


def _match_to_expected(
    uow: ReceivingUnitOfWork, event: CloudEvent[ResolveDiscrepancy], discrepancy: Discrepancy
) -> ResolutionEffect | ProblemDetail:
    """Match the scan to another unit: an expected unit is received, a known unit stays unchanged (S18)."""
    sku = discrepancy.conflicting_value or discrepancy.sku if discrepancy.kind == "WRONG_PRODUCT" else discrepancy.sku
    matched_serial = (
        event.data.match_to
        or (discrepancy.conflicting_value if discrepancy.kind == "CASE_MISMATCH" else discrepancy.serial)
        or ""
    )
    unit = uow.units.get((sku, matched_serial))
    if unit is None or unit.status == "INACTIVE":
        detail = f"Serial {matched_serial} of product {sku} is neither expected nor registered"
        return ProblemDetail(code=Code.RESOLUTION_NOT_ALLOWED, detail=detail, ids=[matched_serial])
    if unit.status != "EXPECTED":
        return matched_serial, []
    if unit.receipt != discrepancy.receipt:
        detail = f"Serial {matched_serial} of product {sku} is expected on receipt {unit.receipt}"
        receipt_paths = [resource_path("receipts", unit.receipt)] if unit.receipt else []
        return ProblemDetail(
            code=Code.SERIAL_EXPECTED_ON_OTHER_RECEIPT, detail=detail, ids=[matched_serial], blocked_by=receipt_paths
        )
    line = uow.lines[discrepancy.receipt, unit.line or ""]
    return matched_serial, [_receive_serial(uow, discrepancy, line, unit, context_of(event))]


def _line_for(
    uow: ReceivingUnitOfWork, event: CloudEvent[ResolveDiscrepancy], discrepancy: Discrepancy
) -> ReceiptLine | ProblemDetail:
    """Return the line of an accepted unit: the requested one, the product's first, or a new one."""
    if number := event.data.line:
        line = uow.lines.get((discrepancy.receipt, number))
        if line is None or line.sku != discrepancy.sku:
            detail = f"Line {number} of product {discrepancy.sku} not found on receipt {discrepancy.receipt}"
            return ProblemDetail(code=Code.LINE_NOT_FOUND, detail=detail)
        return line
    lines = uow.lines_of(discrepancy.receipt, discrepancy.sku)
    return lines[0] if lines else add_unplanned_line(uow, discrepancy.receipt, discrepancy.sku)


def _receive_serial(
    uow: ReceivingUnitOfWork, discrepancy: Discrepancy, line: ReceiptLine, unit: Unit, context: dict[str, Any]
) -> Message:
    received = unit._replace(
        version=unit.version + 1, status="ON_HAND", receipt=line.receipt, line=line.line, location=discrepancy.location,
        lot=discrepancy.lot, expiry=discrepancy.expiry,
    )  # fmt: skip
    uow.put_unit(received)
    uow.put_line(line._replace(received=line.received + 1, unlisted_units=line.unlisted_units + (not unit.is_listed)))
    return ReceiptSerialsReceived(
        receipt=line.receipt, session=discrepancy.session or "", line=line.line, sku=received.sku,
        serials=[received.serial], versions=[received.version], location=discrepancy.location or "",
        lot=received.lot, expiry=received.expiry,
        hold_id=new_hold_id(uow, received.sku, discrepancy.location or "", received.expiry), **context,
    )  # fmt: skip
