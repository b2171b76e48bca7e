"""Closing of a receipt: missing quantities become discrepancies and are no longer expected.

A shortage is decided by the closing. Goods that were rejected on arrival have come, and are not part of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from services.receiving.receipts.domain.expectations import cancel_expectations
from services.receiving.receipts.domain.receive import record_discrepancies
from services.receiving.receipts.domain.records import Discrepancy, ReceiptLine
from services.receiving.receipts.domain.rejected_goods import rejected_by_line
from services.receiving.receipts.domain.results import ReceiptResult, reject
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.receiving import LineSummary, ReceiptClosed
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def close_receipt(uow: ReceivingUnitOfWork, command: CloseReceipt) -> CommandResult:
    """Close a receipt without open sessions and open discrepancies (S15, S16)."""
    receipt_id = command.receipt
    receipt = uow.receipts.get(receipt_id)
    if receipt is None:
        return reject(Code.RECEIPT_NOT_FOUND, f"Receipt {receipt_id} not found")
    if receipt.status in {"CLOSED", "CANCELLED"}:
        code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
        detail = f"Receipt {receipt_id} is {receipt.status} since {receipt.ended_at}"
        return reject(code, detail, blocked_by=[resource_path("receipts", receipt_id)])
    sessions = [session for session in uow.sessions_by_receipt[receipt_id] if session.status == "OPEN"]
    if sessions:
        owners = ", ".join(sorted({session.owner for session in sessions}))
        session_paths = [resource_path("receipts", receipt_id, "sessions", session.session) for session in sessions]
        return reject(
            Code.SESSION_OPEN, f"Receipt {receipt_id} has open sessions of {owners}", blocked_by=session_paths
        )
    if violation := _open_discrepancies_violation(uow, receipt_id):
        return CommandResult.rejected(violation)
    uow.receipts.put(receipt._replace(status="CLOSED", ended_at=uow.now))
    missing = cancel_expectations(uow, receipt_id, "CLOSED")
    lines = uow.loaded_lines(receipt_id)
    rejections = [existing for existing in uow.discrepancies_by_receipt[receipt_id] if existing.resolution == "REJECT"]
    rejected, still_missing = rejected_by_line(lines, missing, rejections)
    shortfalls = [
        Discrepancy(
            discrepancy=next(uow.ids), receipt=receipt_id, session=None, kind="SHORT", line=line.line, sku=line.sku,
            serial=None, missing_serials=still_missing[line.line], quantity=shortage, location=None,
            conflicting_value=None, found_at=uow.now, found_by=uow.event.actor, resolution="ACCEPT",
            reason="receipt closed", resolved_at=uow.now, resolved_by=uow.event.actor,
        )
        for line in lines
        if (shortage := line.missing_quantity - rejected[line.line]) > 0
    ]  # fmt: skip
    ids = record_discrepancies(uow, shortfalls)
    unexpected = Counter(
        existing.line for existing in uow.discrepancies_by_receipt[receipt_id] if existing.kind == "UNEXPECTED"
    )
    emit_receipt_closed(uow, receipt_id, lines, unexpected, rejected)
    return CommandResult(ReceiptResult(receipt=receipt_id, status="CLOSED", discrepancies=ids))


def _open_discrepancies_violation(uow: ReceivingUnitOfWork, receipt_id: str) -> ProblemDetail | None:
    """Check that every discrepancy is decided, since after closing an expected unit can no longer be matched."""
    found = [existing for existing in uow.discrepancies_by_receipt[receipt_id] if existing.resolution is None]
    if not found:
        return None
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(item.kind for item in found).items()))
    ids = sorted(existing.discrepancy for existing in found)[:MAX_ITEMS_PER_MESSAGE]
    return ProblemDetail(
        code=Code.DISCREPANCY_OPEN, detail=f"Receipt {receipt_id} has open discrepancies: {counts}", ids=ids,
        blocked_by=[resource_path("discrepancies", discrepancy) for discrepancy in ids],
    )  # fmt: skip


def emit_receipt_closed(
    uow: ReceivingUnitOfWork, receipt_id: str, lines: Sequence[ReceiptLine], unexpected: Mapping[str | None, int],
    rejected: Mapping[str, Decimal] | None = None,
) -> None:  # fmt: skip
    """Emit the events of a closed or cancelled receipt, with one summary per line."""
    receipt = uow.receipts[receipt_id]
    summaries = []
    for line in lines:
        rejected_quantity = (rejected or {}).get(line.line, Decimal(0))
        over_quantity = line.received - line.expected_quantity if receipt.kind == "ASN" else 0
        summaries.append(
            LineSummary(
                line=line.line, sku=line.sku, announced=float(line.expected_quantity), received=float(line.received),
                short=0 if receipt.status == "CANCELLED" else float(line.missing_quantity - rejected_quantity),
                rejected_quantity=float(rejected_quantity), over=float(max(over_quantity, 0)),
                unexpected=unexpected.get(line.line, 0),
            )
        )  # fmt: skip
    for chunk in chunks(summaries) if summaries else [()]:
        uow.emit(
            ReceiptClosed, receipt=receipt_id, warehouse=receipt.warehouse, status=receipt.status,
            lines=list(chunk),
        )  # fmt: skip
