"""How a receipt ended, line by line."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import Line
from shared.contracts.envelope import Fact, chunks
from shared.contracts.receiving import LineSummary, ReceiptClosed


def closed(
    desk: Desk, receipt: str, lines: Sequence[Line], said: dict[str, Any], unexpected: Mapping[str | None, int]
) -> list[Fact]:
    """Tell that a receipt has ended, one summary a line."""
    ended = desk.receipts[receipt]
    summaries = []
    for line in lines:
        over = line.received - line.announced if ended.kind == "ASN" else 0
        summaries.append(
            LineSummary(
                line=line.line, sku=line.sku, announced=float(line.announced), received=float(line.received),
                short=0 if ended.status == "CANCELLED" else float(line.missing),
                over=float(max(over, 0)), unexpected=unexpected.get(line.line, 0),
            )
        )  # fmt: skip
    head = {"receipt": receipt, "warehouse": ended.warehouse or "", "status": ended.status, **said}
    return [ReceiptClosed(**head, lines=list(run)) for run in chunks(summaries)] or [ReceiptClosed(**head)]
