"""Loads what the messages about demands and dispatch require, and what the allocation of released stock requires."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.lots.allocation.domain.allocate import pools_to_allocate
from services.lots.allocation.domain.available_lots import AvailableLots, group_available_balances
from services.lots.allocation.domain.corrected_lots import find_picked
from services.lots.allocation.domain.demand_filter import DemandFilter, demand_filter
from services.lots.allocation.store.backorders import find_backorder_pools, load_fillable_demands
from services.lots.allocation.store.stock import (
    load_available,
    load_demands,
    load_picked,
    load_picked_for,
    load_reservations,
    save_consignees,
)
from services.lots.balances import store as balances
from services.lots.balances.domain.records import Balance, BalanceKey, has_former_lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import ReallocateLotBackorders
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.reference import ProductChanged
from shared.inventory import reference_data, time_zone_changes
from shared.inventory.backorders import demands_to_reopen
from shared.inventory.demand import Pool
from shared.inventory.shelf_life_rules import find_shelf_life_rules
from shared.persistence.database import Transaction


async def load_requests(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[AllocationRequested]]
) -> None:
    """Load the demands that exist already."""
    await load_demands(tx, uow, [event.data.demand_id for event in events])


async def load_cancellations(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[AllocationCancelled]]
) -> None:
    """Load demands with their allocations."""
    demand_ids = [event.data.demand_id for event in events]
    await load_demands(tx, uow, demand_ids)
    await _load_allocations(tx, uow, demand_ids, events)


async def load_deallocations(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsDeallocated]]
) -> None:
    """Load allocations, what changed after reports of what remains, and the demands to allocate again."""
    await _load_allocations(tx, uow, [event.data.demand_id for event in events], events)
    reports = [
        ((event.data.sku, lot.lot, lot.location), event.time)
        for event in events for lot in event.data.lots if lot.remaining is not None
    ]  # fmt: skip
    await balances.load_on_hand_changes(tx, uow, reports)
    await load_demands(tx, uow, demands_to_reopen(event.data for event in events))


async def load_picks(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsPicked]]) -> None:
    """Load allocations, the stock picked before, and the balances at the staging locations."""
    demand_ids = [event.data.demand_id for event in events]
    await _load_allocations(tx, uow, demand_ids, events, balances.balance_keys(events))
    await load_picked(tx, uow, demand_ids)


async def load_unpicks(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsUnpicked]]) -> None:
    """Load picked stock, the balances that it leaves and returns to, and the demands to allocate again."""
    await load_picked(tx, uow, [event.data.demand_id for event in events])
    rows = [
        (event, row)
        for event in events for picked_lot in event.data.lots
        for row in find_picked(uow, event.data.demand_id, picked_lot)
    ]  # fmt: skip
    left = [(row.sku, row.lot, row.location) for _, row in rows if row.location]
    targets = [(row.sku, row.lot, event.data.location) for event, row in rows]
    await balances.load_balances(tx, uow, [*balances.balance_keys(events), *left, *targets], events)
    await load_demands(tx, uow, demands_to_reopen(event.data for event in events))


async def _load_allocations(
    tx: Transaction,
    uow: LotsUnitOfWork,
    demand_ids: Sequence[str],
    events: Sequence[CloudEvent[Any]],
    other_keys: Sequence[BalanceKey] = (),
) -> None:
    """Load the reservations of demands with their balances, and other balances."""
    await load_reservations(tx, uow, demand_ids)
    rows = [row for demand_id in set(demand_ids) for row in uow.reservations_by_demand[demand_id]]
    staged = [
        (row.sku, row.lot, location)
        for row in rows if row.former_lots
        for sku, lot, location in other_keys if sku == row.sku and has_former_lot(row, lot)
    ]  # fmt: skip
    keys = [*((row.sku, row.lot, row.location) for row in rows), *other_keys, *staged]
    await balances.load_balances(tx, uow, keys, events)


async def load_dispatch_checks(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[DispatchCheckRequested]]
) -> None:
    """Load the picked stock of packed lots with their holds and shelf-life rules."""
    await _load_packed_lots(tx, uow, events)


async def load_dispatches(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderDispatched]]) -> None:
    """Load the same as for dispatch checks, and store the contacts of the customers (S46).

    At a location that was counted after a departure, its later counts are loaded, too.
    """
    counted_at = await _load_packed_lots(tx, uow, events)
    first_departure = min(event.time for event in events)
    if counted_later := [key for key, at in counted_at.items() if at > first_departure]:
        await balances.load_balances(tx, uow, counted_later, events)
    await save_consignees(tx, events)


async def _load_packed_lots(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[Any]]
) -> dict[BalanceKey, datetime]:
    orders, skus = {event.data.order for event in events}, {lot.sku for event in events for lot in event.data.stock}
    counted_at = await load_picked_for(tx, uow, orders, skus)
    rows = [row for order in orders for row in uow.picked_by_order[order] if row.sku in skus]
    await balances.load_lots(tx, uow, {(row.sku, row.lot) for row in rows})
    uow.shelf_life_rules |= await find_shelf_life_rules(tx, {(row.sku, row.warehouse) for row in rows})
    return counted_at


async def load_released_products(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Load the available stock of products with backorders."""
    await _load_released_pools(tx, uow, await find_backorder_pools(tx, [event.data.sku for event in events]))


async def load_reallocations(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReallocateLotBackorders]]
) -> None:
    """Load the available stock, under a lock on the time zones."""
    pools = {(event.data.sku, event.data.warehouse) for event in events}
    await time_zone_changes.lock_time_zones(tx, {warehouse for _, warehouse in pools})
    await _load_released_pools(tx, uow, pools)


async def _load_released_pools(tx: Transaction, uow: LotsUnitOfWork, pools: Iterable[Pool]) -> None:
    if pool_set := set(pools):
        await load_available(tx, uow, pool_set)
        lots = {
            (balance.sku, balance.lot) for sku in {sku for sku, _ in pool_set} for balance in uow.balances_by_sku[sku]
        }
        await balances.load_lots(tx, uow, lots)


async def load_backorders(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Load the available stock of pools with released stock or demands to answer, and the demands that it can fill."""
    if not (pools := pools_to_allocate(uow)):
        return
    balances_by_pool = await load_available_lots(tx, uow, pools)
    filters = [_released_filter(uow, pool, pool_balances) for pool, pool_balances in balances_by_pool.items()]
    await load_fillable_demands(tx, uow, [pool_filter for pool_filter in filters if pool_filter])
    open_ids = [demand.demand_id for demand in uow.demands if demand.open_quantity and demand.pool in pools]
    await load_reservations(tx, uow, [demand_id for demand_id in open_ids if not uow.demands.is_new(demand_id)])


def _released_filter(uow: LotsUnitOfWork, pool: Pool, pool_balances: Iterable[Balance]) -> DemandFilter | None:
    released = {lot for lot, _ in uow.released_stock.get(pool, ())}
    released_balances = [balance for balance in pool_balances if balance.lot in released]
    return demand_filter(pool, AvailableLots.from_balances(uow, pool, released_balances), released)


async def load_available_lots(
    tx: Transaction, uow: LotsUnitOfWork, pools: Iterable[Pool]
) -> Mapping[Pool, Sequence[Balance]]:
    """Load the available stock of pools with its holds, pick sequence and shelf-life rules, and return it by pool."""
    pool_set = set(pools)
    await load_available(tx, uow, pool_set)
    balances_by_pool = group_available_balances(uow, pool_set)
    available = [balance for pool_balances in balances_by_pool.values() for balance in pool_balances]
    await balances.load_lots(tx, uow, {(balance.sku, balance.lot) for balance in available})
    locations = await reference_data.load_locations(tx, {balance.location for balance in available})
    uow.pick_sequence |= {name: location.pick_sequence for name, location in locations.items()}
    uow.shelf_life_rules |= await find_shelf_life_rules(tx, pool_set)
    return balances_by_pool
