"""Every act after which somebody may get counted goods: what is wanted, and what comes free, in one transaction.

Goods come free by a putaway, a deallocation, an unpick, a withdrawal, a lifted hold, a count, a corrected date, a
relaxed policy, an earlier day. Each ends by serving the open demands, so there is no asking again and no wake-up to
lose: `serving` is how the handlers of `balances` keep their books.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.lots.allocation import store
from services.lots.allocation.domain import orders
from services.lots.allocation.domain.answers import answered, by_lot
from services.lots.allocation.domain.demand import Demand, Demands
from services.lots.allocation.domain.dispatch import checked, dispatched
from services.lots.allocation.domain.leaving import Guards
from services.lots.allocation.domain.limits import Limits
from services.lots.allocation.domain.reach import reach
from services.lots.allocation.domain.serve import serve
from services.lots.allocation.domain.shelves import Shelves, lying
from services.lots.balances import store as balances
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.events import disagreements
from services.lots.balances.domain.stock import Pool, Told
from shared import replica, rezoned
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import SkippedStock
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.database import Transaction
from shared.rezoned import Rezoned


async def serving(tx: Transaction, book: Book, demands: Demands | None = None) -> list[Fact]:
    """Give what is free to those who wait, save stock and demands, and say what was given."""
    demands = demands or Demands()
    pools = {*book.freed, *(demand.pool for demand in demands.waiting)}
    given: list[Fact] = []
    if pools:
        shelves = await _shelves(tx, book, pools)
        came = [reach(pool, shelves[pool], (lot for lot, _ in freed)) for pool, freed in book.freed.items()]
        await store.load_waiting(tx, demands, [it for it in came if it])
        await store.load_reserved(tx, book, [it.id for it in demands.waiting if it.id not in demands.fresh])
        given += answered(serve(book, shelves, demands))
    await balances.save(tx, book)
    await store.save(tx, demands)
    return given


async def _shelves(tx: Transaction, book: Book, pools: Collection[Pool]) -> dict[Pool, Shelves]:
    """Lay out what no order has in pools."""
    await store.load_free(tx, book, pools)
    stock = lying(book, pools)
    there = [balance for some in stock.values() for balance in some]
    await balances.load_lots(tx, book, {(it.sku, it.lot) for it in there})
    places = await replica.locations(tx, {it.location for it in there})
    walk = {name: place.pick_sequence for name, place in places.items()}
    limits = await _limits(tx, pools)
    return {pool: Shelves.of(book, limits[pool], some, walk) for pool, some in stock.items()}


async def _limits(tx: Transaction, pools: Collection[Pool]) -> dict[Pool, Limits]:
    """Say how long products in warehouses must live."""
    await rezoned.keep_days(tx, {warehouse for _, warehouse in pools})
    products = await replica.products(tx, {sku for sku, _ in pools})
    sites = await replica.warehouses(tx, {warehouse for _, warehouse in pools})
    return {
        (sku, warehouse): Limits(
            sites[warehouse].time_zone if warehouse in sites else Limits().time_zone,
            products[sku].life if sku in products else Limits().life,
        )
        for sku, warehouse in pools
    }


async def _heard(tx: Transaction, book: Book, facts: Sequence[Fact], demands: Demands) -> Sequence[Fact]:
    """Serve, save, say."""
    return [*facts, *await serving(tx, book, demands), *disagreements(book)]


async def allocation_requested(tx: Transaction, events: Sequence[CloudEvent[AllocationRequested]]) -> Sequence[Fact]:
    """Open demands and answer them (S08)."""
    demands = await store.load(tx, [event.data.demand for event in events])
    demands.open(events)
    return await _heard(tx, Book(tx.now), (), demands)


async def allocation_withdrawn(tx: Transaction, events: Sequence[CloudEvent[AllocationWithdrawn]]) -> Sequence[Fact]:
    """Close demands and free what is still allocated under them (S11)."""
    ids = [event.data.demand for event in events]
    demands, book = await store.load(tx, ids), await _under(tx, ids)
    demands.withdraw(events)
    return await _heard(tx, book, orders.released(book, events), demands)


async def stock_deallocated(tx: Transaction, events: Sequence[CloudEvent[StockDeallocated]]) -> Sequence[Fact]:
    """Take allocated quantities back to stock (S11); those not found are held where they should lie."""
    book = await _under(tx, [event.data.demand for event in events])
    if missed := {(event.data.sku, part.lot) for event in events if event.data.hold for part in event.data.lots}:
        await balances.load_had(tx, book, missed)
    demands = await store.load(tx, [event.data.demand for event in events if event.data.again])
    facts, again = orders.deallocated(book, events)
    demands.reopen(again)
    return await _heard(tx, book, facts, demands)


async def stock_picked(tx: Transaction, events: Sequence[CloudEvent[StockPicked]]) -> Sequence[Fact]:
    """Allocated quantities leave their places (S09)."""
    ids = [event.data.demand for event in events]
    book = await _under(tx, ids)
    await store.load_picked(tx, book, ids)
    return await _heard(tx, book, orders.picked(book, events), Demands())


async def stock_unpicked(tx: Transaction, events: Sequence[CloudEvent[StockUnpicked]]) -> Sequence[Fact]:
    """Put picked quantities to a storage place again (S12)."""
    keys = [(event.data.sku, part.lot, event.data.location) for event in events for part in event.data.lots]
    book = await balances.load(tx, keys)
    await balances.load_shelves(tx, book, {(sku, location) for sku, _, location in keys})
    await store.load_picked(tx, book, [event.data.demand for event in events])
    demands = await store.load(tx, [event.data.demand for event in events if event.data.again])
    facts, again = orders.unpicked(book, events)
    demands.reopen(again)
    return await _heard(tx, book, facts, demands)


async def _under(tx: Transaction, demands: Sequence[str]) -> Book:
    """Load what is allocated under demands, with its places."""
    book = Book(tx.now)
    await store.load_reserved(tx, book, demands)
    return await balances.load(tx, [(row.sku, row.lot, row.location) for row in book.reserved.values()], book)


async def dispatch_requested(tx: Transaction, events: Sequence[CloudEvent[DispatchRequested]]) -> Sequence[Fact]:
    """Say whether quantities may leave: nothing changes."""
    return checked(await _leaving(tx, events), events, tx.now)


async def dispatch_done(tx: Transaction, events: Sequence[CloudEvent[DispatchDone]]) -> Sequence[Fact]:
    """Picked quantities are SHIPPED (S10); whom to call about them is kept (S46)."""
    guards = await _leaving(tx, events)
    await store.save_consignees(tx, events)
    return await _heard(tx, guards.book, dispatched(guards, events), Demands())


async def _leaving(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Guards:
    """Load what is picked of what lies in cartons, and what could keep it from leaving."""
    book, skus = Book(tx.now), {part.sku for event in events for part in event.data.stock}
    await store.load_leaving(tx, book, [event.data.order for event in events], skus)
    await balances.load_lots(tx, book, {(row.sku, row.lot) for row in book.picked.values()})
    return Guards(book, await _limits(tx, {(row.sku, row.warehouse) for row in book.picked.values()}))


async def product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Take products in; a relaxed policy may make stock fit those who wait."""
    await replica.save_products(tx, events)
    book, latest = Book(tx.now), {event.data.sku: Told.by(event) for event in events}
    pools = await store.waiting_pools(tx, latest)
    await _let_free(tx, book, {pool: latest[pool[0]] for pool in pools})
    return await serving(tx, book)


async def warehouse_changed(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> Sequence[Fact]:
    """Take warehouses in; where it is an earlier day now, the clock is to serve who waits."""
    if back := await rezoned.turned_back(tx, events):
        await rezoned.note(tx, await store.waiting_pools_at(tx, back))
    return ()


async def rezoned_serve(tx: Transaction, events: Sequence[CloudEvent[Rezoned]]) -> Sequence[Fact]:
    """Serve who waits where it became an earlier day: what was too old for them may fit."""
    book, told = Book(tx.now), {(event.data.sku, event.data.warehouse): Told.by(event) for event in events}
    await rezoned.done(tx, told)
    await _let_free(tx, book, told)
    return await serving(tx, book)


async def _let_free(tx: Transaction, book: Book, pools: Mapping[Pool, Told]) -> None:
    """Take what lies free in pools for come free just now, with what made it so."""
    if pools:
        await store.load_free(tx, book, pools)
        await balances.load_lots(tx, book, {(it.sku, it.lot) for it in book.balances.values()})
        for balance in book.balances.values():
            book.came_free(balance, pools[balance.sku, balance.warehouse])


async def passed_over(tx: Transaction, name: str) -> tuple[Demand, list[SkippedStock]] | None:
    """Say why a demand is not given what lies there now; nothing is changed."""
    demand = (await store.load(tx, [name])).known.get(name)
    if demand is None or not demand.open:
        return (demand, []) if demand else None
    shelves = await _shelves(tx, Book(tx.now), [demand.pool])
    return demand, by_lot(shelves[demand.pool].skipped(demand, []))
