"""Every act after which somebody may get stock: what is wanted, and what comes free, in one transaction.

Stock comes free by a putaway, a deallocation, an unpick, a withdrawal, a lifted hold, a unit found again, a relaxed
life policy, an earlier day. Each ends by serving the open demands, so there is no asking again and no wake-up to lose.
"""

from collections.abc import Mapping, Sequence

from services.serials.allocation.domain.answers import answered
from services.serials.allocation.domain.demand import Demands
from services.serials.allocation.domain.serve import serve
from services.serials.allocation.domain.skipped import skipped
from services.serials.allocation.store import demands as store
from services.serials.allocation.store import stock
from services.serials.units.domain import adjustments, arrivals, corrections, holds, orders, places
from services.serials.units.domain.book import Book
from services.serials.units.domain.events import disagreements
from services.serials.units.domain.events import told as events_of
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.refusals import Outcome
from services.serials.units.domain.unit import Pool, Told
from services.serials.units.handlers import answers, holds_of, keys_of, recalled_again, types_of
from services.serials.units.store import expiry, scopes, units
from services.serials.units.store.limits import limits_of
from shared import rezoned
from shared.contracts.commands.serials import Adjust, Correct, Lift, PutAway
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn, UnitDeallocated, UnitUnpicked
from shared.contracts.receiving import ReturnDisposed
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.contracts.serials import SerialAllocated
from shared.database import Transaction
from shared.replica import products, save_products
from shared.rezoned import Rezoned
from shared.routing import Answer


async def _serve(tx: Transaction, book: Book, demands: Demands) -> list[SerialAllocated]:
    """Give what is free to those who wait, save units and demands, and say what was given."""
    limits = await limits_of(tx, stock.expiring(book, book.freed))
    await store.load_waiting(tx, book, demands, limits)
    return await _give(tx, book, demands, limits)


async def _give(tx: Transaction, book: Book, demands: Demands, limits: LimitsOf) -> list[SerialAllocated]:
    waiting = {demand.pool for demand in demands.waiting}
    await units.load(tx, [(demand.sku, name) for demand in demands.waiting for name in demand.names], book)
    await stock.load_free(tx, book, demands)
    if limited := stock.picky(demands) | stock.expiring(book, waiting):
        limits = {**limits, **await limits_of(tx, limited - limits.keys())}
        await stock.load_fitting(tx, book, demands, limits)
    acts = serve(book, demands, limits)
    await units.save(tx, book)
    await store.save(tx, demands)
    passed = await stock.count_passed(tx, [act.demand.pool for act in acts if act.short], limits)
    return answered(acts, skipped(book, acts, passed, limits))


async def _kept(tx: Transaction, book: Book, demands: Demands) -> list[Fact]:
    given = await _serve(tx, book, demands)
    return [*(fact for _, fact in events_of(book)), *given, *await recalled_again(tx, book), *disagreements(book)]


async def _answered(tx: Transaction, book: Book, outcomes: Sequence[Outcome]) -> list[Answer]:
    given = await _serve(tx, book, Demands())
    return answers(book, outcomes, [*given, *await recalled_again(tx, book)])


async def allocation_requested(tx: Transaction, events: Sequence[CloudEvent[AllocationRequested]]) -> Sequence[Fact]:
    """Open demands and answer them (S08)."""
    demands = await store.load(tx, [event.data.demand for event in events])
    demands.open(events)
    return await _kept(tx, Book(), demands)


async def allocation_withdrawn(tx: Transaction, events: Sequence[CloudEvent[AllocationWithdrawn]]) -> Sequence[Fact]:
    """Close demands and free what is still allocated under them (S11)."""
    demands, book = await store.load(tx, [event.data.demand for event in events]), Book()
    await stock.load_under(tx, book, [(event.data.demand, event.data.order) for event in events])
    demands.withdraw(events)
    orders.released(book, events)
    return await _kept(tx, book, demands)


async def unit_deallocated(tx: Transaction, events: Sequence[CloudEvent[UnitDeallocated]]) -> Sequence[Fact]:
    """Take allocated units back to stock (S11); those not found go back held."""
    book = await units.load(tx, keys_of(events))
    await units.load_held(tx, book, holds_of(events))
    demands = await store.load(tx, [event.data.demand for event in events if event.data.again])
    demands.reopen(orders.deallocated(book, events))
    return await _kept(tx, book, demands)


async def unit_unpicked(tx: Transaction, events: Sequence[CloudEvent[UnitUnpicked]]) -> Sequence[Fact]:
    """Take picked units back to a storage place (S12)."""
    book = await units.load(tx, keys_of(events))
    demands = await store.load(tx, [event.data.demand for event in events if event.data.again])
    demands.reopen(orders.unpicked(book, events))
    return await _kept(tx, book, demands)


async def return_disposed(tx: Transaction, events: Sequence[CloudEvent[ReturnDisposed]]) -> Sequence[Fact]:
    """End the hold of returned units: back to stock, scrapped, or sent back."""
    book = await units.load(tx, keys_of(events))
    await units.load_held(tx, book, holds_of(events))
    arrivals.disposed(book, events)
    return await _kept(tx, book, Demands())


async def put_away(tx: Transaction, requests: Sequence[CloudEvent[PutAway]]) -> Sequence[Answer]:
    """Store received units; orders that wait get them at once (S07)."""
    book = await units.load(tx, keys_of(requests))
    types = await types_of(tx, [request.data.location for request in requests])
    outcomes = places.put_away(book, requests, types)
    return await _answered(tx, book, outcomes)


async def lift(tx: Transaction, requests: Sequence[CloudEvent[Lift]]) -> Sequence[Answer]:
    """Close holds; units under no other are free again."""
    book = Book()
    await units.load_held(tx, book, holds_of(requests))
    await scopes.load_scopes(tx, book, holds_of(requests))
    return await _answered(tx, book, holds.lift(book, requests))


async def adjust(tx: Transaction, requests: Sequence[CloudEvent[Adjust]]) -> Sequence[Answer]:
    """Scrap, lose, find or void units that no order has."""
    book = await units.load(tx, keys_of(requests))
    types = await types_of(tx, [request.data.location for request in requests])
    outcomes = adjustments.adjust(book, requests, types)
    return await _answered(tx, book, outcomes)


async def correct(tx: Transaction, requests: Sequence[CloudEvent[Correct]]) -> Sequence[Answer]:
    """Correct the expiry of units; those held as expired that are not are free again (S28)."""
    book = await units.load(tx, keys_of(requests))
    await scopes.load_open(tx, book)
    limits = await limits_of(tx, {unit.pool for unit in book.units.values()})
    return await _answered(tx, book, corrections.correct(book, requests, limits))


async def product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Take products in; where less life is demanded than before, stock that was passed over may serve who waits."""
    before = await products(tx, [event.data.sku for event in events])
    await save_products(tx, events)
    told, thresholds = {}, set()
    for event in events:
        known = before.get(event.data.sku)
        if event.data.tracking == "SERIAL" and known and known.life != event.data.life:
            told[event.data.sku] = Told.by(event)
            if known.life.expiring_days != event.data.life.expiring_days:
                thresholds.add(event.data.sku)
    if not told:
        return ()
    await expiry.look_again(tx, thresholds)
    return await _serve_all(tx, {pool: told[pool[0]] for pool in await store.waiting_pools(tx, told)})


async def warehouse_changed(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> Sequence[Fact]:
    """Take warehouses in; where it is an earlier day now, the clock is to serve who waits."""
    if back := await rezoned.turned_back(tx, events):
        await rezoned.note(tx, await store.waiting_pools_at(tx, back))
    return ()


async def rezoned_serve(tx: Transaction, events: Sequence[CloudEvent[Rezoned]]) -> Sequence[Fact]:
    """Serve who waits where it became an earlier day: what was too old for them may fit."""
    told = {(event.data.sku, event.data.warehouse): Told.by(event) for event in events}
    await rezoned.done(tx, told)
    return await _serve_all(tx, told)


async def _serve_all(tx: Transaction, pools: Mapping[Pool, Told]) -> Sequence[Fact]:
    """Serve all that wait in pools from all that lies there, with what made it fit them."""
    book, demands = Book(), await store.load_open(tx, pools)
    for demand in demands.waiting:
        book.freed[demand.pool] = {demand.pool: pools[demand.pool]}
    given = await _give(tx, book, demands, {})
    return [*(fact for _, fact in events_of(book)), *given, *await recalled_again(tx, book)]
