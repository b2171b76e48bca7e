"""An announcement is changed or cancelled, before anything of it has come."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from services.receiving.receipts.domain.announce import plan_all
from services.receiving.receipts.domain.answers import Outcome, ReceiptAnswer, by, no
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.expectations import end, misfit, withdrawn
from services.receiving.receipts.domain.records import Receipt, Unit
from services.receiving.receipts.domain.summaries import closed
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import AsnCancelled, AsnChanged, AsnLine
from shared.identifiers import address_of


def change(desk: Desk, event: CloudEvent[AsnChanged]) -> Outcome:
    """Take units and quantities out of a receipt, then add others to it."""
    wish = event.data
    receipt = desk.receipts.get(wish.receipt)
    if receipt is None or receipt.warehouse is None:
        return no(Code.UNKNOWN_RECEIPT, f"{wish.receipt} was not announced")
    if refusal := _ended(receipt) or _beyond(desk, receipt, wish.remove) or misfit(desk, wish.receipt, wish.add):
        return Outcome(refusals=[refusal])
    events: list[Fact] = []
    refusals: list[Refusal] = []
    for line in wish.remove:
        told, refused = _take_out(desk, wish.receipt, line, by(event))
        events += told
        refusals += refused
    told, refused = plan_all(desk, wish.receipt, wish.add, by(event))
    return Outcome(ReceiptAnswer(receipt=wish.receipt, status=receipt.status), events + told, refusals + refused)


def _ended(receipt: Receipt) -> Refusal | None:
    codes = {
        "ARRIVED": Code.RECEIPT_ARRIVED,
        "CLOSED": Code.RECEIPT_CLOSED,
        "CANCELLED": Code.RECEIPT_CANCELLED,
    }
    if code := codes.get(receipt.status):
        detail = f"{receipt.receipt} is {receipt.status}: its announcement stands as it is"
        return Refusal(code=code, detail=detail, blocked_by=[address_of("receipts", receipt.receipt)])
    return None


def _beyond(desk: Desk, receipt: Receipt, lines: Sequence[AsnLine]) -> Refusal | None:
    """Why lines cannot be taken out; how exactly they count is no matter, for a part is put right so."""
    unnamed: dict[str, Decimal] = defaultdict(Decimal)
    for wish in lines:
        line = desk.lines.get((receipt.receipt, wish.line))
        if line is None or line.sku != wish.sku:
            return Refusal(code=Code.UNKNOWN_LINE, detail=f"{receipt.receipt} has no line {wish.line} of {wish.sku}")
        if len(wish.serials) > wish.quantity:
            detail = f"line {wish.line} names {len(wish.serials)} serials for {wish.quantity} units"
            return Refusal(code=Code.SERIAL_COUNT, detail=detail)
        unnamed[wish.line] += wish.quantity - len(wish.serials)
        if unnamed[wish.line] > line.announced - line.named:
            detail = f"line {wish.line} has {line.announced - line.named} units without a name"
            return Refusal(code=Code.BELOW_NAMED, detail=detail)
    return None


def _take_out(desk: Desk, receipt: str, wish: AsnLine, said: dict[str, Any]) -> tuple[list[Fact], list[Refusal]]:
    line = desk.lines[receipt, wish.line]
    units: list[Unit] = []
    strange: list[str] = []
    for serial in wish.serials:
        unit = desk.unit(wish.sku, serial)
        if unit.state == "EXPECTED" and (unit.receipt, unit.line) == line.key:
            units.append(gone := unit.absent())
            desk.put_unit(gone)
        else:
            strange.append(serial)
    unnamed = wish.quantity - len(wish.serials)
    desk.put_line(line._replace(announced=line.announced - unnamed - len(units), named=line.named - len(units)))
    detail = f"line {wish.line} does not expect {len(strange)} of these units; the rest of the change stands"
    refusals = [Refusal(code=Code.SERIAL_UNEXPECTED, detail=detail, ids=strange)] if strange else []
    return withdrawn(line, units, unnamed, "CHANGED", said), refusals


def cancel(desk: Desk, event: CloudEvent[AsnCancelled]) -> Outcome:
    """Expect nothing of a receipt; a cancellation that overtakes its announcement is remembered."""
    name = event.data.receipt
    receipt = desk.receipts.get(name)
    if receipt is None:
        desk.put_receipt(
            Receipt(
                receipt=name, version=0, kind="ASN", warehouse=None, supplier="", expected_at=None, status="CANCELLED",
                sessions=0, own_lines=0, created_at=desk.now, ended_at=desk.now, reason=event.data.reason,
            )
        )  # fmt: skip
        return Outcome(ReceiptAnswer(receipt=name, status="CANCELLED"))
    if refusal := _ended(receipt):
        return Outcome(refusals=[refusal])
    desk.put_receipt(receipt._replace(status="CANCELLED", ended_at=desk.now, reason=event.data.reason))
    events, _ = end(desk, name, "CANCELLED", by(event))
    events += closed(desk, name, desk.lines_in(name), by(event), {})
    return Outcome(ReceiptAnswer(receipt=name, status="CANCELLED"), events)
