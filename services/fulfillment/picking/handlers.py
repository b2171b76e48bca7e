"""Handlers for picks, short picks, unpicks and swaps, and for holds and corrected expiry dates."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.domain import (
    AllocatedItem,
    Demand,
    FulfillmentUnitOfWork,
    MessageContext,
    UnitKey,
    items_result,
)
from services.fulfillment.orders.domain.paths import swap_path
from services.fulfillment.orders.handlers import handle_commands, handle_events
from services.fulfillment.picking import store
from services.fulfillment.picking.domain import (
    PickRules,
    SwapAccepted,
    apply_hold,
    pick_items,
    report_short_pick,
    swap_lot,
    swap_unit,
    unpick_items,
)
from shared.contracts.commands.fulfillment import PickItems, ReportShortPick, SwapLot, SwapUnit, UnpickItems
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotDatesCorrected, LotHoldPlaced, LotHoldReleased
from shared.contracts.problems import ProblemDetail
from shared.contracts.serials import SerialExpiryCorrected, SerialHoldPlaced, SerialHoldReleased
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

Events = Sequence[CloudEvent[Any]]
ItemsRule = Callable[[MessageContext, Any], tuple[list[AllocatedItem], list[ProblemDetail]]]
SwapRule = Callable[[MessageContext, Any], tuple[Demand | None, list[ProblemDetail]]]


async def pick(tx: Transaction, events: Sequence[CloudEvent[PickItems]]) -> Sequence[CommandResult]:
    """Pick scanned items of the pick list."""
    locations = await store.load_locations(tx, {event.data.location for event in events})
    uow = await orders.load(tx, _order_ids(events), units=_unit_keys(events))
    pick_rules = await _load_pick_rules(tx, uow)
    return await _handle_item_commands(
        tx, uow, events, lambda context, data: pick_items(context, data, locations, pick_rules)
    )


async def short_pick(tx: Transaction, events: Sequence[CloudEvent[ReportShortPick]]) -> Sequence[CommandResult]:
    """Release items of the pick list that were not found."""
    return await _handle_item_commands(
        tx, await orders.load(tx, _order_ids(events), units=_unit_keys(events)), events, report_short_pick
    )


async def unpick(tx: Transaction, events: Sequence[CloudEvent[UnpickItems]]) -> Sequence[CommandResult]:
    """Return picked items to storage."""
    locations = await store.load_locations(tx, {event.data.location for event in events})
    uow = await orders.load(tx, _order_ids(events), units=_unit_keys(events))
    return await _handle_item_commands(tx, uow, events, lambda context, data: unpick_items(context, data, locations))


async def swap_units(tx: Transaction, events: Sequence[CloudEvent[SwapUnit]]) -> Sequence[CommandResult]:
    """Request other units instead of allocated ones; the result follows asynchronously."""
    keys = [
        (event.data.unit.sku, serial) for event in events for serial in (event.data.unit.serial, event.data.replacement)
    ]
    return await _handle_swaps(tx, await orders.load(tx, _order_ids(events), units=keys), events, swap_unit)


async def swap_lots(tx: Transaction, events: Sequence[CloudEvent[SwapLot]]) -> Sequence[CommandResult]:
    """Request another lot instead of an allocated one; the result follows asynchronously."""
    return await _handle_swaps(tx, await orders.load(tx, _order_ids(events)), events, swap_lot)


async def on_serial_hold_placed(tx: Transaction, events: Sequence[CloudEvent[SerialHoldPlaced]]) -> Sequence[Message]:
    """Copy holds on units of orders and apply them to the orders."""
    order_ids = {unit.order for event in events for unit in event.data.units if unit.order is not None}
    keys = [(event.data.sku, unit.serial) for event in events for unit in event.data.units]
    await store.insert_unit_holds(tx, events)
    return await handle_events(tx, await orders.load(tx, order_ids, units=keys), events, apply_hold)


async def on_serial_hold_released(
    tx: Transaction, events: Sequence[CloudEvent[SerialHoldReleased]]
) -> Sequence[Message]:
    """Delete the copies of released holds on units."""
    await store.delete_unit_holds(tx, events)
    return ()


async def on_lot_hold_placed(tx: Transaction, events: Sequence[CloudEvent[LotHoldPlaced]]) -> Sequence[Message]:
    """Copy holds on lots and apply them to the orders."""
    order_ids = {affected.order for event in events for affected in event.data.stock}
    await store.insert_lot_holds(tx, events)
    return await handle_events(tx, await orders.load(tx, order_ids), events, apply_hold)


async def on_lot_hold_released(tx: Transaction, events: Sequence[CloudEvent[LotHoldReleased]]) -> Sequence[Message]:
    """Delete the copies of released holds on lots."""
    await store.delete_lot_holds(tx, events)
    return ()


async def on_serial_expiry_corrected(
    tx: Transaction, events: Sequence[CloudEvent[SerialExpiryCorrected]]
) -> Sequence[Message]:
    """Correct the expiry dates of unshipped units."""
    await store.update_unit_expiry(tx, events)
    return ()


async def on_lot_dates_corrected(tx: Transaction, events: Sequence[CloudEvent[LotDatesCorrected]]) -> Sequence[Message]:
    """Correct the expiry dates of unshipped lot quantities."""
    await store.update_lot_expiry(tx, events)
    return ()


async def _handle_item_commands(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Events, rule: ItemsRule
) -> Sequence[CommandResult]:
    """Apply a rule about items to each command and save the unit of work."""

    def handle(context: MessageContext, data: Any) -> CommandResult:
        items, violations = rule(context, data)
        published = context.collect_events()
        order = uow.orders.get(data.order)
        body = items_result(order, items) if items and order is not None else None
        return CommandResult(body=body, events=published, violations=violations)

    return await handle_commands(tx, uow, events, handle)


async def _handle_swaps(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Events, swap: SwapRule
) -> Sequence[CommandResult]:
    """Apply a swap rule to each command; the id of the new demand identifies the swap."""

    def handle(context: MessageContext, data: Any) -> CommandResult:
        demand, violations = swap(context, data)
        if demand is None:
            return CommandResult(violations=violations)
        path = swap_path(demand.demand_id)
        body = SwapAccepted(swap_id=demand.demand_id, order=demand.order_id, path=path)
        return CommandResult(body=body, events=context.collect_events(), resource_path=path)

    return await handle_commands(tx, uow, events, handle)


async def _load_pick_rules(tx: Transaction, uow: FulfillmentUnitOfWork) -> PickRules:
    """Load local dates and shelf-life policies; neither is needed without expiry dates."""
    skus = {item.sku for order in uow.orders for item in order.items if item.expiry}
    return (
        await store.load_pick_rules(tx, skus, {order.warehouse for order in uow.orders}) if skus else PickRules({}, {})
    )


def _order_ids(events: Events) -> set[str]:
    return {event.data.order for event in events}


def _unit_keys(events: Iterable[CloudEvent[Any]]) -> list[UnitKey]:
    return [(unit.sku, unit.serial) for event in events for unit in event.data.units]
