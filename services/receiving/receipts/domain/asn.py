"""Announcement of a receipt, in one or several parts."""

from services.receiving.receipts.domain.closing import emit_receipt_closed
from services.receiving.receipts.domain.expectations import expect_line, lines_violation
from services.receiving.receipts.domain.records import Receipt, ReceiptLine
from services.receiving.receipts.domain.results import ReceiptResult
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def announce_receipt(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> CommandResult:
    """Create a receipt, or add lines to an open one (S05)."""
    receipt = uow.receipts.get(asn.receipt)
    if violation := _announcement_violation(uow, receipt, asn) or lines_violation(uow, asn.receipt, asn.lines):
        return CommandResult.rejected(violation)
    if receipt is not None and receipt.warehouse is None:
        return _store_cancelled(uow, receipt, asn)
    path = resource_path("receipts", asn.receipt) if receipt is None else None
    if receipt is None:
        receipt = uow.receipts.put(
            Receipt(
                receipt=asn.receipt, version=0, kind=asn.kind, warehouse=asn.warehouse, supplier=asn.supplier,
                expected_at=asn.expected_at, status="PLANNED", session_count=0, unplanned_line_count=0,
                created_at=uow.now,
            )
        )  # fmt: skip
    violations = [violation for line in asn.lines for violation in expect_line(uow, asn.receipt, line)]
    body = ReceiptResult(receipt=asn.receipt, status=receipt.status)
    return CommandResult(body, violations=violations, resource_path=path)


def _announcement_violation(
    uow: ReceivingUnitOfWork, receipt: Receipt | None, asn: AsnAnnounced
) -> ProblemDetail | None:
    # An ASN may precede its warehouse and products. Other receipts start on site, where the warehouse must exist.
    if asn.kind != "ASN" and asn.warehouse not in uow.warehouses:
        return ProblemDetail(code=Code.WAREHOUSE_NOT_FOUND, detail=f"Warehouse {asn.warehouse} not found")
    if receipt is None or receipt.warehouse is None:
        return None
    if receipt.status in {"CLOSED", "CANCELLED"}:
        code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
        return ProblemDetail(code=code, detail=f"Receipt {asn.receipt} is {receipt.status}; lines cannot be added")
    if receipt.kind != asn.kind:
        detail = f"Receipt {asn.receipt} exists with kind {receipt.kind}, not {asn.kind}"
        return ProblemDetail(
            code=Code.DOCUMENT_EXISTS, detail=detail, blocked_by=[resource_path("receipts", asn.receipt)]
        )
    if receipt.warehouse != asn.warehouse:
        detail = f"Receipt {asn.receipt} is for warehouse {receipt.warehouse}, not {asn.warehouse}"
        return ProblemDetail(code=Code.WRONG_WAREHOUSE, detail=detail)
    return None


def _store_cancelled(uow: ReceivingUnitOfWork, receipt: Receipt, asn: AsnAnnounced) -> CommandResult:
    """Store an ASN whose cancellation arrived first; nothing is expected."""
    uow.receipts.put(
        receipt._replace(kind=asn.kind, warehouse=asn.warehouse, supplier=asn.supplier, expected_at=asn.expected_at)
    )
    for asn_line in asn.lines:
        line = uow.lines.get((asn.receipt, asn_line.line)) or ReceiptLine(
            receipt=asn.receipt, line=asn_line.line, sku=asn_line.sku
        )
        uow.lines.put(line._replace(expected_quantity=line.expected_quantity + asn_line.quantity))
    lines = [uow.lines[asn.receipt, number] for number in dict.fromkeys(asn_line.line for asn_line in asn.lines)]
    emit_receipt_closed(uow, asn.receipt, lines, {})
    body = ReceiptResult(receipt=asn.receipt, status="CANCELLED")
    return CommandResult(body).created(resource_path("receipts", asn.receipt))
