"""Announcement of a receipt, in one or several parts."""

from services.receiving.receipts.domain.amendments import apply_waiting_messages
from services.receiving.receipts.domain.announced_cartons import (
    announced_cartons_of,
    cartons_violation,
    has_same_cartons,
    replaced_cartons,
    restate_cartons,
)
from services.receiving.receipts.domain.announced_lines import (
    announced_lines_of,
    is_same_content,
    limit_violation,
    replaced_lines,
    restate_lines,
)
from services.receiving.receipts.domain.closing import emit_receipt_closed
from services.receiving.receipts.domain.expectations import lines_violation
from services.receiving.receipts.domain.records import AnnouncedLine, Receipt, ReceiptLine
from services.receiving.receipts.domain.results import ReceiptResult
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced, AsnCancelled
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def announce_receipt(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> CommandResult:
    """Create a receipt, or replace what this part of an open one said (S05).

    The same content again changes nothing, also on a receipt that has ended.
    """
    receipt = uow.receipts.get(asn.receipt)
    before, after = replaced_lines(uow, asn), announced_lines_of(asn)
    if violation := _document_violation(uow, receipt, asn):
        return CommandResult.rejected(violation)
    cartons_before = replaced_cartons(uow, asn)
    if receipt and receipt.status in {"CLOSED", "CANCELLED"}:
        is_same = is_same_content(before, after) and has_same_cartons(cartons_before, asn)
        return _repeat_ended(receipt, asn, is_same=is_same)
    if violation := (
        lines_violation(uow, asn.receipt, asn.lines)
        or limit_violation(uow, asn.receipt, before, after)
        or cartons_violation(uow, asn)
    ):
        return CommandResult.rejected(violation)
    cartons = announced_cartons_of(asn)
    if receipt is None and (cancellation := _waiting_cancellation(uow, asn.receipt)):
        for carton in cartons:
            uow.announced_cartons.put(carton)
        return _store_cancelled(uow, cancellation, asn, after)
    path = resource_path("receipts", asn.receipt) if receipt is None else None
    receipt = uow.receipts.put(_with_header(receipt, asn) if receipt else _new_receipt(uow, asn))
    violations = restate_lines(uow, asn.receipt, before, after)
    restate_cartons(uow, cartons_before, cartons)
    apply_waiting_messages(uow, asn.receipt)
    body = ReceiptResult(receipt=asn.receipt, status=receipt.status)
    return CommandResult(body, violations=violations, resource_path=path)


def _waiting_cancellation(uow: ReceivingUnitOfWork, receipt: str) -> AsnCancelled | None:
    waiting = [event.data for event in uow.waiting.events_of(receipt)]
    return next((data for data in waiting if isinstance(data, AsnCancelled)), None)


def _document_violation(uow: ReceivingUnitOfWork, receipt: Receipt | None, asn: AsnAnnounced) -> ProblemDetail | None:
    # An ASN may precede its warehouse and products. Other receipts start on site, where the warehouse must exist.
    if asn.kind != "ASN" and asn.warehouse not in uow.warehouses:
        return ProblemDetail(code=Code.WAREHOUSE_NOT_FOUND, detail=f"Warehouse {asn.warehouse} not found")
    if receipt is None:
        return None
    if receipt.kind != asn.kind:
        detail = f"Receipt {asn.receipt} exists with kind {receipt.kind}, not {asn.kind}"
        return ProblemDetail(
            code=Code.DOCUMENT_EXISTS, detail=detail, blocked_by=[resource_path("receipts", asn.receipt)]
        )
    if receipt.warehouse != asn.warehouse:
        detail = (
            f"Receipt {asn.receipt} is for warehouse {receipt.warehouse}, not {asn.warehouse}, and cannot change:"
            " cancel the receipt and announce another one"
        )
        return ProblemDetail(
            code=Code.WRONG_WAREHOUSE, detail=detail, blocked_by=[resource_path("receipts", asn.receipt)]
        )
    return None


def _repeat_ended(receipt: Receipt, asn: AsnAnnounced, *, is_same: bool) -> CommandResult:
    if is_same and _with_header(receipt, asn) == receipt:
        return CommandResult(ReceiptResult(receipt=receipt.receipt, status=receipt.status))
    code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
    detail = f"Receipt {receipt.receipt} is {receipt.status}; its ASN cannot change"
    return CommandResult.rejected(ProblemDetail(code=code, detail=detail))


def _new_receipt(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> Receipt:
    return Receipt(
        receipt=asn.receipt, version=0, kind=asn.kind, warehouse=asn.warehouse, supplier=asn.supplier,
        expected_at=asn.expected_at, status="PLANNED", session_count=0, unplanned_line_count=0, created_at=uow.now,
    )  # fmt: skip


def _with_header(receipt: Receipt, asn: AsnAnnounced) -> Receipt:
    """Return the receipt with the supplier and arrival time of a part; what it omits stays as it is."""
    return receipt._replace(
        supplier=asn.supplier if "supplier" in asn.model_fields_set else receipt.supplier,
        expected_at=asn.expected_at if "expected_at" in asn.model_fields_set else receipt.expected_at,
    )


def _store_cancelled(
    uow: ReceivingUnitOfWork, cancellation: AsnCancelled, asn: AsnAnnounced, announced: list[AnnouncedLine]
) -> CommandResult:
    """Store an ASN whose cancellation arrived first; nothing is expected."""
    uow.receipts.put(_new_receipt(uow, asn)._replace(status="CANCELLED", ended_at=uow.now, reason=cancellation.reason))
    for row in announced:
        uow.announced_lines.put(row)
        uow.lines.put(
            ReceiptLine(receipt=row.receipt, line=row.line, sku=row.sku, expected_quantity=row.quantity)
        )  # fmt: skip
    emit_receipt_closed(uow, asn.receipt, [uow.lines[row.receipt, row.line] for row in announced], {})
    apply_waiting_messages(uow, asn.receipt)
    body = ReceiptResult(receipt=asn.receipt, status="CANCELLED")
    return CommandResult(body).created(resource_path("receipts", asn.receipt))
