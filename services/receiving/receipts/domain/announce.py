"""An announcement, or a further part of one."""

from collections.abc import Sequence
from typing import Any

from services.receiving.receipts.domain.answers import Outcome, ReceiptAnswer, by
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.expectations import misfit, plan
from services.receiving.receipts.domain.records import Line, Receipt
from services.receiving.receipts.domain.summaries import closed
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import AsnAnnounced, AsnLine
from shared.identifiers import address_of


def announce(desk: Desk, event: CloudEvent[AsnAnnounced]) -> Outcome:
    """Open a receipt, or add to one that is open (S05)."""
    asn = event.data
    receipt = desk.receipts.get(asn.receipt)
    if refusal := _refused(desk, receipt, asn) or misfit(desk, asn.receipt, asn.lines):
        return Outcome(refusals=[refusal])
    if receipt is not None and receipt.warehouse is None:
        return _born_cancelled(desk, receipt, event)
    address = address_of("receipts", asn.receipt) if receipt is None else None
    if receipt is None:
        receipt = Receipt(
            receipt=asn.receipt, version=0, kind=asn.kind, warehouse=asn.warehouse, supplier=asn.supplier,
            expected_at=asn.expected_at, status="PLANNED", sessions=0, own_lines=0, created_at=desk.now,
        )  # fmt: skip
        desk.put_receipt(receipt)
    events, refusals = plan_all(desk, asn.receipt, asn.lines, by(event))
    return Outcome(ReceiptAnswer(receipt=asn.receipt, status=receipt.status), events, refusals, address)


def plan_all(
    desk: Desk, receipt: str, lines: Sequence[AsnLine], said: dict[str, Any]
) -> tuple[list[Fact], list[Refusal]]:
    """Plan every line; what is told and what was left out."""
    events: list[Fact] = []
    refusals: list[Refusal] = []
    for line in lines:
        told, refused = plan(desk, receipt, line, said)
        events += told
        refusals += refused
    return events, refusals


def _refused(desk: Desk, receipt: Receipt | None, asn: AsnAnnounced) -> Refusal | None:
    # An ASN may come before its warehouse, as it may before its products; who stands in the warehouse knows it.
    if asn.kind != "ASN" and asn.warehouse not in desk.zones:
        return Refusal(code=Code.UNKNOWN_WAREHOUSE, detail=f"{asn.warehouse} is not defined")
    if receipt is None or receipt.warehouse is None:
        return None
    if receipt.status in {"CLOSED", "CANCELLED"}:
        code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
        return Refusal(code=code, detail=f"{asn.receipt} is {receipt.status}: nothing can be added")
    if receipt.kind != asn.kind:
        detail = f"{asn.receipt} exists as {receipt.kind}, and {asn.kind} came"
        return Refusal(code=Code.DOCUMENT_EXISTS, detail=detail, blocked_by=[address_of("receipts", asn.receipt)])
    if receipt.warehouse != asn.warehouse:
        detail = f"{asn.receipt} is for {receipt.warehouse}, and {asn.warehouse} came"
        return Refusal(code=Code.WRONG_WAREHOUSE, detail=detail)
    return None


def _born_cancelled(desk: Desk, receipt: Receipt, event: CloudEvent[AsnAnnounced]) -> Outcome:
    """Its cancellation came first: it is written down, and nothing is expected."""
    asn = event.data
    desk.put_receipt(
        receipt._replace(kind=asn.kind, warehouse=asn.warehouse, supplier=asn.supplier, expected_at=asn.expected_at)
    )
    for wish in asn.lines:
        line = desk.lines.get((asn.receipt, wish.line)) or Line(receipt=asn.receipt, line=wish.line, sku=wish.sku)
        desk.put_line(line._replace(announced=line.announced + wish.quantity))
    lines = [desk.lines[asn.receipt, number] for number in dict.fromkeys(wish.line for wish in asn.lines)]
    events = closed(desk, asn.receipt, lines, by(event), {})
    body = ReceiptAnswer(receipt=asn.receipt, status="CANCELLED")
    return Outcome(body, events, address=address_of("receipts", asn.receipt))
