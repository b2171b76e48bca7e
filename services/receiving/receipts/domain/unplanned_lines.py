"""Unplanned lines, for blind receipts and for accepted discrepancies."""

from services.receiving.receipts.domain.records import ReceiptLine
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork


def add_unplanned_line(uow: ReceivingUnitOfWork, receipt_id: str, sku: str) -> ReceiptLine:
    """Add a line to a receipt; its `+` prefix is not allowed in ASN line numbers."""
    receipt = uow.receipts[receipt_id]
    uow.put_receipt(receipt._replace(unplanned_line_count=receipt.unplanned_line_count + 1))
    line = ReceiptLine(receipt=receipt_id, line=f"+{receipt.unplanned_line_count + 1}", sku=sku)
    uow.put_line(line)
    return line
