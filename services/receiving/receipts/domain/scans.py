"""Scans on a receipt: every serial number and lot has its own result (S13, S14, S16, S23)."""

from collections.abc import Mapping, Sequence

from services.receiving.locations.domain.definitions import inactive_location_violation
from services.receiving.receipts.domain.lot_scans import evaluate_lot_scans
from services.receiving.receipts.domain.misreads import MAX_NAMED, Misread, ScanJudge, describe_misreads
from services.receiving.receipts.domain.records import Receipt, Session
from services.receiving.receipts.domain.results import (
    LotScanResult,
    ScanResult,
    ScanStatus,
    SerialScanResult,
    describe_lines,
    reject,
)
from services.receiving.receipts.domain.serial_scans import (
    VALID_IDENTIFIER,
    evaluate_serial_scans,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.label_dates import future_manufacture_violation
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path, warehouse_of
from shared.scans.gtin import to_gtin_14
from shared.unit_of_work import CommandResult

REJECTED_BY_DATE: dict[ScanStatus, tuple[Code, str]] = {
    "EXPIRY_REQUIRED": (Code.EXPIRY_REQUIRED, "expiry date missing"),
    "EXPIRED": (Code.EXPIRED, "expired on {days}"),
    "INSUFFICIENT_SHELF_LIFE": (
        Code.INSUFFICIENT_SHELF_LIFE_AT_RECEIPT, "expires on {days}, {required} days must remain on arrival",
    ),
}  # fmt: skip
REJECTED_SERIALS: dict[ScanStatus, tuple[Code, str]] = {
    **REJECTED_BY_DATE,
    "INVALID": (Code.INVALID_SERIAL, "invalid serial number"),
    "NOT_A_SERIAL": (Code.NOT_A_SERIAL, "not a serial number"),
    "SERIAL_FORMAT_MISMATCH": (Code.SERIAL_FORMAT_MISMATCH, "not of the serial format of the product"),
    "DUPLICATE_IN_RECEIPT": (Code.DUPLICATE_SERIAL_IN_REQUEST, "already scanned on this receipt"),
}
REJECTED_LOTS: dict[ScanStatus, tuple[Code, str]] = {
    "INVALID": (Code.INVALID_LOT, "invalid lot number"),
    "NOT_A_LOT": (Code.NOT_A_LOT, "not a lot number"),
    "LOT_REQUIRED": (Code.LOT_REQUIRED, "lot number missing"),
    "NOT_LOT_TRACKED": (Code.NOT_LOT_TRACKED, "the product has no lots and no dates"),
    "DUPLICATE_IN_REQUEST": (Code.DUPLICATE_LOT_IN_REQUEST, "lot listed more than once"),
    "QUANTITY_REQUIRED": (Code.QUANTITY_REQUIRED, "quantity missing"),
    "QUANTITY_PRECISION": (Code.QUANTITY_PRECISION, "quantity has more than {decimals} decimals"),
    "LOT_DATES_MISMATCH": (Code.LOT_DATES_MISMATCH, "dates differ from earlier scans of the lot on this receipt"),
    "MANUFACTURED_IN_FUTURE": (Code.MANUFACTURED_IN_FUTURE, "made on {days}, later than today, {today}"),
    **REJECTED_BY_DATE,
    "TOO_MANY_UNITS": (Code.TOO_MANY_UNITS, "quantity exceeds the maximum per lot, session and location"),
}


def record_scans(uow: ReceivingUnitOfWork, command: ScanItems) -> CommandResult:
    """Evaluate each serial number or lot as accepted, unmatched or rejected; open the session if necessary."""
    receipt = uow.receipts.get(command.receipt)
    sku = find_sku(uow, command)
    session = uow.sessions.get((command.receipt, command.session))
    if violation := (
        _receipt_violation(command, receipt)
        or _product_violation(uow, command, sku)
        or _location_violation(uow, command, receipt)
        or (session and session_violation(session, uow.event.actor))
    ):
        return CommandResult.rejected(violation)
    if receipt is None or sku is None:  # checked above; narrows the types
        return reject(Code.RECEIPT_NOT_FOUND, command.receipt)
    judge = ScanJudge(uow, sku, receipt.receipt)
    if violation := _label_violation(uow, command, sku, judge):
        return CommandResult.rejected(violation)
    serial_results = evaluate_serial_scans(uow, command, receipt, sku, judge) if command.serials else []
    lot_results = evaluate_lot_scans(uow, command, receipt, sku, judge) if command.lots else []
    results, codes = (lot_results, REJECTED_LOTS) if command.lots else (serial_results, REJECTED_SERIALS)
    statuses = [result.status for result in results]
    limits = {
        "decimals": uow.decimals(sku), "today": uow.latest_date(command.location),
        "required": uow.shelf_life_policy(sku).min_remaining_shelf_life_at_receipt,
    }  # fmt: skip
    violations = [
        _to_violation(status, code, text, limits, results)
        for status, (code, text) in codes.items()
        if status in statuses
    ]
    rejected_count = sum(len(violation.ids) for violation in violations)
    if rejected_count == len(results):
        return CommandResult.rejected(*violations)
    accepted = statuses.count("ACCEPTED")
    if session is None:
        _open_session(uow, command)
    numbers = {result.line for result in results}
    body = ScanResult.model_construct(
        receipt=command.receipt, session=command.session, sku=sku, accepted=accepted,
        unmatched=len(results) - accepted - rejected_count, scan_results=serial_results, lots=lot_results,
        lines=describe_lines(line for line in uow.lines_of(command.receipt, sku) if line.line in numbers),
    )  # fmt: skip
    return CommandResult(body, violations=violations)


def find_sku(uow: ReceivingUnitOfWork, command: ScanItems) -> str | None:
    """Return the scanned product, by its SKU or barcode."""
    if command.barcode is None:
        return command.sku
    barcode = uow.barcodes.get(command.barcode)
    return barcode and barcode.sku


def _open_session(uow: ReceivingUnitOfWork, command: ScanItems) -> None:
    uow.sessions.put(
        Session(
            receipt=command.receipt, session=command.session, owner=uow.event.actor, status="OPEN", opened_at=uow.now
        )
    )
    receipt = uow.receipts[command.receipt]
    uow.receipts.put(receipt._replace(status="IN_PROGRESS", session_count=receipt.session_count + 1))


def session_violation(session: Session, actor: str) -> ProblemDetail | None:
    """Check that the session is open and owned by the actor."""
    session_path = resource_path("receipts", session.receipt, "sessions", session.session)
    if session.status != "OPEN":
        detail = f"Session {session.session} is {session.status}"
        return ProblemDetail(code=Code.SESSION_CLOSED, detail=detail, blocked_by=[session_path])
    if session.owner != actor:
        detail = f"Session {session.session} is owned by {session.owner}, not by {actor}"
        return ProblemDetail(code=Code.SESSION_OWNED_BY_OTHER, detail=detail, blocked_by=[session_path])
    return None


def _receipt_violation(command: ScanItems, receipt: Receipt | None) -> ProblemDetail | None:
    if receipt is None:
        return ProblemDetail(code=Code.RECEIPT_NOT_FOUND, detail=f"Receipt {command.receipt} not found")
    if receipt.status == "CANCELLED":
        return ProblemDetail(
            code=Code.RECEIPT_CANCELLED, detail=f"Receipt {command.receipt} is cancelled: {receipt.reason}"
        )
    if receipt.status == "CLOSED":
        return ProblemDetail(code=Code.RECEIPT_CLOSED, detail=f"Receipt {command.receipt} is closed")
    return None


def _product_violation(uow: ReceivingUnitOfWork, command: ScanItems, sku: str | None) -> ProblemDetail | None:
    tracking = uow.tracking(sku) if sku else None
    if tracking is None:
        return ProblemDetail(code=Code.PRODUCT_NOT_FOUND, detail=f"Product {command.sku or command.barcode} not found")
    if command.serials and tracking != "SERIAL":
        detail = f"Product {sku} has tracking {tracking}; it has no serial numbers"
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail)
    if command.lots and tracking == "SERIAL":
        detail = f"Product {sku} has tracking {tracking}; scan its serial numbers"
        return ProblemDetail(code=Code.SERIALS_REQUIRED, detail=detail)
    return None


def _label_violation(uow: ReceivingUnitOfWork, command: ScanItems, sku: str, judge: ScanJudge) -> ProblemDetail | None:
    """Check the GTIN on the labels, and lot number and manufacturing date on those of serial numbers."""
    if command.gtin is not None and to_gtin_14(command.gtin) not in judge.gtins:
        detail = f"GTIN {command.gtin} is no barcode of product {sku}"
        return ProblemDetail(code=Code.WRONG_PRODUCT, detail=detail, ids=[command.gtin])
    if command.manufactured_on and (
        violation := future_manufacture_violation(
            command.manufactured_on, uow.latest_date(command.location), sku, command.serials
        )
    ):
        return violation
    if not command.lot:
        return None
    if misread := judge.misread_lot(command.lot):
        detail = f"{command.lot!r} is {misread.description}, not a lot number"
        return ProblemDetail(code=Code.NOT_A_LOT, detail=detail, ids=[command.lot])
    if not VALID_IDENTIFIER.match(command.lot):
        return ProblemDetail(code=Code.INVALID_LOT, detail=f"Lot number {command.lot!r} is invalid", ids=[command.lot])
    return None


def _location_violation(uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt | None) -> ProblemDetail | None:
    location = uow.locations.get(command.location)
    if location is None:
        return ProblemDetail(code=Code.LOCATION_NOT_FOUND, detail=f"Location {command.location} not found")
    if receipt and warehouse_of(command.location) != receipt.warehouse:
        detail = f"Location {command.location} is outside warehouse {receipt.warehouse} of receipt {command.receipt}"
        return ProblemDetail(code=Code.WRONG_WAREHOUSE, detail=detail)
    if receipt and receipt.kind != "OPENING" and location.type not in {"DOCK", "STAGING"}:
        detail = f"Location {command.location} has type {location.type}; a dock or staging location is required"
        return ProblemDetail(code=Code.WRONG_LOCATION_TYPE, detail=detail)
    return inactive_location_violation(location)


def _to_violation(
    status: ScanStatus,
    code: Code,
    template: str,
    limits: Mapping[str, object],
    results: Sequence[SerialScanResult | LotScanResult],
) -> ProblemDetail:
    """Return the violation of the scans of a status; its text names their days and the limits that they violate."""
    concerned = [result for result in results if result.status == status]
    days = sorted({result.conflicting_value or "" for result in concerned})
    text = template.format(days=", ".join(days[:MAX_NAMED]), **limits)
    if misreads := [
        Misread(result.scanned_value, result.read_as, result.conflicting_value or "")
        for result in concerned
        if result.read_as
    ]:
        text = f"{text}: {describe_misreads(misreads)}"
    detail = f"{len(concerned)} of {len(results)} scans: {text}"
    return ProblemDetail(code=code, detail=detail, ids=[result.scanned_value for result in concerned])
