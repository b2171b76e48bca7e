"""Expected units and quantities of receipt lines: validated, emitted, taken over and cancelled."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from services.receiving.receipts.domain.announced_lots import NO_LABEL, UnitLabel
from services.receiving.receipts.domain.misreads import ScanJudge, misread_violation
from services.receiving.receipts.domain.records import ReceiptLine, RowKey, Unit, group_by_line
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.receiving import ReceiptLineCancelled, ReceiptLineExpected
from shared.contracts.upstream import AsnLine
from shared.identifiers import fold_lot
from shared.inventory.decimals import precision_violation

CancellationReason = Literal["CHANGED", "CANCELLED", "CLOSED", "TAKEN_OVER"]


def lines_violation(uow: ReceivingUnitOfWork, receipt: str, lines: Sequence[AsnLine]) -> ProblemDetail | None:
    """Check announced lines, regardless of the units that are already registered."""
    listed_units: set[RowKey] = set()
    skus: dict[str, str] = {}
    for line in lines:
        existing = uow.lines.get((receipt, line.line))
        sku = existing.sku if existing else skus.setdefault(line.line, line.sku)
        decimals = uow.decimals(line.sku)
        precision = precision_violation(line.sku, line.quantity, decimals, line.line)
        if violation := _line_violation(line, sku, uow.tracking(line.sku)) or precision:
            return violation
        if line.lots and (lots_violation := announced_lots_violation(uow, line)):
            return lots_violation
        counts = Counter(line.serials)
        if repeated := [serial for serial, count in counts.items() if count > 1 or (line.sku, serial) in listed_units]:
            detail = f"Line {line.line} repeats {len(repeated)} serials"
            return ProblemDetail(code=Code.DUPLICATE_SERIAL_IN_REQUEST, detail=detail, ids=repeated)
        if violation := _misread_violation(uow, receipt, line):
            return violation
        listed_units.update((line.sku, serial) for serial in counts)
    return None


def announced_lots_violation(uow: ReceivingUnitOfWork, line: AsnLine) -> ProblemDetail | None:
    """Check the announced lots of a line: tracking, quantities, and one set of dates for each lot."""
    tracking = uow.tracking(line.sku)
    total = sum((lot.count for lot in line.lots), Decimal(0))
    by_lot: dict[str, set[tuple[date | None, ...]]] = defaultdict(set)
    for lot in line.lots:
        by_lot[fold_lot(lot.lot)].add((lot.expiry, lot.manufactured_on, lot.best_before))
        if precision := precision_violation(line.sku, lot.count, uow.decimals(line.sku), line.line):
            return precision
    if tracking == "NONE":
        detail = f"Line {line.line} announces lots; product {line.sku} has no lots and no dates"
        return ProblemDetail(code=Code.NOT_LOT_TRACKED, detail=detail)
    if tracking == "LOT" and "" in by_lot:
        detail = f"Line {line.line} announces dates without a lot number; product {line.sku} is lot-tracked"
        return ProblemDetail(code=Code.LOT_REQUIRED, detail=detail)
    if total > line.quantity:
        detail = f"Line {line.line} announces lots of {total} for {line.quantity} units"
        return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail)
    if different := sorted(lot for lot, dates in by_lot.items() if lot and len(dates) > 1):
        detail = f"Line {line.line} announces several sets of dates for lot {', '.join(different)}"
        return ProblemDetail(code=Code.LOT_DATES_MISMATCH, detail=detail, ids=different)
    return None


def _misread_violation(uow: ReceivingUnitOfWork, receipt: str, line: AsnLine) -> ProblemDetail | None:
    """Check that new serial numbers of a line are some, and of the format of the product."""
    new = [serial for serial in line.serials if uow.get_unit(line.sku, serial).status == "INACTIVE"]
    if not new:
        return None
    judge = ScanJudge(uow, line.sku, receipt)
    misreads = [misread for serial in new if (misread := judge.misread_serial(serial))]
    return misread_violation(
        misreads, f"Line {line.line}: {len(misreads)} of {len(line.serials)} serials are no serial numbers"
    )


def _line_violation(line: AsnLine, sku: str, tracking: str | None) -> ProblemDetail | None:
    if line.line.startswith("+"):
        detail = f"Line {line.line}: the prefix + is reserved for lines added during receiving"
        return ProblemDetail(code=Code.VALIDATION_ERROR, detail=detail)
    if sku != line.sku:
        detail = f"Line {line.line} has product {sku}, not {line.sku}"
        return ProblemDetail(code=Code.LINE_PRODUCT_MISMATCH, detail=detail)
    if len(line.serials) > line.quantity:
        detail = f"Line {line.line} lists {len(line.serials)} serials for {line.quantity} units"
        return ProblemDetail(code=Code.TOO_MANY_SERIALS, detail=detail)
    if line.serials and tracking not in {None, "SERIAL"}:
        detail = f"Line {line.line} lists serials; product {line.sku} has tracking {tracking}"
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=line.serials)
    return None


def expected_groups(units: Iterable[Unit]) -> list[Sequence[Unit]]:
    """Split expected units into those with the same announced lot and dates, at most 500 each."""
    groups: dict[UnitLabel, list[Unit]] = {}
    for unit in units:
        groups.setdefault(UnitLabel.announced_for(unit), []).append(unit)
    return [chunk for group in groups.values() for chunk in chunks(group)]


def emit_line_expected(uow: ReceivingUnitOfWork, line: ReceiptLine, quantity: Decimal, units: Sequence[Unit]) -> None:
    """Emit the event of a line's additional expected quantity; its units have the same announced lot and dates."""
    receipt = uow.receipts[line.receipt]
    label = UnitLabel.announced_for(units[0]) if units else NO_LABEL
    uow.emit(
        ReceiptLineExpected, receipt=line.receipt, warehouse=receipt.warehouse, line=line.line, sku=line.sku,
        quantity=quantity, serials=[unit.serial for unit in units], versions=[unit.version for unit in units],
        supplier=receipt.supplier, expected_at=receipt.expected_at, lot=label.lot, expiry=label.expiry,
        manufactured_on=label.manufactured_on, best_before=label.best_before,
    )  # fmt: skip


def emit_expectation_cancelled(
    uow: ReceivingUnitOfWork, line: ReceiptLine, units: Iterable[Unit], unlisted: Decimal, reason: CancellationReason
) -> None:
    """Emit the events of no longer expected units; none if the line still awaits its product."""
    if line.awaiting_product:
        return
    common_fields: dict[str, Any] = {"receipt": line.receipt, "line": line.line, "sku": line.sku, "reason": reason}
    for chunk in chunks(units):
        versions = [unit.version for unit in chunk]
        serials = [unit.serial for unit in chunk]
        uow.emit(
            ReceiptLineCancelled, **common_fields, quantity=Decimal(len(chunk)), serials=serials, versions=versions
        )
    if unlisted > 0:
        uow.emit(ReceiptLineCancelled, **common_fields, quantity=unlisted)


def take_over_expectations(uow: ReceivingUnitOfWork, taken_over: Iterable[Unit]) -> None:
    """Cancel these units on the receipts that expected them; another receipt has taken them over."""
    for key, units in group_by_line(taken_over).items():
        line = uow.lines[key]
        uow.lines.put(
            line._replace(
                expected_quantity=line.expected_quantity - len(units), listed_serials=line.listed_serials - len(units)
            )
        )
        emit_expectation_cancelled(uow, line, [unit.as_inactive() for unit in units], Decimal(0), "TAKEN_OVER")


def cancel_expectations(uow: ReceivingUnitOfWork, receipt: str, reason: CancellationReason) -> dict[str, list[str]]:
    """Cancel all expectations of a receipt; return the missing serials by line."""
    missing: dict[str, list[Unit]] = defaultdict(list)
    for unit in uow.expected_units(receipt):
        missing[unit.line or ""].append(uow.units.put(unit.as_inactive()))
    for line in uow.loaded_lines(receipt):
        units = missing[line.line]
        emit_expectation_cancelled(uow, line, units, line.missing_quantity - len(units), reason)
        uow.lines.put(line._replace(awaiting_product=False))
    return {line: [unit.serial for unit in units] for line, units in missing.items()}
