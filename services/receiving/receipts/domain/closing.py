"""A receipt is closed: what did not come is short, and expected no longer."""

from collections import Counter

from services.receiving.receipts.domain.answers import Outcome, ReceiptAnswer, by, no
from services.receiving.receipts.domain.arriving import discrepancy_fact
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.expectations import end
from services.receiving.receipts.domain.records import Discrepancy
from services.receiving.receipts.domain.summaries import closed
from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.identifiers import address_of


def close(desk: Desk, event: CloudEvent[CloseReceipt]) -> Outcome:
    """End a receipt, once nobody scans on it any more (S15, S16)."""
    name = event.data.receipt
    receipt = desk.receipts.get(name)
    if receipt is None:
        return no(Code.UNKNOWN_RECEIPT, f"{name} was neither announced nor opened")
    if receipt.status in {"CLOSED", "CANCELLED"}:
        code = Code.RECEIPT_CLOSED if receipt.status == "CLOSED" else Code.RECEIPT_CANCELLED
        return no(
            code, f"{name} is {receipt.status} since {receipt.ended_at}", blocked_by=[address_of("receipts", name)]
        )
    sessions = [session for session in desk.sessions.values() if session.receipt == name and session.state == "OPEN"]
    if sessions:
        owners = ", ".join(sorted({session.owner for session in sessions}))
        addresses = [address_of("receipts", name, "sessions", session.session) for session in sessions]
        return no(Code.SESSION_OPEN, f"{name} has unconfirmed scans of {owners}", blocked_by=addresses)
    desk.put_receipt(receipt._replace(status="CLOSED", ended_at=desk.now))
    events, missing = end(desk, name, "CLOSED", by(event))
    lines = desk.lines_in(name)
    short = [
        Discrepancy(
            discrepancy=next(desk.ids), receipt=name, session=None, kind="SHORT", line=line.line, sku=line.sku,
            serial=None, missing=missing.get(line.line, []), quantity=line.missing, location=None, other=None,
            found_at=desk.now, found_by=event.actor,
        )
        for line in lines
        if line.missing > 0
    ]  # fmt: skip
    for discrepancy in short:
        desk.put_discrepancy(discrepancy)
    events += [discrepancy_fact(discrepancy, by(event)) for discrepancy in short]
    unexpected = Counter(
        found.line for found in desk.discrepancies.values() if found.receipt == name and found.kind == "UNEXPECTED"
    )
    events += closed(desk, name, lines, by(event), unexpected)
    ids = [discrepancy.discrepancy for discrepancy in short]
    return Outcome(ReceiptAnswer(receipt=name, status="CLOSED", discrepancies=ids), events)
