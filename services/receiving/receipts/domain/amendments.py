"""Amendment and cancellation of an ASN, before anything has been received."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from services.receiving.receipts.domain.announced_cartons import amended_cartons
from services.receiving.receipts.domain.announced_lines import limit_violation, restate_lines
from services.receiving.receipts.domain.announced_lots import format_lots, parse_lots, without_serials
from services.receiving.receipts.domain.closing import emit_receipt_closed
from services.receiving.receipts.domain.expectations import cancel_expectations, lines_violation
from services.receiving.receipts.domain.records import AnnouncedLine, Receipt
from services.receiving.receipts.domain.results import ReceiptResult
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnCancelled, AsnChanged, AsnLine, AsnLineChange
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def amend_receipt(uow: ReceivingUnitOfWork, command: AsnChanged) -> CommandResult:
    """Replace what the parts of an ASN say about some of its lines, and its supplier or arrival time."""
    receipt = uow.receipts.get(command.receipt)
    if receipt is None:
        return _keep(uow, command)
    numbers = [entry.line for entry in command.lines]
    before = [row for row in uow.announced_by_receipt[command.receipt] if row.line in set(numbers)]
    after = [
        _amended(command.receipt, entry, [row for row in before if row.line == entry.line]) for entry in command.lines
    ]
    stated = [
        AsnLine.model_construct(
            line=row.line, sku=row.sku, quantity=row.quantity, serials=row.serials, lots=parse_lots(row.lots)
        )
        for row in after
    ]
    after = [row for row in after if row.quantity]
    cartons = amended_cartons(uow, command.receipt, before, after)
    if violation := (
        _status_violation(receipt)
        or _repeated_line_violation(numbers)
        or _omission_violation(command, before)
        or lines_violation(uow, command.receipt, stated)
        or limit_violation(uow, command.receipt, before, after)
        or (cartons if isinstance(cartons, ProblemDetail) else None)
    ):
        return CommandResult.rejected(violation)
    uow.receipts.put(
        receipt._replace(
            supplier=receipt.supplier if command.supplier is None else command.supplier,
            expected_at=receipt.expected_at if command.expected_at is None else command.expected_at,
        )
    )
    violations = restate_lines(uow, command.receipt, before, after)
    for carton in cartons if isinstance(cartons, list) else ():
        uow.announced_cartons.put(carton)
    return CommandResult(ReceiptResult(receipt=command.receipt, status=receipt.status), violations=violations)


def _amended(receipt: str, change: AsnLineChange, before: Sequence[AnnouncedLine]) -> AnnouncedLine:
    """Return the whole line as amended; it belongs to the first part that names it."""
    stated = sum((row.quantity for row in before), Decimal(0))
    listed = [serial for row in before for serial in row.serials]
    lots = [lot for row in before for lot in parse_lots(row.lots)]
    if change.lots is not None:
        lots = change.lots
    elif change.serials is not None:
        lots = without_serials(lots, {*listed} - {*change.serials})
    return AnnouncedLine(
        receipt=receipt, part=min((row.part for row in before), default=1), line=change.line, sku=change.sku,
        quantity=stated if change.quantity is None else change.quantity,
        serials=list(dict.fromkeys(listed)) if change.serials is None else change.serials, rejected=[],
        lots=format_lots(lots),
    )  # fmt: skip


def _repeated_line_violation(numbers: Sequence[str]) -> ProblemDetail | None:
    if repeated := [number for number, count in Counter(numbers).items() if count > 1]:
        detail = f"Duplicate line {', '.join(repeated)}"
        return ProblemDetail(code=Code.DUPLICATE_LINE, detail=detail, ids=repeated)
    return None


def _omission_violation(command: AsnChanged, before: Sequence[AnnouncedLine]) -> ProblemDetail | None:
    """Check that a new line has a quantity, and that omitted serials still fit the quantity."""
    serial_counts = Counter({row.line: 0 for row in before})
    for row in before:
        serial_counts[row.line] += len(row.serials) - len(row.rejected)
    for entry in command.lines:
        if entry.quantity is None and entry.line not in serial_counts:
            detail = f"Line {entry.line} is not on receipt {command.receipt}; a new line needs a quantity"
            return ProblemDetail(code=Code.QUANTITY_REQUIRED, detail=detail)
        if entry.quantity is not None and entry.serials is None and entry.quantity < serial_counts[entry.line]:
            detail = (
                f"Line {entry.line} lists {serial_counts[entry.line]} serials for {entry.quantity} units;"
                " send the serials that remain"
            )
            return ProblemDetail(code=Code.QUANTITY_BELOW_LISTED_SERIALS, detail=detail)
    return None


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


def cancel_receipt(uow: ReceivingUnitOfWork, command: AsnCancelled) -> CommandResult:
    """Cancel a receipt; a cancellation that arrives before its ASN is kept."""
    receipt_id = command.receipt
    receipt = uow.receipts.get(receipt_id)
    if receipt is None:
        return _keep(uow, command)
    if violation := _status_violation(receipt):
        return CommandResult.rejected(violation)
    uow.receipts.put(receipt._replace(status="CANCELLED", ended_at=uow.now, reason=command.reason))
    cancel_expectations(uow, receipt_id, "CANCELLED")
    emit_receipt_closed(uow, receipt_id, uow.loaded_lines(receipt_id), {})
    return CommandResult(ReceiptResult(receipt=receipt_id, status="CANCELLED"))


def apply_waiting_messages(uow: ReceivingUnitOfWork, receipt: str) -> None:
    """Apply what arrived before the ASN, in order of arrival, each as the cause of its effects and of its rejection.

    The cancellation of a receipt that was created as cancelled has had its effect.
    """
    announcement = uow.event
    is_cancelled = uow.receipts[receipt].status == "CANCELLED"
    for event in uow.waiting.take(receipt):
        uow.event = event
        if isinstance(event.data, AsnCancelled) and is_cancelled:
            continue
        for violation in amend_receipt(uow, event.data).violations:
            uow.reject(event, violation)
    uow.event = announcement


def _keep(uow: ReceivingUnitOfWork, command: AsnChanged | AsnCancelled) -> CommandResult:
    """Keep a change until its ASN arrives."""
    uow.waiting.keep(command.receipt, uow.event, uow.now)
    return CommandResult.waiting(ReceiptResult(receipt=command.receipt, status="UNKNOWN"), command.receipt)
