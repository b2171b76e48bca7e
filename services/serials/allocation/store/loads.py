"""Loads of the messages about demands and of the allocation policy."""

from collections.abc import Sequence
from typing import Any

from services.serials.allocation.store import available_units, backorders, demands
from services.serials.allocation.store.skipped_units import count_skipped
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import expiry, units
from services.serials.units.store.loads import load_location_types, load_units_and_holds
from services.serials.units.store.sales import UPSERT_PRODUCTS
from shared.contracts.commands.serials import ReallocateSerialBackorders
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationCancelled, OrderSerialsDeallocated, OrderSerialsUnpicked
from shared.contracts.reference import ProductChanged
from shared.inventory import time_zone_changes
from shared.inventory.approval_table import save_approvals
from shared.inventory.backorders import demands_to_reopen
from shared.inventory.reference_data import load_products, save_products
from shared.inventory.shelf_life_rules import find_shelf_life_rules
from shared.persistence.database import Transaction

Events = Sequence[CloudEvent[Any]]


async def save(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Save the changes of units and demands."""
    await units.save(tx, uow)
    await demands.save(tx, uow)
    await save_approvals(tx, uow)


async def load_demands(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load demands."""
    await demands.load(tx, uow, (event.data.demand_id for event in events))


async def load_demands_to_cancel(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[AllocationCancelled]]
) -> None:
    """Load demands and the units allocated to them."""
    await load_demands(tx, uow, events)
    await available_units.load_allocated_to(tx, uow, ((event.data.demand_id, event.data.order) for event in events))


async def load_returned_units(
    tx: Transaction,
    uow: SerialsUnitOfWork,
    events: Sequence[CloudEvent[OrderSerialsDeallocated] | CloudEvent[OrderSerialsUnpicked]],
) -> None:
    """Load units that return to stock with their new holds, and the demands to reallocate."""
    await load_units_and_holds(tx, uow, events)
    unpicked = (event.data for event in events if isinstance(event.data, OrderSerialsUnpicked))
    await load_location_types(tx, uow, (data.location for data in unpicked))
    await demands.load(tx, uow, demands_to_reopen(event.data for event in events))


async def load_backorders(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the demands that an allocation may fill, and the units that they could take."""
    if not uow.has_pending_allocation:
        return
    if uow.has_withdrawn_stock:  # the queries below must not find it
        await save(tx, uow)
    released_pools = available_units.pools_with_expiry(uow, uow.released_stock)
    uow.shelf_life_rules = await find_shelf_life_rules(tx, released_pools)
    await backorders.load_fillable_demands(tx, uow)
    await demands.load_open_demands(tx, uow, uow.reallocated_pools)
    open_demands = uow.open_demands
    await units.load(tx, uow, [(demand.sku, serial) for demand in open_demands for serial in demand.serials])
    await available_units.load_available(tx, uow)
    open_pools = {demand.pool for demand in open_demands}
    if pools := available_units.pools_with_lot_criteria(uow) | available_units.pools_with_expiry(uow, open_pools):
        uow.shelf_life_rules |= await find_shelf_life_rules(tx, pools - uow.shelf_life_rules.keys())
        await available_units.load_candidates(tx, uow)


async def load_product_changes(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Save products; reschedule the expiry checks of changed thresholds, and find backorders of changed policies."""
    previous_products = await load_products(tx, [event.data.sku for event in events])
    uow.previous_policies |= {sku: product.shelf_life for sku, product in previous_products.items()}
    await save_products(tx, events, UPSERT_PRODUCTS)
    changed = [
        (event.data.sku, event.data.shelf_life, previous)
        for event in events
        if event.data.tracking == "SERIAL"
        and (previous := uow.previous_policies.get(event.data.sku, event.data.shelf_life)) != event.data.shelf_life
    ]
    await expiry.reschedule_checks(
        tx, uow, {sku for sku, policy, previous in changed if policy.expiry_alert_days != previous.expiry_alert_days}
    )
    if skus := {sku for sku, _, _ in changed}:
        uow.backorder_pools |= await backorders.find_backorder_pools(tx, skus)


async def lock_time_zones(
    tx: Transaction, _: SerialsUnitOfWork, events: Sequence[CloudEvent[ReallocateSerialBackorders]]
) -> None:
    """Lock the time zones of the warehouses, so that the reallocation sees their current date."""
    await time_zone_changes.lock_time_zones(tx, {event.data.warehouse for event in events})


async def load_skipped_units(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Count the unallocated units of pools with short demands."""
    if short_pools := {allocation.demand.pool for allocation in uow.allocations if allocation.is_short}:
        await units.save(tx, uow)
        uow.skipped_by_pool = await count_skipped(tx, short_pools, uow.shelf_life_rules)
