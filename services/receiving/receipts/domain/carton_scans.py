"""Scan of a carton or pallet by its SSCC: receives what its ASN says it contains, where that is allowed (S13, S15)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.receiving.receipts.domain.announced_cartons import carton_path, is_open
from services.receiving.receipts.domain.cartons import AnnouncedCarton, CartonContent, contents_of
from services.receiving.receipts.domain.lot_scans import evaluate_lot_scans
from services.receiving.receipts.domain.misreads import ScanJudge
from services.receiving.receipts.domain.records import Receipt
from services.receiving.receipts.domain.results import (
    CartonProductResult,
    CartonScanResult,
    LotScanResult,
    SerialScanResult,
    reject,
)
from services.receiving.receipts.domain.scans import (
    REJECTED_LOTS,
    REJECTED_SERIALS,
    location_violation,
    open_session,
    receipt_violation,
    scan_violations,
    session_violation,
)
from services.receiving.receipts.domain.serial_scans import evaluate_serial_scans, is_recorded_on_receipt
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanCarton, ScanItems, ScannedLot
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.identifiers import fold_lot, resource_path
from shared.scans import read_sscc
from shared.unit_of_work import CommandResult

MAX_UNITS = 5_000
"""Maximum number of serial numbers and lots that one scan receives."""


def scan_carton(uow: ReceivingUnitOfWork, command: ScanCarton) -> CommandResult:
    """Scan what a carton contains, or all cartons of a pallet; each unit and lot has its own result."""
    receipt, sscc = uow.receipts.get(command.receipt), read_sscc(command.sscc)
    session = uow.sessions.get((command.receipt, command.session))
    cartons = uow.cartons_in(command.receipt, sscc)
    if violation := (
        receipt_violation(command, receipt)
        or location_violation(uow, command, receipt)
        or (session and session_violation(session, uow.event.actor))
        or _carton_violation(uow, command, sscc, cartons)
    ):
        return CommandResult.rejected(violation)
    contents = contents_of(cartons)
    if receipt is None or sscc is None:  # checked above; narrows the types
        return reject(Code.RECEIPT_NOT_FOUND, command.receipt)
    allowed = [content for content in contents if is_received_by_carton(uow, receipt, content.sku)]
    violations = [*_refusals(uow, receipt, sscc, contents, allowed)]
    results: list[CartonProductResult] = []
    for content in allowed:
        result, rejected = _scan_content(uow, command, receipt, content)
        violations += rejected
        results += [result] if result.scan_results or result.lots else []
    accepted, unmatched = (sum(getattr(entry, name) for entry in results) for name in ("accepted", "unmatched"))
    if not accepted + unmatched:
        return CommandResult.rejected(*violations)
    if session is None:
        open_session(uow, command)
    body = CartonScanResult.model_construct(
        receipt=command.receipt, session=command.session, sscc=sscc, accepted=accepted, unmatched=unmatched,
        products=results,
    )  # fmt: skip
    return CommandResult(body, violations=violations)


def is_received_by_carton(uow: ReceivingUnitOfWork, receipt: Receipt, sku: str) -> bool:
    """Whether the product or the supplier of the receipt allows the receipt of whole cartons."""
    product, supplier = uow.products.get(sku), uow.suppliers.get(receipt.supplier)
    return bool(product and product.receive_by_carton) or bool(supplier and supplier.receive_by_carton)


def describe_contents(contents: Iterable[CartonContent]) -> str:
    """Say how much of which products cartons contain."""
    quantities: dict[str, Decimal] = {}
    for content in contents:
        quantity = len(content.serials) + sum((quantity for _, quantity in content.lots), Decimal(0))
        quantities[content.sku] = quantities.get(content.sku, Decimal(0)) + quantity
    return ", ".join(f"{quantity:f} of {sku}" for sku, quantity in sorted(quantities.items()))


def _carton_violation(
    uow: ReceivingUnitOfWork, command: ScanCarton, sscc: str | None, cartons: Sequence[AnnouncedCarton]
) -> ProblemDetail | None:
    if sscc is None:
        detail = f"{command.sscc[:64]!r} is no SSCC: scan the code of the carton, 18 digits with a check digit"
        return ProblemDetail(code=Code.INVALID_SSCC, detail=detail, ids=[command.sscc[:64]])
    if not cartons:
        named = {row.receipt for row in (*uow.cartons_by_sscc[sscc], *uow.cartons_by_pallet[sscc])}
        if others := sorted(receipt for receipt in named if is_open(uow, receipt)):
            detail = f"Carton {sscc} is announced on receipt {', '.join(others)}; scan it there"
            paths = [resource_path("receipts", receipt) for receipt in others]
            return ProblemDetail(code=Code.CARTON_ON_OTHER_RECEIPT, detail=detail, ids=[sscc], blocked_by=paths)
        detail = f"No carton or pallet {sscc} is announced on receipt {command.receipt}; scan its units and lots"
        return ProvisionalProblem(code=Code.CARTON_NOT_FOUND, detail=detail, ids=[sscc])
    if not any(carton.items for carton in cartons):
        detail = f"The ASN does not say what carton {sscc} contains; scan its units and lots"
        return ProblemDetail(
            code=Code.CARTON_CONTENT_UNKNOWN, detail=detail, ids=[sscc], blocked_by=[carton_path(sscc)]
        )
    if sum(len(content.serials) + len(content.lots) for content in contents_of(cartons)) > MAX_UNITS:
        detail = f"Pallet {sscc} contains more than {MAX_UNITS} serial numbers and lots; scan its cartons"
        return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail, ids=[sscc], blocked_by=[carton_path(sscc)])
    return None


def _refusals(
    uow: ReceivingUnitOfWork, receipt: Receipt, sscc: str, contents: Sequence[CartonContent],
    allowed: Sequence[CartonContent],
) -> Iterable[ProblemDetail]:  # fmt: skip
    """Return why some products are not received by the scan of their carton."""
    if refused := [content for content in contents if content not in allowed]:
        supplier = f"supplier {receipt.supplier}" if receipt.supplier else "the unnamed supplier"
        detail = (
            f"Carton {sscc} should contain {describe_contents(refused)}; scan these units and lots one by one: neither "
            f"the product nor {supplier} has `receive_by_carton`"
        )
        skus = sorted({content.sku for content in refused})
        code = Code.CARTON_RECEIPT_NOT_ALLOWED
        yield ProblemDetail(code=code, detail=detail, ids=skus, blocked_by=[carton_path(sscc)])
    unlisted = [content for content in allowed if content.lots and uow.tracking(content.sku) == "SERIAL"]
    if unlisted:
        detail = (
            f"The ASN does not list all serial numbers of carton {', '.join(content.sscc for content in unlisted)}: "
            f"scan {describe_contents(content._replace(serials=()) for content in unlisted)} one by one"
        )
        skus = sorted({content.sku for content in unlisted})
        yield ProblemDetail(code=Code.CARTON_CONTENT_UNKNOWN, detail=detail, ids=skus, blocked_by=[carton_path(sscc)])


def _scan_content(
    uow: ReceivingUnitOfWork, command: ScanCarton, receipt: Receipt, content: CartonContent
) -> tuple[CartonProductResult, list[ProblemDetail]]:
    """Scan the expected units or the lots of a product in a carton, as if they were scanned one by one."""
    sku, sscc, judge = content.sku, content.sscc, ScanJudge(uow, content.sku, receipt.receipt)
    serial_results: list[SerialScanResult] = []
    lot_results: list[LotScanResult] = []
    violations: list[ProblemDetail] = []
    scan = ScanItems.model_construct(
        receipt=receipt.receipt, session=command.session, sku=sku, location=command.location, serials=[], lots=[]
    )
    if uow.tracking(sku) == "SERIAL":
        here = [serial for serial in content.serials if _is_of_receipt(uow, receipt, sku, serial)]
        if here:
            scan = scan.model_copy(update={"serials": here})
            serial_results = evaluate_serial_scans(uow, scan, receipt, sku, judge, inferred_from=sscc)
        if len(here) < len(content.serials):
            violations.append(_unexpected_violation(receipt, content, set(here)))
    else:
        received = {fold_lot(lot) for lot, _ in content.lots if _is_scanned(uow, receipt, content, lot)}
        lots = [
            ScannedLot(lot=lot, quantity=quantity) for lot, quantity in content.lots if fold_lot(lot) not in received
        ]
        lot_results = [
            LotScanResult(lot, "DUPLICATE_IN_RECEIPT") for lot, _ in content.lots if fold_lot(lot) in received
        ]
        if lots:
            scan = scan.model_copy(update={"lots": lots})
            lot_results += evaluate_lot_scans(uow, scan, receipt, sku, judge, inferred_from=sscc)
    for results, codes in ((serial_results, REJECTED_SERIALS), (lot_results, REJECTED_LOTS)):
        violations += scan_violations(uow, command, sku, results, codes)
    statuses = [result.status for result in serial_results] + [result.status for result in lot_results]
    rejected = {*REJECTED_SERIALS, *REJECTED_LOTS}
    return CartonProductResult(
        sscc=sscc, sku=sku, accepted=statuses.count("ACCEPTED"),
        unmatched=sum(status != "ACCEPTED" and status not in rejected for status in statuses),
        scan_results=serial_results, lots=lot_results,
    ), violations  # fmt: skip


def _is_of_receipt(uow: ReceivingUnitOfWork, receipt: Receipt, sku: str, serial: str) -> bool:
    """Whether the receipt expects a unit, or has a scan of it."""
    unit = uow.get_unit(sku, serial)
    is_expected = unit.status == "EXPECTED" and unit.receipt == receipt.receipt
    return is_expected or is_recorded_on_receipt(uow, receipt.receipt, unit)


def _is_scanned(uow: ReceivingUnitOfWork, receipt: Receipt, content: CartonContent, lot: str) -> bool:
    """Whether a lot of a carton was scanned by the carton's SSCC already."""
    scans = uow.lot_scans_of((receipt.receipt, content.sku, lot))
    return any(scan.inferred_from == content.sscc and scan.status != "REJECTED" for scan in scans)


def _unexpected_violation(receipt: Receipt, content: CartonContent, here: set[str]) -> ProblemDetail:
    serials = [serial for serial in content.serials if serial not in here]
    detail = (
        f"{len(serials)} of {len(content.serials)} units of {content.sku} in carton {content.sscc} are not expected on "
        f"receipt {receipt.receipt}; scan their labels, each becomes a discrepancy if it is there"
    )
    return ProblemDetail(code=Code.SERIAL_UNEXPECTED, detail=detail, ids=serials)
