"""Handlers of messages that change demands or release stock: they allocate in the same transaction.

Putaways, deallocations, unpicks, cancelled demands, released holds, found units, relaxed shelf-life policies and an
earlier local date release stock. Each handler ends with an allocation, so that no demand waits for a retry.
"""

from collections.abc import Mapping, Sequence

from services.serials.allocation import store
from services.serials.allocation.domain.allocate import allocate
from services.serials.allocation.domain.allocation_events import allocated_events
from services.serials.allocation.domain.demand import DemandSet
from services.serials.allocation.domain.skip_reasons import skip_reasons
from services.serials.allocation.store import available_units
from services.serials.units.domain import (
    adjustments,
    corrections,
    fulfillment_events,
    holds,
    movements,
    receiving_events,
)
from services.serials.units.domain.events import build_events, conflict_events
from services.serials.units.domain.operations import MessageContext
from services.serials.units.domain.results import CommandOutcome
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.unit import Pool
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.handlers import (
    hold_keys,
    load_location_types,
    publish_recall_updates,
    to_results,
    unit_keys,
)
from services.serials.units.store import expiry, standing_holds, units
from services.serials.units.store.shelf_life import load_shelf_life_rules
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    PutAwaySerials,
    ReallocateSerialBackorders,
    ReleaseSerialHold,
)
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    OrderSerialsDeallocated,
    OrderSerialsUnpicked,
)
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.contracts.serials import SerialAllocated
from shared.inventory import time_zone_changes
from shared.inventory.reference_data import load_products, save_products
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult


async def _allocate_backorders(tx: Transaction, uow: SerialsUnitOfWork, demands: DemandSet) -> list[SerialAllocated]:
    """Allocate released units to open demands, save units and demands, and return the allocation events."""
    shelf_life_by_pool = await load_shelf_life_rules(tx, available_units.pools_with_expiry(uow, uow.released_stock))
    await store.load_fillable_demands(tx, uow, demands, shelf_life_by_pool)
    return await _allocate_open_demands(tx, uow, demands, shelf_life_by_pool)


async def _allocate_open_demands(
    tx: Transaction, uow: SerialsUnitOfWork, demands: DemandSet, shelf_life_by_pool: ShelfLifeByPool
) -> list[SerialAllocated]:
    open_pools = {demand.pool for demand in demands.open_demands}
    await units.load(tx, [(demand.sku, serial) for demand in demands.open_demands for serial in demand.serials], uow)
    await available_units.load_available(tx, uow, demands)
    if pools_with_criteria := available_units.pools_with_lot_criteria(demands) | available_units.pools_with_expiry(
        uow, open_pools
    ):
        shelf_life_by_pool = {
            **shelf_life_by_pool,
            **await load_shelf_life_rules(tx, pools_with_criteria - shelf_life_by_pool.keys()),
        }
        await available_units.load_candidates(tx, uow, demands, shelf_life_by_pool)
    allocations = allocate(uow, demands, shelf_life_by_pool)
    await units.save(tx, uow)
    await store.save(tx, demands)
    skipped_by_pool = await store.count_skipped(
        tx, [allocation.demand.pool for allocation in allocations if allocation.is_short], shelf_life_by_pool
    )
    return allocated_events(allocations, skip_reasons(uow, allocations, skipped_by_pool, shelf_life_by_pool))


async def _save_and_collect(tx: Transaction, uow: SerialsUnitOfWork, demands: DemandSet) -> list[Message]:
    emitted = await _allocate_backorders(tx, uow, demands)
    return [
        *(event for _, event in build_events(uow)),
        *emitted,
        *await publish_recall_updates(tx, uow),
        *conflict_events(uow),
    ]


async def _save_and_answer(
    tx: Transaction, uow: SerialsUnitOfWork, outcomes: Sequence[CommandOutcome]
) -> list[CommandResult]:
    emitted = await _allocate_backorders(tx, uow, DemandSet())
    return to_results(uow, outcomes, [*emitted, *await publish_recall_updates(tx, uow)])


async def on_allocation_requested(
    tx: Transaction, events: Sequence[CloudEvent[AllocationRequested]]
) -> Sequence[Message]:
    """Open demands and allocate available units (S08)."""
    demands = await store.load(tx, [event.data.demand_id for event in events])
    demands.open(events)
    return await _save_and_collect(tx, SerialsUnitOfWork(), demands)


async def on_allocation_cancelled(
    tx: Transaction, events: Sequence[CloudEvent[AllocationCancelled]]
) -> Sequence[Message]:
    """Cancel demands and release the units still allocated to them (S11)."""
    demands, uow = await store.load(tx, [event.data.demand_id for event in events]), SerialsUnitOfWork()
    await available_units.load_allocated_to(tx, uow, [(event.data.demand_id, event.data.order) for event in events])
    demands.cancel(events)
    fulfillment_events.release_allocations(uow, events)
    return await _save_and_collect(tx, uow, demands)


async def on_order_serials_deallocated(
    tx: Transaction, events: Sequence[CloudEvent[OrderSerialsDeallocated]]
) -> Sequence[Message]:
    """Return allocated units to stock (S11), on hold if they were not found."""
    uow = await units.load(tx, unit_keys(events))
    await units.load_held_units(tx, uow, hold_keys(events))
    demands = await store.load(tx, [event.data.demand_id for event in events if event.data.reallocate])
    demands.reopen(fulfillment_events.deallocate(uow, events))
    return await _save_and_collect(tx, uow, demands)


async def on_order_serials_unpicked(
    tx: Transaction, events: Sequence[CloudEvent[OrderSerialsUnpicked]]
) -> Sequence[Message]:
    """Return picked units to a storage location (S12)."""
    uow = await units.load(tx, unit_keys(events))
    demands = await store.load(tx, [event.data.demand_id for event in events if event.data.reallocate])
    demands.reopen(fulfillment_events.unpick(uow, events))
    return await _save_and_collect(tx, uow, demands)


async def on_return_serials_disposed(
    tx: Transaction, events: Sequence[CloudEvent[ReturnSerialsDisposed]]
) -> Sequence[Message]:
    """Restock or scrap customer returns, or return them to the vendor, and release their holds."""
    uow = await units.load(tx, unit_keys(events))
    await units.load_held_units(tx, uow, hold_keys(events))
    receiving_events.dispose_return(uow, events)
    return await _save_and_collect(tx, uow, DemandSet())


async def put_away(tx: Transaction, requests: Sequence[CloudEvent[PutAwaySerials]]) -> Sequence[CommandResult]:
    """Put received units away and allocate them to backorders (S07)."""
    uow = await units.load(tx, unit_keys(requests))
    location_types = await load_location_types(tx, [request.data.location for request in requests])
    outcomes = movements.put_away(uow, requests, location_types)
    return await _save_and_answer(tx, uow, outcomes)


async def release_holds(tx: Transaction, requests: Sequence[CloudEvent[ReleaseSerialHold]]) -> Sequence[CommandResult]:
    """Release holds and allocate the released units to backorders."""
    uow = SerialsUnitOfWork()
    await units.load_held_units(tx, uow, hold_keys(requests))
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(requests))
    return await _save_and_answer(tx, uow, holds.release_holds(uow, requests))


async def adjust(tx: Transaction, requests: Sequence[CloudEvent[AdjustSerials]]) -> Sequence[CommandResult]:
    """Record unallocated units as scrapped, lost, found or void."""
    uow = await units.load(tx, unit_keys(requests))
    location_types = await load_location_types(tx, [request.data.location for request in requests])
    outcomes = adjustments.adjust(uow, requests, location_types)
    return await _save_and_answer(tx, uow, outcomes)


async def correct_expiry(
    tx: Transaction, requests: Sequence[CloudEvent[CorrectSerialExpiry]]
) -> Sequence[CommandResult]:
    """Correct the expiry of units and release the expiry holds of units that have not expired (S28)."""
    uow = await units.load(tx, unit_keys(requests))
    await standing_holds.load_open_holds(tx, uow)
    shelf_life_by_pool = await load_shelf_life_rules(tx, {unit.pool for unit in uow.units.values()})
    return await _save_and_answer(tx, uow, corrections.correct_expiry(uow, requests, shelf_life_by_pool))


async def on_product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Save products and reallocate where the shelf-life policy changed."""
    previous_products = await load_products(tx, [event.data.sku for event in events])
    await save_products(tx, events)
    context_by_sku, changed_thresholds = {}, set()
    for event in events:
        previous = previous_products.get(event.data.sku)
        if event.data.tracking == "SERIAL" and previous and previous.shelf_life != event.data.shelf_life:
            context_by_sku[event.data.sku] = MessageContext.from_event(event)
            if previous.shelf_life.expiry_alert_days != event.data.shelf_life.expiry_alert_days:
                changed_thresholds.add(event.data.sku)
    if not context_by_sku:
        return ()
    await expiry.reschedule_checks(tx, changed_thresholds)
    return await _reallocate_pools(
        tx, {pool: context_by_sku[pool[0]] for pool in await store.find_backorder_pools(tx, context_by_sku)}
    )


async def on_warehouse_changed(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> Sequence[Message]:
    """Save warehouses and request the reallocation of backorders where the local date became earlier."""
    return await time_zone_changes.request_reallocations(
        tx, events, store.find_backorder_pools_in, ReallocateSerialBackorders
    )


async def reallocate_backorders(
    tx: Transaction, events: Sequence[CloudEvent[ReallocateSerialBackorders]]
) -> Sequence[Message]:
    """Reallocate where the local date became earlier: skipped units may match again."""
    context_by_pool = {(event.data.sku, event.data.warehouse): MessageContext.from_event(event) for event in events}
    await time_zone_changes.lock_time_zones(tx, {warehouse for _, warehouse in context_by_pool})
    return await _reallocate_pools(tx, context_by_pool)


async def _reallocate_pools(tx: Transaction, context_by_pool: Mapping[Pool, MessageContext]) -> Sequence[Message]:
    """Allocate all available units of pools to all their open demands."""
    uow, demands = SerialsUnitOfWork(), await store.load_open_demands(tx, context_by_pool)
    for demand in demands.open_demands:
        uow.released_stock[demand.pool] = {demand.pool: context_by_pool[demand.pool]}
    emitted = await _allocate_open_demands(tx, uow, demands, {})
    return [*(event for _, event in build_events(uow)), *emitted, *await publish_recall_updates(tx, uow)]
