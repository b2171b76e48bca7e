"""Expected units and quantities of receipt lines: added, taken over and cancelled."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from services.receiving.receipts.domain.records import ReceiptLine, RowKey, Unit, group_by_line
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.receiving import ReceiptLineCancelled, ReceiptLineExpected
from shared.contracts.upstream import AsnLine
from shared.inventory.decimals import precision_violation

MAX_UNITS = Decimal(1_000_000)
"""Maximum expected quantity of a line, over all parts of its ASN; also the maximum of one event."""

CancellationReason = Literal["CHANGED", "CANCELLED", "CLOSED", "TAKEN_OVER"]


def lines_violation(uow: ReceivingUnitOfWork, receipt: str, lines: Sequence[AsnLine]) -> ProblemDetail | None:
    """Check new lines, regardless of the units that are already registered."""
    listed_units: set[RowKey] = set()
    skus: dict[str, str] = {}
    totals: dict[str, Decimal] = {}
    for line in lines:
        existing = uow.lines.get((receipt, line.line))
        sku = existing.sku if existing else skus.setdefault(line.line, line.sku)
        decimals = uow.decimals(line.sku)
        precision = precision_violation(line.sku, line.quantity, decimals, line.line)
        if violation := _line_violation(line, sku, uow.tracking(line.sku)) or precision:
            return violation
        totals[line.line] = (
            totals.get(line.line, existing.expected_quantity if existing else Decimal(0)) + line.quantity
        )
        if totals[line.line] > MAX_UNITS:
            detail = f"Line {line.line} would expect {totals[line.line]} in all its parts; the maximum is {MAX_UNITS}"
            return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail)
        counts = Counter(line.serials)
        if repeated := [serial for serial, count in counts.items() if count > 1 or (line.sku, serial) in listed_units]:
            detail = f"Line {line.line} repeats {len(repeated)} serials"
            return ProblemDetail(code=Code.DUPLICATE_SERIAL_IN_REQUEST, detail=detail, ids=repeated)
        listed_units.update((line.sku, serial) for serial in counts)
    return None


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


def expect_line(uow: ReceivingUnitOfWork, receipt: str, asn_line: AsnLine) -> list[ProblemDetail]:
    """Add a line, or add to it; only serials that are already registered are rejected (S05, S18).

    A unit that another receipt expects is taken over: the latest ASN wins. A unit may be scanned here before its
    serial number is listed; it keeps its scan and then counts as listed.
    """
    line = uow.lines.get((receipt, asn_line.line)) or ReceiptLine(
        receipt=receipt, line=asn_line.line, sku=asn_line.sku, awaiting_product=asn_line.sku not in uow.products,
    )  # fmt: skip
    units: list[Unit] = []
    taken_over: list[Unit] = []
    rejected: dict[Code, list[str]] = defaultdict(list)
    for serial in asn_line.serials:
        before = uow.get_unit(asn_line.sku, serial)
        if (unit := _listed_on(before, line)) is None:
            rejected[Code.DUPLICATE_SERIAL_IN_REQUEST if before.receipt == receipt else Code.DUPLICATE_SERIAL].append(
                serial
            )
            continue
        units.append(uow.units.put(unit))
        if before.status == "EXPECTED":
            taken_over.append(before)
    take_over_expectations(uow, taken_over)
    if quantity := asn_line.quantity - sum(map(len, rejected.values())):
        scanned = sum(unit.status != "EXPECTED" for unit in units)
        listed_serials, unlisted_units = line.listed_serials + len(units), line.unlisted_units - scanned
        line = uow.lines.put(
            line._replace(
                expected_quantity=line.expected_quantity + quantity,
                listed_serials=listed_serials,
                unlisted_units=unlisted_units,
            )
        )
        expected = [unit for unit in units if unit.status != "ON_HAND"]
        quantity -= len(units) - len(expected)
        if quantity and not line.awaiting_product:
            emit_line_expected(uow, line, quantity, expected)
    return [_registered_serials_violation(asn_line, code, serials) for code, serials in rejected.items()]


def _listed_on(unit: Unit, line: ReceiptLine) -> Unit | None:
    """Return the unit as listed on the line; None if it is already registered."""
    if unit.status == "INACTIVE":
        return unit.as_expected(*line.key)
    if unit.status == "EXPECTED" and unit.receipt != line.receipt:
        return unit.as_inactive().as_expected(*line.key)
    if unit.status in {"SCANNED", "ON_HAND"} and (unit.receipt, unit.line) == line.key and not unit.is_listed:
        return unit._replace(version=unit.version + 1, is_listed=True)
    return None


def _registered_serials_violation(asn_line: AsnLine, code: Code, serials: list[str]) -> ProblemDetail:
    reason = "listed on this receipt" if code is Code.DUPLICATE_SERIAL_IN_REQUEST else "registered"
    detail = f"Line {asn_line.line}: {len(serials)} serials already {reason}; the rest was applied"
    return ProblemDetail(code=code, detail=detail, ids=serials)


def emit_line_expected(uow: ReceivingUnitOfWork, line: ReceiptLine, quantity: Decimal, units: Sequence[Unit]) -> None:
    """Emit the event of a line's additional expected quantity."""
    receipt = uow.receipts[line.receipt]
    uow.emit(
        ReceiptLineExpected, receipt=line.receipt, warehouse=receipt.warehouse or "", line=line.line, sku=line.sku,
        quantity=quantity, serials=[unit.serial for unit in units], versions=[unit.version for unit in units],
        supplier=receipt.supplier, expected_at=receipt.expected_at,
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
