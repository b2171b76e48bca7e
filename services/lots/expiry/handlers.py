"""The round of the clock over lots, and what makes it look again."""

from collections.abc import Sequence

from services.lots.allocation import handlers as allocation
from services.lots.balances import store as balances
from services.lots.balances.domain.book import Book
from services.lots.expiry import store
from services.lots.expiry.domain import LotDue, Sweep, Watch
from shared import replica
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import ProductChanged
from shared.database import Transaction


async def look(tx: Transaction, events: Sequence[CloudEvent[LotDue]]) -> Sequence[Fact]:
    """Say which lots expire soon, and hold those that have expired (S28, S29)."""
    watches = [Watch(sku=event.data.sku, lot=event.data.lot, warehouse=event.data.warehouse) for event in events]
    keys = {(sku, lot) for sku, lot, _ in watches}
    book = Book(tx.now)
    await balances.load_lots(tx, book, keys)
    await balances.load_everywhere(tx, book, keys)
    await balances.load_had(tx, book, keys)
    products = await replica.products(tx, {sku for sku, _ in keys})
    thresholds = {sku: product.life.expiring_days for sku, product in products.items()}
    sweep = Sweep(book=book, days=await replica.days(tx), thresholds=thresholds, told=await store.told(tx, watches))
    said = sweep.look(events)
    await balances.save(tx, book)
    await store.save(tx, sweep)
    return said


async def product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Take products in; where others are to be told at other times, every lot is looked at again."""
    known = await replica.products(tx, {event.data.sku for event in events})
    said = await allocation.product_changed(tx, events)
    before = {sku: product.life.expiring_days for sku, product in known.items()}
    changed = {it.data.sku for it in events if before.get(it.data.sku) != it.data.life.expiring_days}
    await store.look_again(tx, changed)
    return said
