"""Scans against a receipt: each serial gets its own verdict (S13, S14, S16)."""

from services.receiving.receipts.domain.answers import Outcome, ScanAnswer, ScanVerdict, Verdict, no
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.judging import judge
from services.receiving.receipts.domain.records import Receipt, Session
from shared.contracts.commands.receiving import Scan
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.identifiers import warehouse_of

REFUSED: dict[Verdict, tuple[Code, str]] = {
    "BADLY_FORMED": (Code.SERIAL_BADLY_FORMED, "no serial"),
    "DUPLICATE_IN_RECEIPT": (Code.SERIAL_REPEATED, "scanned on this receipt already"),
}


def scan(desk: Desk, event: CloudEvent[Scan]) -> Outcome:
    """Judge every serial; accepted ones are in the session, others are set aside or refused."""
    wish = event.data
    receipt = desk.receipts.get(wish.receipt)
    sku = wish.sku if wish.barcode is None else desk.barcodes.get(wish.barcode)
    session = desk.sessions.get((wish.receipt, wish.session))
    if refusal := (
        _closed_to_scans(wish, receipt)
        or _not_scannable(desk, wish, sku)
        or _wrong_place(desk, wish, receipt)
        or (session and not_theirs(session, event.actor))
    ):
        return Outcome(refusals=[refusal])
    if receipt is None or sku is None:  # said above, and told to the type checker here
        return no(Code.UNKNOWN_RECEIPT, wish.receipt)
    verdicts = judge(desk, event, receipt, sku)
    kinds = [verdict.verdict for verdict in verdicts]
    refused = [_refusal(kind, verdicts) for kind in REFUSED if kind in kinds]
    left_out = sum(len(refusal.ids) for refusal in refused)
    if left_out == len(verdicts):
        return Outcome(refusals=refused)
    accepted = kinds.count("ACCEPTED")
    if session is None:
        _open(desk, event)
    body = ScanAnswer.model_construct(
        receipt=wish.receipt, session=wish.session, sku=sku, accepted=accepted,
        set_aside=len(verdicts) - accepted - left_out, verdicts=verdicts,
    )  # fmt: skip
    return Outcome(body, refusals=refused)


def _open(desk: Desk, event: CloudEvent[Scan]) -> None:
    wish = event.data
    desk.put_session(Session(wish.receipt, wish.session, event.actor, "OPEN", desk.now))
    receipt = desk.receipts[wish.receipt]
    desk.put_receipt(receipt._replace(status="ARRIVED", sessions=receipt.sessions + 1))


def not_theirs(session: Session, actor: str) -> Refusal | None:
    """Why this person cannot go on with a session."""
    address = f"/receipts/{session.receipt}/sessions/{session.session}"
    if session.state != "OPEN":
        detail = f"session {session.session} is {session.state}"
        return Refusal(code=Code.SESSION_ENDED, detail=detail, blocked_by=[address])
    if session.owner != actor:
        detail = f"session {session.session} is {session.owner}'s, not {actor}'s"
        return Refusal(code=Code.SESSION_OF_ANOTHER, detail=detail, blocked_by=[address])
    return None


def _closed_to_scans(wish: Scan, receipt: Receipt | None) -> Refusal | None:
    if receipt is None:
        return Refusal(code=Code.UNKNOWN_RECEIPT, detail=f"{wish.receipt} was neither announced nor opened")
    if receipt.status == "CANCELLED":
        return Refusal(code=Code.RECEIPT_CANCELLED, detail=f"{wish.receipt} was cancelled: {receipt.reason}")
    if receipt.status == "CLOSED":
        return Refusal(code=Code.RECEIPT_CLOSED, detail=f"{wish.receipt} was closed")
    return None


def _not_scannable(desk: Desk, wish: Scan, sku: str | None) -> Refusal | None:
    tracking = desk.trackings.get(sku) if sku else None
    if tracking is None:
        return Refusal(code=Code.UNKNOWN_PRODUCT, detail=f"{wish.sku or wish.barcode} is no product")
    if tracking != "SERIAL":
        detail = f"{sku} is tracked as {tracking}; counted goods cannot be received by scanning serials"
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=detail)
    return None


def _wrong_place(desk: Desk, wish: Scan, receipt: Receipt | None) -> Refusal | None:
    kind = desk.locations.get(wish.location)
    if kind is None:
        return Refusal(code=Code.UNKNOWN_LOCATION, detail=f"{wish.location} is not defined")
    if receipt and warehouse_of(wish.location) != receipt.warehouse:
        detail = f"{wish.location} is not in {receipt.warehouse}, where {wish.receipt} is received"
        return Refusal(code=Code.WRONG_WAREHOUSE, detail=detail)
    if receipt and receipt.kind != "OPENING" and kind not in {"DOCK", "STAGING"}:
        detail = f"{wish.location} is of type {kind}; goods are received at a dock or staging place"
        return Refusal(code=Code.WRONG_LOCATION_TYPE, detail=detail)
    return None


def _refusal(kind: Verdict, verdicts: list[ScanVerdict]) -> Refusal:
    code, what = REFUSED[kind]
    serials = [verdict.serial for verdict in verdicts if verdict.verdict == kind]
    return Refusal(code=code, detail=f"{len(serials)} of {len(verdicts)} scans: {what}", ids=serials)
