"""What may come back of lots: at most what was shipped to that customer on that order, less what came back before."""

from collections import Counter, defaultdict
from decimal import Decimal

from services.receiving.receipts.domain.answers import Outcome, by
from services.receiving.returns.domain.records import Book, Return, ReturnAnswer, ReturnLot, Shipped
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import StockReturned
from shared.contracts.reference import Tracking
from shared.identifiers import address_of
from shared.stock.decimals import too_exact

SHOWN = 20
"""Lots whose quantities a refusal spells out; it names all of them."""


def opened(book: Book, event: CloudEvent[ReceiveReturn]) -> Return:
    """The document of a return, from its first goods on."""
    wish = event.data
    if (document := book.returns.get(wish.return_id)) is None:
        document = Return(
            return_id=wish.return_id, order=wish.order, customer=wish.customer, hold=next(book.ids), at=book.now,
            actor=event.actor,
        )  # fmt: skip
        book.returns[wish.return_id] = document
    return document


def ill_counted(book: Book, tracking: Tracking, wish: ReceiveReturn) -> Refusal | None:
    """Why these cannot be lots of the product."""
    names = [one.lot for one in wish.lots]
    if tracking == "SERIAL":
        return Refusal(code=Code.SERIALS_MISSING, detail=f"{wish.sku} comes back by its serials")
    if tracking == "LOT" and not all(names):
        return Refusal(code=Code.LOT_MISSING, detail=f"{wish.sku} comes back by its lots")
    if tracking == "NONE" and any(names):
        return Refusal(
            code=Code.LOT_NOT_TRACKED, detail=f"{wish.sku} has no lots", ids=[name for name in names if name]
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        return Refusal(code=Code.LOT_REPEATED, detail="the return names a lot again", ids=twice)
    return next(filter(None, (_inexact(book, wish, one) for one in wish.lots)), None)


def _inexact(book: Book, wish: ReceiveReturn, one: LotQuantity) -> Refusal | None:
    """Why so much of a lot does not come back: it is counted in larger parts, unless all comes that left."""
    shipped = book.shipped.get((wish.order, wish.customer, wish.sku, one.lot))
    if shipped is not None and one.quantity == shipped.left:
        return None
    return too_exact(wish.sku, one.quantity, book.decimals.get(wish.sku), one.lot or wish.sku)


def receive_lots(book: Book, event: CloudEvent[ReceiveReturn]) -> Outcome:
    """Take quantities of lots back, on hold; one that is more than may come back is refused, alone."""
    wish = event.data
    back: list[LotQuantity] = []
    refused: dict[Code, list[tuple[LotQuantity, Shipped]]] = defaultdict(list)
    for some in wish.lots:
        shipped = book.shipped_of(wish.order, wish.customer, wish.sku, some.lot)
        if some.quantity > shipped.left:
            refused[_why_not(shipped, heard=(wish.order, wish.sku, some.lot) in book.left)].append((some, shipped))
        else:
            _take(book, event, some, shipped)
            back.append(some)
    refusals = [_refusal(book, wish, code, some) for code, some in refused.items()]
    if not back:
        return Outcome(refusals=refusals)
    document = opened(book, event)
    returned = StockReturned(
        return_id=wish.return_id, order=wish.order, customer=wish.customer, sku=wish.sku, lots=back,
        location=wish.location, hold=document.hold, reason=wish.reason, **by(event),
    )  # fmt: skip
    return Outcome(ReturnAnswer(return_id=wish.return_id, hold=document.hold, lots=back), [returned], refusals)


def _why_not(shipped: Shipped, *, heard: bool) -> Code:
    """Why so much cannot come back; `heard` is whether any of the lot is known to have left on the order."""
    if shipped.returned:
        return Code.ALREADY_RETURNED
    return Code.NOT_SHIPPED_TO_CUSTOMER if heard else Code.NOT_YET_KNOWN


def _take(book: Book, event: CloudEvent[ReceiveReturn], some: LotQuantity, shipped: Shipped) -> None:
    wish = event.data
    book.put_shipped(shipped._replace(returned=shipped.returned + some.quantity))
    book.came_back[shipped.key].add(wish.return_id)
    key = (wish.return_id, wish.sku, some.lot, wish.location)
    before = book.lots.get(key) or ReturnLot(
        return_id=wish.return_id, sku=wish.sku, lot=some.lot, location=wish.location, quantity=Decimal(0),
        disposed=Decimal(0), reason=wish.reason, at=book.now, actor=event.actor,
    )  # fmt: skip
    book.lots[key] = before._replace(quantity=before.quantity + some.quantity)


def _refusal(book: Book, wish: ReceiveReturn, code: Code, refused: list[tuple[LotQuantity, Shipped]]) -> Refusal:
    told = [
        f"{some.quantity:f} of {some.lot or wish.sku}, {shipped.shipped:f} shipped and {shipped.returned:f} back"
        for some, shipped in refused[:SHOWN]
    ]
    more = [f"{len(refused) - SHOWN} more"] if len(refused) > SHOWN else []
    before = sorted({name for _, shipped in refused for name in book.came_back[shipped.key]})
    return Refusal(
        code=code, detail="; ".join(told + more), ids=[some.lot or wish.sku for some, _ in refused],
        blocked_by=[address_of("returns", name) for name in before],
    )  # fmt: skip
