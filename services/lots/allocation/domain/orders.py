"""What fulfillment told of quantities before they leave: withdrawn, deallocated, picked, unpicked.

Each must fit what the demand has here. What does not, changes nothing of the lot it names, and a supervisor is told.
"""

from collections.abc import Iterator, Sequence

from services.lots.allocation.domain.demand import WantedAgain
from services.lots.balances.domain import holds
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.mixing import mixed
from services.lots.balances.domain.refusals import named, written
from services.lots.balances.domain.stock import NOTHING, Papers, Picked, Reserved, Told
from shared.contracts.counted import LotAt, LotQuantity
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.fulfillment import AllocationWithdrawn, StockDeallocated, StockPicked, StockUnpicked
from shared.contracts.lots import LotDeallocated, LotPicked, LotUnpicked
from shared.contracts.problems import Code

StockFact = StockDeallocated | StockPicked | StockUnpicked


def released(book: Book, events: Sequence[CloudEvent[AllocationWithdrawn]]) -> list[Fact]:
    """Give back what is still allocated under withdrawn demands (S11)."""
    under: dict[str, list[Reserved]] = {}
    for row in book.reserved.values():
        if row.quantity:
            under.setdefault(row.demand, []).append(row)
    said: list[Fact] = []
    for event in events:
        parts = []
        for row in under.pop(event.data.demand, ()):
            parts.append(LotAt(lot=row.lot, quantity=row.quantity, location=row.location))
            book.release(row, row.quantity, Told.by(event))
        said += _deallocated(event, parts)
    return said


def deallocated(book: Book, events: Sequence[CloudEvent[StockDeallocated]]) -> tuple[list[Fact], list[WantedAgain]]:
    """Quantities go back to stock (S11); says what is wanted anew."""
    said: list[Fact] = []
    again = []
    for event in events:
        parts = []
        for row, part in _allocated(book, event, "deallocated"):
            book.release(row, part.quantity, Told.by(event))
            parts.append(part)
        said += _deallocated(event, parts)
        if event.data.hold:
            said += _held(book, event, event.data.hold, parts)
        again += _again(event, parts)
    return said, again


def _deallocated(
    event: CloudEvent[AllocationWithdrawn] | CloudEvent[StockDeallocated], parts: Sequence[LotAt]
) -> list[LotDeallocated]:
    fact = event.data
    return [
        LotDeallocated(
            actor=event.actor, cause=event.cause, sku=fact.sku, order=fact.order, line=fact.line, demand=fact.demand,
            lots=list(run), reason=fact.reason,
        )
        for run in chunks(parts)
    ]  # fmt: skip


def _held(book: Book, event: CloudEvent[StockDeallocated], hold: str, parts: Sequence[LotAt]) -> list[Fact]:
    """Hold what nobody found where it should lie, for somebody to look."""
    return [
        fact
        for part in parts
        for fact in holds.open_on(
            book, book.lots[event.data.sku, part.lot], hold, "NOT_FOUND", Told.by(event), location=part.location
        )
    ]


def picked(book: Book, events: Sequence[CloudEvent[StockPicked]]) -> list[Fact]:
    """Quantities were taken from their places and staged for packing (S09)."""
    said: list[Fact] = []
    for event in events:
        fact, parts = event.data, []
        for row, part in _allocated(book, event, "picked"):
            book.pick(row, part.quantity, Told.by(event), _papers(fact))
            parts.append(part)
        if parts:
            said.append(
                LotPicked(
                    actor=event.actor, cause=event.cause, sku=fact.sku, order=fact.order, line=fact.line,
                    demand=fact.demand, lots=parts, location=fact.location,
                )
            )  # fmt: skip
    return said


def unpicked(book: Book, events: Sequence[CloudEvent[StockUnpicked]]) -> tuple[list[Fact], list[WantedAgain]]:
    """Picked quantities went back to a storage place (S12); says what is wanted anew."""
    said: list[Fact] = []
    again = []
    for event in events:
        fact, parts, mixes = event.data, list[LotQuantity](), list[Fact]()
        for part in fact.lots:
            row = book.picked.get((fact.demand, part.lot))
            if _fits(book, event, row, part, "unpicked") and row:
                lying = book.unpick(row, fact.location, part.quantity, Told.by(event), _papers(fact))
                parts.append(part)
                mixes += mixed(book, lying, Told.by(event))
        if parts:
            said.append(
                LotUnpicked(
                    actor=event.actor, cause=event.cause, sku=fact.sku, order=fact.order, line=fact.line,
                    demand=fact.demand, lots=parts, location=fact.location, reason=fact.reason,
                )
            )  # fmt: skip
        said += mixes
        again += _again(event, parts)
    return said, again


def _again(
    event: CloudEvent[StockDeallocated] | CloudEvent[StockUnpicked], parts: Sequence[LotQuantity]
) -> list[WantedAgain]:
    if not event.data.again or not parts:
        return []
    return [WantedAgain(event.data.demand, sum((part.quantity for part in parts), NOTHING), Told.by(event))]


def _allocated(
    book: Book, event: CloudEvent[StockDeallocated] | CloudEvent[StockPicked], what: str
) -> Iterator[tuple[Reserved, LotAt]]:
    """Give what a fact names of what its demand has, part by part: each is done before the next is looked at."""
    for part in event.data.lots:
        row = book.reserved.get((event.data.demand, part.lot, part.location))
        if _fits(book, event, row, part, what) and row:
            yield row, part


def _fits(
    book: Book,
    event: CloudEvent[StockDeallocated] | CloudEvent[StockPicked] | CloudEvent[StockUnpicked],
    row: Reserved | Picked | None,
    part: LotQuantity,
    what: str,
) -> bool:
    fact = event.data
    ours = row is not None and (row.order_id, row.line) == (fact.order, fact.line)
    if row is not None and ours and row.quantity >= part.quantity:
        return True
    has = written(row.quantity if row else NOTHING)
    lot = f"{written(part.quantity)} of {named(fact.sku, part.lot)}, of which demand {fact.demand} has {has}"
    code = Code.ILLEGAL_TRANSITION if row is None or ours else Code.DOCUMENT_MISMATCH
    book.misfit(event, code, f"{what} for order {fact.order} line {fact.line}: {lot}", fact.sku, [part.lot])
    return False


def _papers(fact: StockFact) -> Papers:
    return Papers(order_id=fact.order, line=fact.line, demand=fact.demand)
