"""Handlers of demands, allocations and dispatch.

Stock is released by putaways, deallocations, unpicks, cancellations, released holds, counts, corrected dates, relaxed
policies and earlier local dates. Each such transaction ends by allocating backorders, so that no retry is needed.
The handlers of `balances` take `allocate_backorders` as their `before_commit`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.lots.allocation import store
from services.lots.allocation.domain import fulfillment_events
from services.lots.allocation.domain.allocate import allocate
from services.lots.allocation.domain.allocation_events import allocated_events, summarise_by_lot
from services.lots.allocation.domain.available_lots import AvailableLots, ShelfLifeRules, group_available_balances
from services.lots.allocation.domain.demand import Demand, DemandSet
from services.lots.allocation.domain.demand_filter import demand_filter
from services.lots.allocation.domain.dispatch import check_dispatch, ship
from services.lots.allocation.domain.dispatch_rules import DispatchRules
from services.lots.balances import store as balances
from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import Pool
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import ReallocateLotBackorders
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.lots import SkippedLots
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.inventory import reference_data, time_zone_changes
from shared.persistence.database import Transaction


async def allocate_backorders(tx: Transaction, uow: LotsUnitOfWork, demands: DemandSet | None = None) -> list[Message]:
    """Allocate available stock to open demands, save both and return the allocation events."""
    demands = demands or DemandSet()
    pools = {*uow.released_stock, *(demand.pool for demand in demands.open_demands)}
    emitted: list[Message] = []
    if pools:
        available_by_pool = await _load_available_lots(tx, uow, pools)
        filters = [
            demand_filter(pool, available_by_pool[pool], (lot for lot, _ in released))
            for pool, released in uow.released_stock.items()
        ]
        await store.load_fillable_demands(tx, demands, [pool_filter for pool_filter in filters if pool_filter])
        await store.load_reservations(
            tx, uow, [demand.demand_id for demand in demands.open_demands if demand.demand_id not in demands.new_ids]
        )
        emitted += allocated_events(allocate(uow, available_by_pool, demands))
    await balances.save(tx, uow)
    await store.save(tx, demands)
    return emitted


async def _load_available_lots(
    tx: Transaction, uow: LotsUnitOfWork, pools: Collection[Pool]
) -> dict[Pool, AvailableLots]:
    """Load the available stock of pools."""
    await store.load_available(tx, uow, pools)
    balances_by_pool = group_available_balances(uow, pools)
    available_balances = [balance for pool_balances in balances_by_pool.values() for balance in pool_balances]
    await balances.load_lots(tx, uow, {(balance.sku, balance.lot) for balance in available_balances})
    known_locations = await reference_data.load_locations(tx, {balance.location for balance in available_balances})
    pick_sequence = {name: location.pick_sequence for name, location in known_locations.items()}
    shelf_life_by_pool = await _load_shelf_life_rules(tx, pools)
    return {
        pool: AvailableLots.from_balances(uow, shelf_life_by_pool[pool], pool_balances, pick_sequence)
        for pool, pool_balances in balances_by_pool.items()
    }


async def _load_shelf_life_rules(tx: Transaction, pools: Collection[Pool]) -> dict[Pool, ShelfLifeRules]:
    """Load the shelf-life rules of pools."""
    await time_zone_changes.lock_time_zones(tx, {warehouse for _, warehouse in pools})
    known_products = await reference_data.load_products(tx, {sku for sku, _ in pools})
    known_warehouses = await reference_data.load_warehouses(tx, {warehouse for _, warehouse in pools})
    return {
        (sku, warehouse): ShelfLifeRules(
            known_warehouses[warehouse].time_zone if warehouse in known_warehouses else ShelfLifeRules().time_zone,
            known_products[sku].shelf_life if sku in known_products else ShelfLifeRules().policy,
        )
        for sku, warehouse in pools
    }


async def _save_and_collect(
    tx: Transaction, uow: LotsUnitOfWork, emitted: Sequence[Message], demands: DemandSet
) -> Sequence[Message]:
    """Allocate backorders, save, and return all events."""
    return [*emitted, *await allocate_backorders(tx, uow, demands), *uow.conflict_events()]


async def on_allocation_requested(
    tx: Transaction, events: Sequence[CloudEvent[AllocationRequested]]
) -> Sequence[Message]:
    """Open demands and allocate stock to them (S08)."""
    demands = await store.load(tx, [event.data.demand_id for event in events])
    demands.open(events)
    return await _save_and_collect(tx, LotsUnitOfWork(tx.now), (), demands)


async def on_allocation_cancelled(
    tx: Transaction, events: Sequence[CloudEvent[AllocationCancelled]]
) -> Sequence[Message]:
    """Cancel demands and release their allocations (S11)."""
    demand_ids = [event.data.demand_id for event in events]
    demands, uow = await store.load(tx, demand_ids), await _load_allocated_to(tx, demand_ids)
    demands.cancel(events)
    return await _save_and_collect(tx, uow, fulfillment_events.release_allocations(uow, events), demands)


async def on_order_lots_deallocated(
    tx: Transaction, events: Sequence[CloudEvent[OrderLotsDeallocated]]
) -> Sequence[Message]:
    """Return allocated quantities to stock (S11); quantities not found are put on hold at their location."""
    uow = await _load_allocated_to(tx, [event.data.demand_id for event in events])
    if missing_lots := {
        (event.data.sku, lot_quantity.lot) for event in events if event.data.hold_id for lot_quantity in event.data.lots
    }:
        await balances.load_commitments(tx, uow, missing_lots)
    demands = await store.load(tx, [event.data.demand_id for event in events if event.data.reallocate])
    emitted, reallocations = fulfillment_events.deallocate(uow, events)
    demands.reopen(reallocations)
    return await _save_and_collect(tx, uow, emitted, demands)


async def on_order_lots_picked(tx: Transaction, events: Sequence[CloudEvent[OrderLotsPicked]]) -> Sequence[Message]:
    """Move allocated quantities to picked stock (S09)."""
    demand_ids = [event.data.demand_id for event in events]
    uow = await _load_allocated_to(tx, demand_ids)
    await store.load_picked(tx, uow, demand_ids)
    return await _save_and_collect(tx, uow, fulfillment_events.pick(uow, events), DemandSet())


async def on_order_lots_unpicked(tx: Transaction, events: Sequence[CloudEvent[OrderLotsUnpicked]]) -> Sequence[Message]:
    """Return picked quantities to a storage location (S12)."""
    keys = [
        (event.data.sku, lot_quantity.lot, event.data.location) for event in events for lot_quantity in event.data.lots
    ]
    uow = await balances.load(tx, keys)
    await balances.load_location_stock(tx, uow, {(sku, location) for sku, _, location in keys})
    await store.load_picked(tx, uow, [event.data.demand_id for event in events])
    demands = await store.load(tx, [event.data.demand_id for event in events if event.data.reallocate])
    emitted, reallocations = fulfillment_events.unpick(uow, events)
    demands.reopen(reallocations)
    return await _save_and_collect(tx, uow, emitted, demands)


async def _load_allocated_to(tx: Transaction, demand_ids: Sequence[str]) -> LotsUnitOfWork:
    """Load the reservations of demands with their balances."""
    uow = LotsUnitOfWork(tx.now)
    await store.load_reservations(tx, uow, demand_ids)
    return await balances.load(tx, [(row.sku, row.lot, row.location) for row in uow.reservations.values()], uow)


async def on_dispatch_check_requested(
    tx: Transaction, events: Sequence[CloudEvent[DispatchCheckRequested]]
) -> Sequence[Message]:
    """Answer dispatch checks; no stock changes."""
    return check_dispatch(await _load_dispatch_rules(tx, events), events, tx.now)


async def on_order_dispatched(tx: Transaction, events: Sequence[CloudEvent[OrderDispatched]]) -> Sequence[Message]:
    """Ship picked quantities (S10) and store the contacts of their customers (S46)."""
    rules = await _load_dispatch_rules(tx, events)
    await store.save_consignees(tx, events)
    return await _save_and_collect(tx, rules.uow, ship(rules, events), DemandSet())


async def _load_dispatch_rules(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> DispatchRules:
    """Load the picked stock of packed lots with their holds and shelf-life rules."""
    uow, skus = LotsUnitOfWork(tx.now), {packed_lot.sku for event in events for packed_lot in event.data.stock}
    await store.load_picked_for(tx, uow, [event.data.order for event in events], skus)
    await balances.load_lots(tx, uow, {(row.sku, row.lot) for row in uow.picked.values()})
    return DispatchRules(
        uow, await _load_shelf_life_rules(tx, {(row.sku, row.warehouse) for row in uow.picked.values()})
    )


async def on_product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Store products and allocate backorders: a relaxed shelf-life policy may make stock available."""
    await reference_data.save_products(tx, events)
    uow, context_by_sku = LotsUnitOfWork(tx.now), {event.data.sku: MessageContext.from_event(event) for event in events}
    pools = await store.find_backorder_pools(tx, context_by_sku)
    await _mark_available(tx, uow, {pool: context_by_sku[pool[0]] for pool in pools})
    return await allocate_backorders(tx, uow)


async def on_warehouse_changed(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> Sequence[Message]:
    """Save warehouses and request the reallocation of backorders where the local date became earlier."""
    return await time_zone_changes.request_reallocations(
        tx, events, store.find_backorder_pools_in, ReallocateLotBackorders
    )


async def reallocate_backorders(
    tx: Transaction, events: Sequence[CloudEvent[ReallocateLotBackorders]]
) -> Sequence[Message]:
    """Allocate backorders where the local date became earlier: stock may have sufficient shelf life again."""
    uow, context_by_pool = (
        LotsUnitOfWork(tx.now),
        {(event.data.sku, event.data.warehouse): MessageContext.from_event(event) for event in events},
    )
    await time_zone_changes.lock_time_zones(tx, {warehouse for _, warehouse in context_by_pool})
    await _mark_available(tx, uow, context_by_pool)
    return await allocate_backorders(tx, uow)


async def _mark_available(tx: Transaction, uow: LotsUnitOfWork, context_by_pool: Mapping[Pool, MessageContext]) -> None:
    """Mark the available stock of pools as released."""
    if context_by_pool:
        await store.load_available(tx, uow, context_by_pool)
        await balances.load_lots(tx, uow, {(balance.sku, balance.lot) for balance in uow.balances.values()})
        for balance in uow.balances.values():
            uow.mark_released(balance, context_by_pool[balance.sku, balance.warehouse])


async def explain_shortfall(tx: Transaction, demand_id: str) -> tuple[Demand, list[SkippedLots]] | None:
    """Return a demand and the stock that cannot fill it, with reasons; changes nothing."""
    demand = (await store.load(tx, [demand_id])).by_id.get(demand_id)
    if demand is None or not demand.open_quantity:
        return (demand, []) if demand else None
    available_by_pool = await _load_available_lots(tx, LotsUnitOfWork(tx.now), [demand.pool])
    return demand, summarise_by_lot(available_by_pool[demand.pool].find_skipped(demand, []))
