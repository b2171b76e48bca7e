"""Scans against a receipt: each serial, each lot gets its own verdict (S13, S14, S16, S23)."""

from collections.abc import Sequence

from services.receiving.receipts.domain.answers import LotVerdict, Outcome, ScanAnswer, ScanVerdict, Verdict, no
from services.receiving.receipts.domain.counting import judge as judge_lots
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.judging import WELL_FORMED, judge
from services.receiving.receipts.domain.records import Receipt, Session
from shared.contracts.commands.receiving import Scan
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of, warehouse_of

REFUSED: dict[Verdict, tuple[Code, str]] = {
    "BADLY_FORMED": (Code.SERIAL_BADLY_FORMED, "no serial"),
    "DUPLICATE_IN_RECEIPT": (Code.SERIAL_REPEATED, "scanned on this receipt already"),
}
REFUSED_LOTS: dict[Verdict, tuple[Code, str]] = {
    "BADLY_FORMED": (Code.LOT_BADLY_FORMED, "no lot number"),
    "LOT_MISSING": (Code.LOT_MISSING, "without a lot number"),
    "LOT_NOT_TRACKED": (Code.LOT_NOT_TRACKED, "a lot or dates of a product that is tracked by neither"),
    "REPEATED": (Code.LOT_REPEATED, "named before in the same message"),
    "QUANTITY_MISSING": (Code.QUANTITY_MISSING, "without a quantity"),
    "NOT_WHOLE": (Code.NOT_WHOLE, "a smaller part than the product is counted in, with {decimals} decimals"),
    "DATES_DIFFER": (Code.DATES_DIFFER, "other dates than were given for the lot on this receipt"),
    "EXPIRY_MISSING": (Code.EXPIRY_MISSING, "without an expiry date"),
    "EXPIRED": (Code.EXPIRED, "past the expiry date"),
    "SHORT_LIFE": (Code.SHORT_LIFE, "too few days of life left"),
    "TOO_MANY": (Code.TOO_MANY_UNITS, "more of a lot than one session can receive at a place"),
}


def scan(desk: Desk, event: CloudEvent[Scan]) -> Outcome:
    """Judge every serial or lot; what is accepted is in the session, the rest is set aside or refused."""
    wish = event.data
    receipt = desk.receipts.get(wish.receipt)
    sku = product_of(desk, wish)
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
    serials = judge(desk, event, receipt, sku) if wish.serials else []
    lots = judge_lots(desk, event, receipt, sku) if wish.lots else []
    verdicts, codes = (lots, REFUSED_LOTS) if wish.lots else (serials, REFUSED)
    kinds = [verdict.verdict for verdict in verdicts]
    decimals = desk.decimals.get(sku)
    refused = [
        _refusal(kind, code, what.format(decimals=decimals), verdicts)
        for kind, (code, what) in codes.items()
        if kind in kinds
    ]
    left_out = sum(len(refusal.ids) for refusal in refused)
    if left_out == len(verdicts):
        return Outcome(refusals=refused)
    accepted = kinds.count("ACCEPTED")
    if session is None:
        _open(desk, event)
    body = ScanAnswer.model_construct(
        receipt=wish.receipt, session=wish.session, sku=sku, accepted=accepted,
        set_aside=len(verdicts) - accepted - left_out, verdicts=serials, lots=lots,
    )  # fmt: skip
    return Outcome(body, refusals=refused)


def product_of(desk: Desk, wish: Scan) -> str | None:
    """The product that was scanned, by its sku or a barcode."""
    if wish.barcode is None:
        return wish.sku
    coded = desk.barcodes.get(wish.barcode)
    return coded and coded.sku


def _open(desk: Desk, event: CloudEvent[Scan]) -> None:
    wish = event.data
    desk.put_session(
        Session(receipt=wish.receipt, session=wish.session, owner=event.actor, state="OPEN", opened_at=desk.now)
    )
    receipt = desk.receipts[wish.receipt]
    desk.put_receipt(receipt._replace(status="ARRIVED", sessions=receipt.sessions + 1))


def not_theirs(session: Session, actor: str) -> Refusal | None:
    """Why this person cannot go on with a session."""
    address = address_of("receipts", session.receipt, "sessions", session.session)
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
    if wish.serials and tracking != "SERIAL":
        detail = f"{sku} is tracked as {tracking}; counted goods cannot be received by scanning serials"
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=detail)
    if wish.lots and tracking == "SERIAL":
        detail = f"{sku} is tracked as {tracking}; its units cannot be received by their lot or number"
        return Refusal(code=Code.SERIALS_MISSING, detail=detail)
    return _ill_labelled(desk, wish, sku or "") if wish.serials else None


def _ill_labelled(desk: Desk, wish: Scan, sku: str) -> Refusal | None:
    """What is wrong with the lot and the expiry that serialised units show; the rules of lots hold for them too."""
    if wish.lot and not WELL_FORMED.match(wish.lot):
        return Refusal(code=Code.LOT_BADLY_FORMED, detail="that is no lot number", ids=[wish.lot])
    life = desk.life(sku)
    if wish.expiry is None and life.expiry_required:
        return Refusal(code=Code.EXPIRY_MISSING, detail=f"units of {sku} are received with their expiry")
    late = desk.too_late(sku, wish.location, wish.expiry)
    if late and life.short_life == "REFUSE":
        detail = f"these units of {sku} expire on {wish.expiry}; {life.min_life_at_receipt} days have to be left"
        return Refusal(code=Code.EXPIRED if late == "expired" else Code.SHORT_LIFE, detail=detail)
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


def _refusal(kind: Verdict, code: Code, what: str, verdicts: Sequence[ScanVerdict | LotVerdict]) -> Refusal:
    names = [verdict.named for verdict in verdicts if verdict.verdict == kind]
    return Refusal(code=code, detail=f"{len(names)} of {len(verdicts)} scans: {what}", ids=names)
