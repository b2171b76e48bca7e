"""Resolution of a discrepancy: accept, return to vendor, match to another unit, or void.

A resolution that would change nothing is rejected with what to do instead.
"""

from services.receiving.receipts.domain.announced_lots import UnitLabel
from services.receiving.receipts.domain.expectations import take_over_expectations
from services.receiving.receipts.domain.lot_spellings import received_lot
from services.receiving.receipts.domain.receipt_lines import add_unplanned_line
from services.receiving.receipts.domain.receive import end_discrepancy, new_hold_id, receive_lots
from services.receiving.receipts.domain.records import Discrepancy, ReceiptLine, ReceiptStatus, Unit
from services.receiving.receipts.domain.results import ResolutionResult, reject
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.raw_scans import scans_of_serials
from shared.contracts.receiving import DiscrepancyKind, ReceiptSerialsReceived, Resolution, SupervisorResolution
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult

ALLOWED_RESOLUTIONS: dict[DiscrepancyKind, frozenset[SupervisorResolution]] = {
    "OVER": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "UNEXPECTED": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "CASE_MISMATCH": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "LOT_CASE_MISMATCH": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "EXPECTED_ON_OTHER_RECEIPT": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "WRONG_PRODUCT": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}),
    "DUPLICATE_SERIAL": frozenset({"RETURN_TO_VENDOR", "MATCH", "VOID"}),  # serial numbers are unique (S18)
    "NOT_AS_ANNOUNCED": frozenset({"ACCEPT", "RETURN_TO_VENDOR", "VOID"}),
    "SHORT": frozenset({"ACCEPT", "VOID"}),  # decided by the closing; open ones are of earlier releases
    "EXPIRED": frozenset(),  # decided by the rejection of the goods
    "INSUFFICIENT_SHELF_LIFE": frozenset(),
    "EXPIRY_REQUIRED": frozenset(),
}


def allowed_resolutions(
    kind: DiscrepancyKind, scan_id: str | None, resolution: Resolution | None, receipt_status: ReceiptStatus
) -> frozenset[SupervisorResolution]:
    """Return the possible resolutions; a lot scan is matched to another spelling of its lot only.

    A rejection is only voided before the closing.
    """
    if resolution is not None:
        can_void = resolution == "REJECT" and receipt_status in {"PLANNED", "IN_PROGRESS"}
        return frozenset({"VOID"}) if can_void else frozenset()
    has_no_match = scan_id is not None and kind != "LOT_CASE_MISMATCH"
    return ALLOWED_RESOLUTIONS[kind] - {"MATCH"} if has_no_match else ALLOWED_RESOLUTIONS[kind]


def resolve_discrepancy(uow: ReceivingUnitOfWork, command: ResolveDiscrepancy) -> CommandResult:
    """Resolve an open discrepancy; only ACCEPT and MATCH receive a unit (S16, S18)."""
    discrepancy = uow.discrepancies.get(command.discrepancy)
    if discrepancy is None or discrepancy.receipt != command.receipt:
        return reject(
            Code.DISCREPANCY_NOT_FOUND, f"Discrepancy {command.discrepancy} of receipt {command.receipt} not found"
        )
    allowed = allowed_resolutions(
        discrepancy.kind, discrepancy.scan_id, discrepancy.resolution, uow.receipts[command.receipt].status
    )
    if discrepancy.resolution is not None and not allowed:
        detail = (
            f"Discrepancy {command.discrepancy} was resolved by {discrepancy.resolved_by}: {discrepancy.resolution}"
        )
        return reject(
            Code.DISCREPANCY_RESOLVED, detail, blocked_by=[resource_path("discrepancies", command.discrepancy)]
        )
    if command.resolution not in allowed:
        detail = f"{command.resolution} is not allowed for {discrepancy.kind}; allowed: {', '.join(sorted(allowed))}"
        return reject(Code.RESOLUTION_NOT_ALLOWED, detail)
    lot = received_lot(uow, command, discrepancy)
    matched_serial = lot if isinstance(lot, ProblemDetail) else _apply_resolution(uow, command, discrepancy, lot)
    if isinstance(matched_serial, ProblemDetail):
        return CommandResult.rejected(matched_serial)
    end_discrepancy(uow, discrepancy, command.resolution, command.reason, matched_serial)
    return CommandResult(
        ResolutionResult(
            receipt=discrepancy.receipt, discrepancy=discrepancy.discrepancy, kind=discrepancy.kind,
            resolution=command.resolution, lot=lot,
        )
    )  # fmt: skip


def _apply_resolution(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy, lot: str | None
) -> ProblemDetail | str | None:
    """Receive or reject the scanned item; returns a violation, or the serial number that it is matched to."""
    if discrepancy.scan_id is not None:
        return _resolve_lot_scan(uow, command, discrepancy, lot)
    if command.resolution == "RETURN_TO_VENDOR" and discrepancy.kind == "DUPLICATE_SERIAL":
        return _return_violation(uow.get_unit(discrepancy.sku, discrepancy.serial or ""))
    if discrepancy.serial is None or command.resolution not in {"ACCEPT", "MATCH"}:
        return None
    is_as_scanned = command.resolution == "ACCEPT" or discrepancy.kind == "LOT_CASE_MISMATCH"
    resolve = _accept_serial if is_as_scanned else _match_to_expected
    return resolve(uow, command, discrepancy._replace(lot=lot))


def _resolve_lot_scan(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy, lot: str | None
) -> ProblemDetail | None:
    """Receive the lot under a number, or reject its scan."""
    scan = uow.lot_scans[discrepancy.scan_id or ""]
    if command.resolution not in {"ACCEPT", "MATCH"}:
        uow.lot_scans.put(scan._replace(status="REJECTED"))
        return None
    line = _line_for(uow, command, discrepancy)
    if isinstance(line, ProblemDetail):
        return line
    receive_lots(uow, [scan._replace(line=line.line, known_lot=None if lot == scan.lot else lot)])
    return None


def _accept_serial(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy
) -> ProblemDetail | None:
    """Receive the unit as scanned; another receipt that expects it no longer does."""
    unit = uow.get_unit(discrepancy.sku, discrepancy.serial or "")
    if unit.status not in {"INACTIVE", "EXPECTED"}:
        return _registered_violation(unit, Code.DUPLICATE_SERIAL)
    is_expected_here = unit.status == "EXPECTED" and unit.receipt == discrepancy.receipt
    if is_expected_here and command.line not in {None, unit.line}:
        detail = f"Serial {unit.serial} of product {unit.sku} is expected on line {unit.line}, not on {command.line}"
        return ProblemDetail(code=Code.LINE_NOT_FOUND, detail=detail, ids=[unit.serial])
    line = uow.lines[discrepancy.receipt, unit.line or ""] if is_expected_here else _line_for(uow, command, discrepancy)
    if isinstance(line, ProblemDetail):
        return line
    if unit.status == "EXPECTED" and not is_expected_here:
        take_over_expectations(uow, [unit])
        unit = unit.as_inactive()
    _receive_serial(uow, discrepancy, line, unit)
    return None


def _match_to_expected(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy
) -> ProblemDetail | str:
    """Match the scan to another unit, which this receipt expects; it is received (S18).

    A closed receipt of an earlier release may have an open discrepancy: it expected units that are inactive.
    """
    sku = discrepancy.conflicting_value or discrepancy.sku if discrepancy.kind == "WRONG_PRODUCT" else discrepancy.sku
    matched_serial = (
        command.match_to
        or (discrepancy.conflicting_value if discrepancy.kind == "CASE_MISMATCH" else discrepancy.serial)
        or ""
    )
    unit = uow.units.get((sku, matched_serial))
    if unit is None or unit.status == "INACTIVE":
        lines = uow.lines_of(discrepancy.receipt, sku)
        if unit and lines and uow.receipts[discrepancy.receipt].status == "CLOSED":
            _receive_serial(uow, discrepancy, lines[0], unit)
            return matched_serial
        detail = (
            f"Serial {matched_serial} of product {sku} is not expected on receipt {discrepancy.receipt}; "
            "name the expected serial number in match_to, or ACCEPT the unit as scanned"
        )
        return ProblemDetail(code=Code.RESOLUTION_WITHOUT_EFFECT, detail=detail, ids=[matched_serial])
    if unit.status != "EXPECTED":
        return _registered_violation(unit, Code.RESOLUTION_WITHOUT_EFFECT)
    if unit.receipt != discrepancy.receipt:
        detail = f"Serial {matched_serial} of product {sku} is expected on receipt {unit.receipt}"
        receipt_paths = [resource_path("receipts", unit.receipt)] if unit.receipt else []
        return ProblemDetail(
            code=Code.SERIAL_EXPECTED_ON_OTHER_RECEIPT, detail=detail, ids=[matched_serial], blocked_by=receipt_paths
        )
    line = uow.lines[discrepancy.receipt, unit.line or ""]
    _receive_serial(uow, discrepancy, line, unit)
    return matched_serial


def _return_violation(unit: Unit) -> ProblemDetail | None:
    """Return the violation of sending back a unit on hand by the scan of its number: it would stay in stock."""
    if unit.status != "ON_HAND" or unit.adjustment:
        return None
    detail = (
        f"Serial {unit.serial} of product {unit.sku} is ON_HAND and would stay in stock: VOID this scan; if the unit "
        "at hand is another one with the same number, send it back; if it is the one in the books and goes back, "
        "adjust it as SCRAPPED"
    )
    path = resource_path("serials", unit.sku, unit.serial)
    return ProblemDetail(code=Code.RESOLUTION_WITHOUT_EFFECT, detail=detail, ids=[unit.serial], blocked_by=[path])


def _registered_violation(unit: Unit, code: Code) -> ProblemDetail:
    """Say where a registered unit stands in receiving, and how it comes back if it is the one at hand."""
    path, instead = resource_path("serials", unit.sku, unit.serial), "its serial number is never used again"
    if unit.status == "SHIPPED":
        path = resource_path("orders", unit.order_id or "")
        instead = f"receive it as a customer return of order {unit.order_id} of {unit.customer}, whoever brings it"
    elif unit.status == "SCANNED":
        path = resource_path("receipts", unit.receipt or "", "sessions", unit.session or "")
        instead = f"confirm or undo its scan in session {unit.session} of receipt {unit.receipt}"
    elif unit.adjustment == "RETURNED_TO_VENDOR":
        instead = "adjust it as RETURNED_FROM_VENDOR where it arrived"
    elif unit.adjustment:
        instead = (
            "adjust it as FOUND where it stands: in storage if it was put away before, otherwise at a dock or staging "
            "location"
        )
    elif unit.status == "ON_HAND":
        origin = f"return {unit.return_id}" if unit.return_id else f"receipt {unit.receipt}"
        instead = f"it was received on {origin}; look up where it stands in the books, and move it if it stands here"
    detail = f"Serial {unit.serial} of product {unit.sku} is {unit.adjustment or unit.status}: {instead}"
    return ProblemDetail(code=code, detail=detail, ids=[unit.serial], blocked_by=[path])


def _line_for(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy
) -> ReceiptLine | ProblemDetail:
    """Return the line of an accepted unit: the requested one, the product's first, or a new one."""
    if number := command.line:
        line = uow.lines.get((discrepancy.receipt, number))
        if line is None or line.sku != discrepancy.sku:
            detail = f"Line {number} of product {discrepancy.sku} not found on receipt {discrepancy.receipt}"
            return ProblemDetail(code=Code.LINE_NOT_FOUND, detail=detail)
        return line
    lines = uow.lines_of(discrepancy.receipt, discrepancy.sku)
    return lines[0] if lines else add_unplanned_line(uow, discrepancy.receipt, discrepancy.sku)


def _receive_serial(uow: ReceivingUnitOfWork, discrepancy: Discrepancy, line: ReceiptLine, unit: Unit) -> None:
    stated = discrepancy.expiry if discrepancy.expiry_source is None else None
    best_before = discrepancy.expiry if discrepancy.expiry_source == "BEST_BEFORE" else None
    label, source = (
        UnitLabel(discrepancy.lot, stated, discrepancy.manufactured_on, best_before)
        .completed_by(UnitLabel.announced_for(unit).without_future(uow.latest_date(discrepancy.location or "")))
        .with_effective_expiry(uow.shelf_life_policy(unit.sku))
    )
    received = unit._replace(
        version=unit.version + 1, status="ON_HAND", receipt=line.receipt, line=line.line, location=discrepancy.location,
        lot=label.lot, expiry=label.expiry, manufactured_on=label.manufactured_on, expiry_source=source,
        scan=discrepancy.scan, inferred_from=discrepancy.inferred_from,
    )  # fmt: skip
    uow.units.put(received)
    uow.known_lots.learn(received.sku, received.lot or "")
    uow.lines.put(line._replace(received=line.received + 1, unlisted_units=line.unlisted_units + (not unit.is_listed)))
    uow.emit(
        ReceiptSerialsReceived, receipt=line.receipt, session=discrepancy.session or "", line=line.line,
        sku=received.sku, serials=[received.serial], versions=[received.version], location=discrepancy.location or "",
        lot=label.lot, expiry=label.expiry, expiry_source=source, manufactured_on=label.manufactured_on,
        hold_id=new_hold_id(uow, received.sku, discrepancy.location or "", received.expiry),
        supplier=uow.receipts[line.receipt].supplier, scans=scans_of_serials([discrepancy.scan]),
        inferred_from=discrepancy.inferred_from,
    )  # fmt: skip
