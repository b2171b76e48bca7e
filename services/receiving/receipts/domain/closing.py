"""Closing of a receipt: missing quantities become discrepancies and are no longer expected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from services.receiving.receipts.domain.expectations import cancel_expectations
from services.receiving.receipts.domain.receive import discrepancy_found_event
from services.receiving.receipts.domain.records import Discrepancy, ReceiptLine
from services.receiving.receipts.domain.results import CommandOutcome, ReceiptResult, context_of, reject
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.problems import Code
from shared.contracts.receiving import LineSummary, ReceiptClosed
from shared.identifiers import resource_path


def close_receipt(uow: ReceivingUnitOfWork, event: CloudEvent[CloseReceipt]) -> CommandOutcome:
    """Close a receipt that has no open session (S15, S16)."""
    receipt_id = event.data.receipt
    receipt = uow.receipts.get(receipt_id)
    if receipt is None:
        return reject(Code.RECEIPT_NOT_FOUND, f"Receipt {receipt_id} not found")
    if receipt.status in {"CLOSED", "CANCELLED"}:
        code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
        detail = f"Receipt {receipt_id} is {receipt.status} since {receipt.ended_at}"
        return reject(code, detail, blocked_by=[resource_path("receipts", receipt_id)])
    sessions = [
        session for session in uow.sessions.values() if session.receipt == receipt_id and session.status == "OPEN"
    ]
    if sessions:
        owners = ", ".join(sorted({session.owner for session in sessions}))
        session_paths = [resource_path("receipts", receipt_id, "sessions", session.session) for session in sessions]
        return reject(
            Code.SESSION_OPEN, f"Receipt {receipt_id} has open sessions of {owners}", blocked_by=session_paths
        )
    uow.put_receipt(receipt._replace(status="CLOSED", ended_at=uow.now))
    events, missing = cancel_expectations(uow, receipt_id, "CLOSED", context_of(event))
    lines = uow.loaded_lines(receipt_id)
    shortfalls = [
        Discrepancy(
            discrepancy=next(uow.ids), receipt=receipt_id, session=None, kind="SHORT", line=line.line, sku=line.sku,
            serial=None, missing_serials=missing.get(line.line, []), quantity=line.missing_quantity, location=None,
            conflicting_value=None, found_at=uow.now, found_by=event.actor,
        )
        for line in lines
        if line.missing_quantity > 0
    ]  # fmt: skip
    for discrepancy in shortfalls:
        uow.put_discrepancy(discrepancy)
    events += [discrepancy_found_event(discrepancy, context_of(event)) for discrepancy in shortfalls]
    unexpected = Counter(
        existing.line
        for existing in uow.discrepancies.values()
        if existing.receipt == receipt_id and existing.kind == "UNEXPECTED"
    )
    events += receipt_closed_events(uow, receipt_id, lines, context_of(event), unexpected)
    ids = [discrepancy.discrepancy for discrepancy in shortfalls]
    return CommandOutcome(ReceiptResult(receipt=receipt_id, status="CLOSED", discrepancies=ids), events)


def receipt_closed_events(
    uow: ReceivingUnitOfWork,
    receipt_id: str,
    lines: Sequence[ReceiptLine],
    context: dict[str, Any],
    unexpected: Mapping[str | None, int],
) -> list[Message]:
    """Create the events of a closed or cancelled receipt, with one summary per line."""
    receipt = uow.receipts[receipt_id]
    summaries = []
    for line in lines:
        over_quantity = line.received - line.expected_quantity if receipt.kind == "ASN" else 0
        summaries.append(
            LineSummary(
                line=line.line, sku=line.sku, announced=float(line.expected_quantity), received=float(line.received),
                short=0 if receipt.status == "CANCELLED" else float(line.missing_quantity),
                over=float(max(over_quantity, 0)), unexpected=unexpected.get(line.line, 0),
            )
        )  # fmt: skip
    common_fields = {
        "receipt": receipt_id,
        "warehouse": receipt.warehouse or "",
        "status": receipt.status,
        **context,
    }
    return [ReceiptClosed(**common_fields, lines=list(chunk)) for chunk in chunks(summaries)] or [
        ReceiptClosed(**common_fields)
    ]
