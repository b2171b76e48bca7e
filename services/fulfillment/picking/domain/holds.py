"""Applies holds and corrected expiry dates to orders."""

from collections import defaultdict
from collections.abc import Mapping

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedLot,
    AllocatedUnit,
    FulfillmentUnitOfWork,
    release,
)
from services.fulfillment.orders.domain.content import log_detail
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.lots import LotHoldPlaced
from shared.contracts.serials import SerialExpiryCorrected, SerialHoldPlaced


def apply_hold(uow: FulfillmentUnitOfWork, event: SerialHoldPlaced | LotHoldPlaced) -> None:
    """Release unpicked items; picked ones cannot be packed or dispatched until the hold is released."""
    by_order = _held_units(uow, event) if isinstance(event, SerialHoldPlaced) else _held_lots(uow, event)
    for order_id, items in by_order.items():
        order = uow.orders.get(order_id)
        if order is None:
            continue
        release(uow, order, [item for item in items if item.status == "ALLOCATED"], f"on hold: {event.reason}")
        by_line_and_status: dict[tuple[str, bool], list[AllocatedItem]] = defaultdict(list)
        for item in items:
            item.on_hold = True
            by_line_and_status[item.line, item.status == "PICKED"].append(item)
        for (line, is_picked), members in by_line_and_status.items():
            uow.log(
                order_id, "HOLD_PLACED", line=line, sku=event.sku, hold_id=event.hold_id, reason=event.reason,
                picked=is_picked,
                **log_detail(members),
            )  # fmt: skip


def correct_expiry(uow: FulfillmentUnitOfWork, event: SerialExpiryCorrected | LotDatesCorrected) -> None:
    """Correct the loaded items of the listed orders, as the statement corrects the stored ones."""
    identifiers = set(event.serials) if isinstance(event, SerialExpiryCorrected) else {event.lot}
    for order_id in event.orders:
        order = uow.orders.get(order_id)
        for item in order.items if order else ():
            number = item.serial if isinstance(item, AllocatedUnit) else item.lot
            if item.sku == event.sku and number in identifiers:
                item.expiry = event.expiry


def _held_units(uow: FulfillmentUnitOfWork, event: SerialHoldPlaced) -> Mapping[str, list[AllocatedItem]]:
    """Held units by order; units released meanwhile are ignored.

    A unit of another order was released from hold and reallocated: events of two orders may arrive in any sequence.
    """
    by_order: dict[str, list[AllocatedItem]] = defaultdict(list)
    for affected in event.units:
        unit = uow.units.get((event.sku, affected.serial))
        if unit is not None and unit.order_id == affected.order:
            by_order[unit.order_id].append(unit)
    return by_order


def _held_lots(uow: FulfillmentUnitOfWork, event: LotHoldPlaced) -> Mapping[str, list[AllocatedItem]]:
    """Quantities of a held lot by order; a hold at a location covers only unpicked stock there."""
    order_ids = {affected.order for affected in event.stock}
    return {
        order.order_id: [lot for lot in order.lots.values() if _is_held(lot, event)]
        for order in uow.orders if order.order_id in order_ids
    }  # fmt: skip


def _is_held(lot: AllocatedLot, event: LotHoldPlaced) -> bool:
    location_matches = event.location is None or (lot.status == "ALLOCATED" and lot.location == event.location)
    return (lot.sku, lot.lot) == (event.sku, event.lot) and location_matches
