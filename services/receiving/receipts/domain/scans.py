"""Scans on a receipt: every serial number and lot has its own result (S13, S14, S16, S23)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.receiving.locations.domain.definitions import inactive_location_violation
from services.receiving.receipts.domain.carton_scans import open_carton
from services.receiving.receipts.domain.lot_scans import evaluate_lot_scans
from services.receiving.receipts.domain.misreads import MAX_NAMED, Misread, ScanJudge, describe_misreads
from services.receiving.receipts.domain.raw_scans import split_scans, unread_scans
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
    "DUPLICATE_IN_RECEIPT": (Code.DUPLICATE_LOT_IN_REQUEST, "already scanned by the SSCC of its carton"),
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


ItemResult = SerialScanResult | LotScanResult


def record_scans(uow: ReceivingUnitOfWork, command: ScanItems) -> CommandResult:
    """Evaluate each serial number or lot as accepted, unmatched or rejected; open the session if necessary."""
    receipt = uow.receipts.get(command.receipt)
    session = uow.sessions.get((command.receipt, command.session))
    if violation := (
        _receipt_violation(command, receipt)
        or (None if command.scans else _product_violation(uow, command))
        or _location_violation(uow, command, receipt)
        or (session and session_violation(session, uow.event.sender))
    ):
        return CommandResult.rejected(violation)
    if receipt is None:  # checked above; narrows the type
        return reject(Code.RECEIPT_NOT_FOUND, command.receipt)
    violations = unread_scans(command)
    evaluated = _evaluate_all(uow, command, receipt, violations)
    results = [result for _, of_product in evaluated for result in of_product]
    by_product: dict[str, list[ItemResult]] = {}
    for sku, of_product in evaluated:
        by_product.setdefault(sku, []).extend(of_product)
    for sku, of_product in by_product.items():
        violations += _rejections(uow, command, sku, of_product)
    statuses = [result.status for result in results]
    rejected_count = sum(status in REJECTED_SERIALS or status in REJECTED_LOTS for status in statuses)
    if rejected_count == len(results):
        return CommandResult.rejected(*violations)
    accepted = statuses.count("ACCEPTED")
    if session is None:
        _open_session(uow, command)
    numbers = {result.line for result in results}
    body = ScanResult.model_construct(
        receipt=command.receipt, session=command.session, sku=next(iter(by_product)) if len(by_product) == 1 else None,
        accepted=accepted, unmatched=len(results) - accepted - rejected_count,
        scan_results=[result for result in results if isinstance(result, SerialScanResult)],
        lots=[result for result in results if isinstance(result, LotScanResult)],
        lines=describe_lines(
            line for sku in by_product for line in uow.lines_of(command.receipt, sku) if line.line in numbers
        ),
    )  # fmt: skip
    return CommandResult(body, violations=violations)


def _evaluate_all(
    uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt, violations: list[ProblemDetail]
) -> list[tuple[str, Sequence[ItemResult]]]:
    """Evaluate all items of a command one after another, last those in cartons; returns products and their results."""
    results: list[tuple[str, Sequence[ItemResult]]] = []

    def evaluate(parts: Iterable[ScanItems]) -> None:
        for part in parts:
            sku = find_sku(uow, part) or ""
            evaluated = _product_violation(uow, part) or _evaluate(uow, part, receipt, sku)
            if isinstance(evaluated, ProblemDetail):
                violations.append(evaluated)
            else:
                results.append((sku, evaluated))

    evaluate(split_scans(command))
    for read in command.read_scans:
        if read.sscc:
            carton = open_carton(uow, command, receipt, read)
            violations += carton.violations
            results += [(result.sku or "", [result]) for result in carton.scanned]
            evaluate(carton.parts)
    return results


def _evaluate(
    uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt, sku: str
) -> Sequence[ItemResult] | ProblemDetail:
    """Evaluate the serial numbers or lots of one product and label."""
    judge = ScanJudge(uow, sku, receipt.receipt)
    if violation := _label_violation(uow, command, sku, judge):
        return violation
    evaluate: Any = evaluate_lot_scans if command.lots else evaluate_serial_scans
    results: list[ItemResult] = evaluate(uow, command, receipt, sku, judge)
    for result, read in zip(results, command.read_scans, strict=False):
        result.sku, result.scan, result.inferred_from = read.sku, read.text, read.sscc
    return results


def _rejections(
    uow: ReceivingUnitOfWork, command: ScanItems, sku: str, results: Sequence[ItemResult]
) -> list[ProblemDetail]:
    """Return the violations of the rejected items of a product."""
    limits = {
        "decimals": uow.decimals(sku), "today": uow.latest_date(command.location),
        "required": uow.shelf_life_policy(sku).min_remaining_shelf_life_at_receipt,
    }  # fmt: skip
    codes = REJECTED_LOTS if isinstance(results[0], LotScanResult) else REJECTED_SERIALS
    statuses = {result.status for result in results}
    return [
        _to_violation(status, code, text, limits, results)
        for status, (code, text) in codes.items()
        if status in statuses
    ]


def find_sku(uow: ReceivingUnitOfWork, command: ScanItems) -> str | None:
    """Return the scanned product, by its SKU or barcode."""
    if command.barcode is None:
        return command.sku
    barcode = uow.barcodes.get(command.barcode)
    return barcode and barcode.sku


def _open_session(uow: ReceivingUnitOfWork, command: ScanItems) -> None:
    uow.sessions.put(
        Session(
            receipt=command.receipt, session=command.session, owner=uow.event.sender, status="OPEN", opened_at=uow.now
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


def _product_violation(uow: ReceivingUnitOfWork, command: ScanItems) -> ProblemDetail | None:
    sku = find_sku(uow, command)
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
    results: Sequence[ItemResult],
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
