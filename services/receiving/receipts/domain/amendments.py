"""Amendment and cancellation of an ASN, before anything has been received."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from services.receiving.receipts.domain.closing import emit_receipt_closed
from services.receiving.receipts.domain.expectations import (
    cancel_expectations,
    emit_expectation_cancelled,
    expect_line,
    lines_violation,
)
from services.receiving.receipts.domain.records import Receipt, Unit
from services.receiving.receipts.domain.results import ReceiptResult, reject
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnCancelled, AsnChanged, AsnLine
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def amend_receipt(uow: ReceivingUnitOfWork, command: AsnChanged) -> CommandResult:
    """Remove units and quantities from a receipt, then add others."""
    receipt = uow.receipts.get(command.receipt)
    if receipt is None or receipt.warehouse is None:
        return reject(Code.RECEIPT_NOT_FOUND, f"Receipt {command.receipt} not found")
    if (
        violation := _status_violation(receipt)
        or _removal_violation(uow, receipt, command.remove)
        or lines_violation(uow, command.receipt, command.add)
    ):
        return CommandResult.rejected(violation)
    violations = [violation for line in command.remove for violation in _remove_units(uow, command.receipt, line)]
    violations += [violation for line in command.add for violation in expect_line(uow, command.receipt, line)]
    return CommandResult(ReceiptResult(receipt=command.receipt, status=receipt.status), violations=violations)


def _status_violation(receipt: Receipt) -> ProblemDetail | None:
    codes = {
        "IN_PROGRESS": Code.RECEIPT_IN_PROGRESS,
        "CLOSED": Code.RECEIPT_CLOSED,
        "CANCELLED": Code.RECEIPT_CANCELLED,
    }
    if code := codes.get(receipt.status):
        detail = f"Receipt {receipt.receipt} is {receipt.status}; its ASN cannot change"
        return ProblemDetail(code=code, detail=detail, blocked_by=[resource_path("receipts", receipt.receipt)])
    return None


def _removal_violation(uow: ReceivingUnitOfWork, receipt: Receipt, lines: Sequence[AsnLine]) -> ProblemDetail | None:
    """Check that the lines can be removed; precision is not checked, so that earlier fractions can be corrected."""
    unlisted: dict[str, Decimal] = defaultdict(Decimal)
    for removal in lines:
        line = uow.lines.get((receipt.receipt, removal.line))
        if line is None or line.sku != removal.sku:
            detail = f"Line {removal.line} of product {removal.sku} not found on receipt {receipt.receipt}"
            return ProblemDetail(code=Code.LINE_NOT_FOUND, detail=detail)
        if len(removal.serials) > removal.quantity:
            detail = f"Line {removal.line} lists {len(removal.serials)} serials for {removal.quantity} units"
            return ProblemDetail(code=Code.TOO_MANY_SERIALS, detail=detail)
        unlisted[removal.line] += removal.quantity - len(removal.serials)
        if unlisted[removal.line] > line.expected_quantity - line.listed_serials:
            available = line.expected_quantity - line.listed_serials
            detail = f"Line {removal.line} has {available} units without listed serials"
            return ProblemDetail(code=Code.QUANTITY_BELOW_LISTED_SERIALS, detail=detail)
    return None


def _remove_units(uow: ReceivingUnitOfWork, receipt: str, removal: AsnLine) -> list[ProblemDetail]:
    line = uow.lines[receipt, removal.line]
    units: list[Unit] = []
    unknown: list[str] = []
    for serial in removal.serials:
        unit = uow.get_unit(removal.sku, serial)
        if unit.status == "EXPECTED" and (unit.receipt, unit.line) == line.key:
            units.append(uow.units.put(unit.as_inactive()))
        else:
            unknown.append(serial)
    unlisted = removal.quantity - len(removal.serials)
    uow.lines.put(
        line._replace(
            expected_quantity=line.expected_quantity - unlisted - len(units),
            listed_serials=line.listed_serials - len(units),
        )
    )
    emit_expectation_cancelled(uow, line, units, unlisted, "CHANGED")
    detail = f"Line {removal.line} does not expect {len(unknown)} of these serials; the rest was applied"
    return [ProblemDetail(code=Code.SERIAL_UNEXPECTED, detail=detail, ids=unknown)] if unknown else []


def cancel_receipt(uow: ReceivingUnitOfWork, command: AsnCancelled) -> CommandResult:
    """Cancel a receipt; a cancellation that arrives before its ASN is stored."""
    receipt_id = command.receipt
    receipt = uow.receipts.get(receipt_id)
    if receipt is None:
        uow.receipts.put(
            Receipt(
                receipt=receipt_id, version=0, kind="ASN", warehouse=None, supplier="", expected_at=None,
                status="CANCELLED", session_count=0, unplanned_line_count=0, created_at=uow.now, ended_at=uow.now,
                reason=command.reason,
            )
        )  # fmt: skip
        return CommandResult(ReceiptResult(receipt=receipt_id, status="CANCELLED"))
    if violation := _status_violation(receipt):
        return CommandResult.rejected(violation)
    uow.receipts.put(receipt._replace(status="CANCELLED", ended_at=uow.now, reason=command.reason))
    cancel_expectations(uow, receipt_id, "CANCELLED")
    emit_receipt_closed(uow, receipt_id, uow.loaded_lines(receipt_id), {})
    return CommandResult(ReceiptResult(receipt=receipt_id, status="CANCELLED"))
