"""Emits the events about items, cartons and the status of orders.

There are separate events for serial numbers and for lot quantities.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.content import NO_SCANS, ScanTexts, content_fields, content_lines
from services.fulfillment.orders.domain.items import (
    ZERO,
    AllocatedItem,
    AllocatedLot,
    AllocatedUnit,
    ItemGroup,
    ShortPick,
)
from services.fulfillment.orders.domain.order_status import line_progress, order_status
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message, chunks
from shared.contracts.fulfillment import (
    CartonPacked,
    HandOver,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
    OrderStatusChanged,
)
from shared.contracts.quantities import (
    DeallocatedLot,
    LotAtLocation,
    LotQuantity,
    ScannedLotAtLocation,
    ScannedPickedLot,
)
from shared.contracts.raw_scans import join_scans, scans_of_serials


def emit_deallocated(
    uow: FulfillmentUnitOfWork,
    order: Order,
    group: ItemGroup,
    items: Sequence[AllocatedItem],
    *,
    reallocate: bool,
    reason: str,
    short_pick: ShortPick | None = None,
    hand_over: HandOver | None = None,
    lost: bool = False,
) -> None:
    """Emit the events for allocated items that return to stock, or were not found there, or for lost units."""
    fields = _common_fields(order, group) | {"reallocate": reallocate, "reason": reason, "hand_over": hand_over}
    if lost:
        fields["lost"] = True
    if short_pick:
        id_field = "hold_id" if isinstance(items[0], AllocatedUnit) else "variance_id"
        fields[id_field] = short_pick.short_pick_id
    remaining = short_pick.remaining if short_pick else {}
    lots = (
        DeallocatedLot(**dict(lot), remaining=remaining.get((group.sku, lot.lot, lot.location)))
        for lot in _lots_by_location(items)
    )
    _emit(uow, (OrderSerialsDeallocated, OrderLotsDeallocated), items, lots, fields)


def emit_picked(
    uow: FulfillmentUnitOfWork, order: Order, group: ItemGroup, items: Sequence[AllocatedItem], location: str
) -> None:
    """Emit the events for picked items; must be called before their location changes."""
    scans = uow.scan_texts
    lots = (ScannedLotAtLocation(**dict(lot), scan=scan) for lot, scan in _scanned_lots(items, scans))
    fields = _common_fields(order, group) | {"location": location}
    _emit(uow, (OrderSerialsPicked, OrderLotsPicked), items, lots, fields, scans=scans)


def emit_unpicked(
    uow: FulfillmentUnitOfWork,
    order: Order,
    group: ItemGroup,
    items: Sequence[AllocatedItem],
    *,
    location: str,
    reallocate: bool,
    reason: str,
    lost: bool = False,
) -> None:
    """Emit the events for picked items that return to a storage location, or for lost ones."""
    fields = _common_fields(order, group) | {"location": location, "reallocate": reallocate, "reason": reason}
    scans = uow.scan_texts
    lots = (ScannedPickedLot(**dict(lot), scan=scan) for lot, scan in _scanned_lots(items, scans))
    fields |= {"lost": True} if lost else {}
    _emit(uow, (OrderSerialsUnpicked, OrderLotsUnpicked), items, lots, fields, scans=scans)


def _common_fields(order: Order, group: ItemGroup) -> dict[str, Any]:
    return {"order": order.order_id, **group._asdict()}


def _emit(
    uow: FulfillmentUnitOfWork,
    event_types: tuple[type[Message], type[Message]],
    items: Sequence[AllocatedItem],
    lots: Iterable[LotQuantity],
    fields: Any,
    *,
    scans: ScanTexts = NO_SCANS,
) -> None:
    """Emit events of one of the two types: a group has one demand, and so either units or lots."""
    serials_event, lots_event = event_types
    for units in chunks(item for item in items if isinstance(item, AllocatedUnit)):
        texts = scans_of_serials(join_scans(*scans.get(unit.key, ())) for unit in units) if scans else None
        scanned: dict[str, Any] = {"scans": texts} if texts else {}
        uow.emit(serials_event, serials=[unit.serial for unit in units], **fields, **scanned)
    for chunk in chunks(lots):
        uow.emit(lots_event, lots=chunk, **fields)


def _lots_by_location(items: Sequence[AllocatedItem]) -> Iterator[LotAtLocation]:
    totals: dict[tuple[str, str], Decimal] = {}
    for item in items:
        if isinstance(item, AllocatedLot):
            totals[item.lot, item.location] = totals.get((item.lot, item.location), ZERO) + item.quantity
    return (
        LotAtLocation(lot=lot, location=location, quantity=quantity) for (lot, location), quantity in totals.items()
    )


def _scanned_lots(items: Sequence[AllocatedItem], scans: ScanTexts) -> Iterator[tuple[LotAtLocation, str | None]]:
    """Total lot quantities by lot and location, with the scans of the lot."""
    texts = {item.lot: item.scan_key for item in items if isinstance(item, AllocatedLot)} if scans else {}
    for lot in _lots_by_location(items):
        yield lot, join_scans(*scans.get(texts[lot.lot], ())) if scans else None


def publish_carton_contents(uow: FulfillmentUnitOfWork) -> None:
    """Publish the content of each changed carton once."""
    for carton, (context, order) in uow.changed_cartons.items():
        scans = uow.packed_scans.pop(carton, NO_SCANS)
        lines = content_lines([item for item in order.items if item.carton == carton], scans)
        content = content_fields(lines[:MAX_ITEMS_PER_MESSAGE])
        if scans:
            texts = (join_scans(*scans.get((unit.sku, unit.serial), ())) for unit in content["units"])
            content["scans"] = scans_of_serials(texts)
        record = uow.cartons.get(carton)
        sscc = record.sscc if record else uow.ssccs.get(carton)
        uow.emit(CartonPacked, context, order=order.order_id, carton=carton, sscc=sscc, **content)
    uow.changed_cartons.clear()


def publish_order_statuses(uow: FulfillmentUnitOfWork) -> None:
    """Publish the state of each changed order once."""
    for order_id in list(uow.changed_orders):
        publish_order_status(uow, uow.orders[order_id])


def publish_order_status(uow: FulfillmentUnitOfWork, order: Order) -> None:
    """Publish the state of an order, if it has changed; caused by the last message that changed it."""
    if order.order_id not in uow.changed_orders:
        return
    context, changed_lines = uow.changed_orders.pop(order.order_id)
    order.status, order.version = order_status(order), order.version + 1
    parts = list(chunks(order.lines.values()))
    for number, lines in enumerate(parts, start=1):
        uow.emit(
            OrderStatusChanged, context, order=order.order_id, version=order.version, part=number, parts=len(parts),
            status=order.status, warehouse=order.warehouse, awaiting_warehouse=order.awaiting_warehouse,
            customer=order.customer,
            changed_lines=[line.line for line in lines if line.line in changed_lines],
            lines=[line_progress(order, line) for line in lines],
        )  # fmt: skip
