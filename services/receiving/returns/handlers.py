"""Customer returns and their dispositions; and the registry's word that units have left."""

from collections.abc import Sequence

from services.receiving.returns import domain, store
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.serials import SerialMoved
from shared.database import Transaction
from shared.routing import Answer


async def receive(tx: Transaction, events: Sequence[CloudEvent[ReceiveReturn]]) -> Sequence[Answer]:
    """Take units back from the customers they went to."""
    wishes = [event.data for event in events]
    book = await store.load(
        tx,
        returns=(wish.return_id for wish in wishes),
        units=((wish.sku, serial) for wish in wishes for serial in wish.serials),
        skus=(wish.sku for wish in wishes),
        locations=(wish.location for wish in wishes),
    )
    outcomes = [domain.receive(book, event) for event in events]
    await store.save(tx, book)
    return [Answer(*outcome) for outcome in outcomes]


async def dispose(tx: Transaction, events: Sequence[CloudEvent[DisposeReturn]]) -> Sequence[Answer]:
    """Decide what becomes of returned units."""
    book = await store.load(tx, returns=(event.data.return_id for event in events))
    outcomes = [domain.dispose(book, event) for event in events]
    await store.save(tx, book)
    return [Answer(*outcome) for outcome in outcomes]


async def ship(tx: Transaction, events: Sequence[CloudEvent[SerialMoved]]) -> Sequence[Fact]:
    """Remember to whom and on which order units have left."""
    book = await store.load(tx, units=((event.data.sku, one) for event in events for one in event.data.serials))
    unfit = domain.ship(book, events)
    await store.save(tx, book)
    return unfit
