"""Releases items at a location from which nothing is allocated any more."""

from services.fulfillment.orders.domain import AllocatedItem, FulfillmentUnitOfWork, release
from services.fulfillment.orders.domain.content import log_detail
from shared.contracts.lots import LotAllocationsRevoked
from shared.contracts.serials import SerialAllocationsRevoked


def release_revoked(uow: FulfillmentUnitOfWork, event: SerialAllocationsRevoked | LotAllocationsRevoked) -> None:
    """Release items that are still to be picked there and request replacements; picked ones stay with their orders."""
    items_by_order = _units(uow, event) if isinstance(event, SerialAllocationsRevoked) else _lots(uow, event)
    for order_id, items in items_by_order.items():
        if (order := uow.orders.get(order_id)) is None:
            continue
        to_release = [item for item in items if item.status == "ALLOCATED"]
        release(uow, order, to_release, event.reason)
        items_by_line: dict[str, list[AllocatedItem]] = {}
        for item in to_release:
            items_by_line.setdefault(item.line, []).append(item)
        for line, members in items_by_line.items():
            uow.log(
                order_id, "ALLOCATION_REVOKED", line=line, sku=event.sku, location=event.location, reason=event.reason,
                **log_detail(members),
            )  # fmt: skip


def _units(uow: FulfillmentUnitOfWork, event: SerialAllocationsRevoked) -> dict[str, list[AllocatedItem]]:
    """Revoked units by order; units released meanwhile are ignored."""
    by_order: dict[str, list[AllocatedItem]] = {}
    for affected in event.units:
        unit = uow.units.get((event.sku, affected.serial))
        if unit is not None and unit.order_id == affected.order:
            by_order.setdefault(unit.order_id, []).append(unit)
    return by_order


def _lots(uow: FulfillmentUnitOfWork, event: LotAllocationsRevoked) -> dict[str, list[AllocatedItem]]:
    """Lots at the location by order."""
    revoked = {(affected.demand_id, affected.lot) for affected in event.stock}
    return {
        order_id: [
            lot
            for lot in order.lots.values()
            if (lot.sku, lot.location) == (event.sku, event.location) and (lot.demand_id, lot.lot) in revoked
        ]
        for order_id in {affected.order for affected in event.stock}
        if (order := uow.orders.get(order_id)) is not None
    }
