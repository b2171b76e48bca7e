"""Line summaries of a closed or cancelled receipt."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.receiving.receipts.domain.records import ReceiptLine
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import Message, chunks
from shared.contracts.receiving import LineSummary, ReceiptClosed


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
