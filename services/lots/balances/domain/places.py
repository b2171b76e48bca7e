"""Where counted stock lies: put away into storage, moved between places of one kind."""

from collections.abc import Mapping, Sequence

from services.lots.balances.domain import holds, mixing
from services.lots.balances.domain.answers import stock_now
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.refusals import Outcome, inexact, known, named, short_of, undefined
from services.lots.balances.domain.returns import undecided
from services.lots.balances.domain.stock import Balance, Change, Lot, Papers, Told
from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotMoved
from shared.contracts.problems import Code
from shared.identifiers import warehouse_of

Moving = PutAwayLot | MoveLot


def put_away(book: Book, requests: Sequence[CloudEvent[PutAwayLot]]) -> list[Outcome]:
    """Store what lies at a dock or staging place; from then on orders may have it (S07)."""
    return [_moved(book, request, Change.PUT_AWAY) for request in requests]


def move(book: Book, requests: Sequence[CloudEvent[MoveLot]]) -> list[Outcome]:
    """Move what no order has to another place of the same kind, held or not."""
    return [_moved(book, request, Change.MOVED) for request in requests]


def retyped(book: Book, latest: Mapping[str, Told]) -> list[Fact]:
    """Let orders have what lies at places that are storage now, and no more of what lies where none is."""
    said: dict[tuple[str, str], Sequence[Fact]] = {}
    for sku, lot, location in list(book.balances):
        balance = book.balance(book.lots[sku, lot], location)
        book.came_free(balance, latest[location])
        said[sku, location] = mixing.mixed(book, balance, latest[location])
    return [fact for facts in said.values() for fact in facts]


def _moved(book: Book, request: CloudEvent[PutAwayLot] | CloudEvent[MoveLot], change: Change) -> Outcome:
    asked = request.data
    lot = known(book, asked.sku, asked.lot)
    if isinstance(lot, Outcome):
        return lot
    if no := inexact(book, asked.sku, asked.quantity) or _nowhere(book, asked) or _wrong(book, asked, change):
        return no
    source, target = book.balance(lot, asked.from_location), book.balance(lot, asked.location)
    if no := _too_much(book, source, asked) or _mixing(book, target):
        return no
    told = Told.by(request)
    said = _held_on(book, lot, source, target, told)
    book.change(change, source, -asked.quantity, told, Papers())
    book.change(change, target, asked.quantity, told, Papers())
    moved = LotMoved(
        actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, quantity=asked.quantity,
        from_location=source.location, location=target.location, reason=change.words,
    )  # fmt: skip
    return Outcome(stock_now(book, lot, source, target), [moved, *said])


def _nowhere(book: Book, asked: Moving) -> Outcome | None:
    return undefined(book, asked.from_location) or undefined(book, asked.location)


def _wrong(book: Book, asked: Moving, change: Change) -> Outcome | None:
    if warehouse_of(asked.from_location) != warehouse_of(asked.location):
        detail = f"{asked.location} is not in the warehouse of {asked.from_location}"
        return Outcome.refused(Code.WRONG_WAREHOUSE, detail, asked.location)
    before, after = book.stored(asked.from_location), book.stored(asked.location)
    if change is Change.PUT_AWAY and (before or not after):
        detail = f"a putaway goes from a dock or staging place to storage, not {_types(book, asked)}"
        return Outcome.refused(Code.WRONG_LOCATION_TYPE, detail, asked.location)
    if change is Change.MOVED and before != after:
        detail = f"a move stays among places of one kind: {_types(book, asked)}"
        return Outcome.refused(Code.WRONG_LOCATION_TYPE, detail, asked.location)
    return None


def _types(book: Book, asked: Moving) -> str:
    return (
        f"from {asked.from_location} ({book.types[asked.from_location]}) to "
        f"{asked.location} ({book.types[asked.location]})"
    )


def _too_much(book: Book, source: Balance, asked: Moving) -> Outcome | None:
    if source.fresh and not source.changed and not source.stored:
        detail = f"nothing of {named(asked.sku, asked.lot)} is known to lie at {asked.from_location}"
        return Outcome.refused(Code.NOT_YET_KNOWN, detail, asked.lot or asked.sku)
    if asked.quantity > source.free:
        return short_of(book, source, asked.quantity)
    return undecided(book, source, asked.quantity)


def _mixing(book: Book, target: Balance) -> Outcome | None:
    """Refuse a second lot of the product at a storage place (S30)."""
    if not (there := mixing.others(book, target)):
        return None
    detail = f"{target.location} holds lot {', '.join(there)} of {target.sku}"
    return Outcome.refused(Code.LOTS_MIXED, detail, *there)


def _held_on(book: Book, lot: Lot, source: Balance, target: Balance, told: Told) -> list[Fact]:
    """What is held at a place stays held where it goes to."""
    return [
        fact
        for hold in list(book.on(lot.sku, lot.lot, source.location))
        if hold.location is not None and hold.kind != "RETURN"
        for fact in holds.open_on(
            book,
            lot,
            hold.hold,
            hold.kind,
            told._replace(reason=hold.reason),
            location=target.location,
            role=hold.role,
        )
    ]
