"""Builds the events about items: separate events for serial numbers and for lot quantities."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.context import MessageContext
from services.fulfillment.orders.domain.items import ZERO, AllocatedItem, AllocatedLot, AllocatedUnit, ItemGroup
from services.fulfillment.orders.domain.records import Order
from shared.contracts.envelope import Message, chunks
from shared.contracts.fulfillment import (
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from shared.contracts.quantities import LotAtLocation, LotQuantity


def emit_deallocated(
    context: MessageContext,
    order: Order,
    group: ItemGroup,
    items: Sequence[AllocatedItem],
    *,
    reallocate: bool,
    reason: str,
    hold_id: str | None = None,
) -> None:
    """Emit the events for allocated items that return to stock."""
    fields = _common_fields(context, order, group) | {"reallocate": reallocate, "reason": reason, "hold_id": hold_id}
    _emit(context, (OrderSerialsDeallocated, OrderLotsDeallocated), items, _lots_by_location(items), fields)


def emit_picked(
    context: MessageContext, order: Order, group: ItemGroup, items: Sequence[AllocatedItem], location: str
) -> None:
    """Emit the events for picked items; must be called before their location changes."""
    _emit(
        context,
        (OrderSerialsPicked, OrderLotsPicked),
        items,
        _lots_by_location(items),
        _common_fields(context, order, group) | {"location": location},
    )


def emit_unpicked(
    context: MessageContext,
    order: Order,
    group: ItemGroup,
    items: Sequence[AllocatedItem],
    *,
    location: str,
    reallocate: bool,
    reason: str,
) -> None:
    """Emit the events for picked items that return to a storage location."""
    fields = _common_fields(context, order, group) | {"location": location, "reallocate": reallocate, "reason": reason}
    _emit(context, (OrderSerialsUnpicked, OrderLotsUnpicked), items, _lot_quantities(items), fields)


def _common_fields(context: MessageContext, order: Order, group: ItemGroup) -> dict[str, Any]:
    return {"order": order.order_id, **group._asdict(), "actor": context.actor, "cause": context.cause}


def _emit(
    context: MessageContext,
    event_types: tuple[type[Message], type[Message]],
    items: Sequence[AllocatedItem],
    lots: Iterable[LotQuantity],
    fields: Any,
) -> None:
    """Emit events of one of the two types: a group has one demand, and so either units or lots."""
    serials_event, lots_event = event_types
    for serials in chunks(item.serial for item in items if isinstance(item, AllocatedUnit)):
        context.emit(serials_event(serials=serials, **fields))
    for chunk in chunks(lots):
        context.emit(lots_event(lots=chunk, **fields))


def _lots_by_location(items: Sequence[AllocatedItem]) -> Iterator[LotAtLocation]:
    totals: dict[tuple[str, str], Decimal] = {}
    for item in items:
        if isinstance(item, AllocatedLot):
            totals[item.lot, item.location] = totals.get((item.lot, item.location), ZERO) + item.quantity
    return (
        LotAtLocation(lot=lot, location=location, quantity=quantity) for (lot, location), quantity in totals.items()
    )


def _lot_quantities(items: Sequence[AllocatedItem]) -> Iterator[LotQuantity]:
    totals: dict[str, Decimal] = {}
    for item in items:
        if isinstance(item, AllocatedLot):
            totals[item.lot] = totals.get(item.lot, ZERO) + item.quantity
    return (LotQuantity(lot=lot, quantity=quantity) for lot, quantity in totals.items())
