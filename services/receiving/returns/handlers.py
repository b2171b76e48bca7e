"""Customer returns and their dispositions; and the word of serials and lots that goods have left."""

from collections.abc import Sequence

from services.receiving.returns import domain, store
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotShipped
from shared.contracts.serials import SerialMoved
from shared.database import Transaction
from shared.identifiers import address_of
from shared.routing import Answer


async def receive(tx: Transaction, events: Sequence[CloudEvent[ReceiveReturn]]) -> Sequence[Answer]:
    """Take goods back from the customers they went to."""
    wishes = [event.data for event in events]
    book = await store.load(
        tx,
        returns=(wish.return_id for wish in wishes),
        units=((wish.sku, serial) for wish in wishes for serial in wish.serials),
        skus=(wish.sku for wish in wishes),
        locations=(wish.location for wish in wishes),
        lots=((wish.order, wish.sku, some.lot) for wish in wishes for some in wish.lots),
    )
    answers = []
    for event in events:
        new = book.returns.get(event.data.return_id) is None
        answer = Answer(**domain.receive(book, event)._asdict())
        answers.append(answer.created(address_of("returns", event.data.return_id)) if new else answer)
    await store.save(tx, book)
    return answers


async def dispose(tx: Transaction, events: Sequence[CloudEvent[DisposeReturn]]) -> Sequence[Answer]:
    """Decide what becomes of returned goods."""
    book = await store.load(tx, returns=(event.data.return_id for event in events))
    outcomes = [domain.dispose(book, event) for event in events]
    await store.save(tx, book)
    return [Answer(**outcome._asdict()) for outcome in outcomes]


async def ship(tx: Transaction, events: Sequence[CloudEvent[SerialMoved]]) -> Sequence[Fact]:
    """Remember to whom and on which order units have left."""
    book = await store.load(tx, units=((event.data.sku, one) for event in events for one in event.data.serials))
    unfit = domain.ship(book, events)
    await store.save(tx, book)
    return unfit


async def ship_lots(tx: Transaction, events: Sequence[CloudEvent[LotShipped]]) -> Sequence[Fact]:
    """Remember how much of which lots has left, to whom and on which order."""
    lefts = [event.data for event in events]
    keys = ((left.order, left.sku, some.lot) for left in lefts for some in left.lots)
    book = await store.load(tx, lots=keys)
    domain.ship_lots(book, events)
    await store.save(tx, book)
    return ()
