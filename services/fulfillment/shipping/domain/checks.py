"""Results of dispatch checks: a shipment is dispatched if all its content lines are approved in time."""

from collections.abc import Iterator, Mapping, Sequence

from services.fulfillment.orders.domain import (
    AllocatedItem,
    AllocatedUnit,
    DispatchCheck,
    FulfillmentUnitOfWork,
    Order,
    Reason,
    Shipment,
)
from services.fulfillment.orders.domain.content import content_fields, content_lines, log_detail, total_by_lot
from services.fulfillment.orders.domain.items import group_items, total_quantity
from services.fulfillment.shipping.domain.shipments import content_by_order
from shared.contracts.envelope import chunks
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.lots import LotDispatchApproved, LotDispatchRejected
from shared.contracts.problems import Code
from shared.contracts.serials import SerialDispatchApproved, SerialDispatchRejected

ApprovalEvent = SerialDispatchApproved | LotDispatchApproved
RejectionEvent = SerialDispatchRejected | LotDispatchRejected
ContentByShipment = Mapping[str, Sequence[AllocatedItem]]
"""Packed items of a shipment, by order."""


def approve_dispatch(uow: FulfillmentUnitOfWork, event: ApprovalEvent) -> None:
    """Count approved content lines; the last one dispatches the shipment. Approvals of a closed check are ignored."""
    check = _find_check(uow, event)
    if check is None or check.status != "PENDING":
        return
    shipment = uow.shipments[check.shipment]
    if changed_orders := _changed_orders(uow, check):
        check.close(
            uow.now,
            "CANCELLED",
            Reason(Code.CONTENT_CHANGED, f"Content changed during the check: order {', '.join(changed_orders)}"),
        )
        return
    content = content_by_order(uow, shipment)
    requested_lines = {line for order_id, items in content.items() for line in _content_keys(order_id, items)}
    approved_lines = _approved_lines(event)
    unknown = [identifier for line_key, identifier in approved_lines if line_key not in requested_lines]
    if unknown or check.approved_count + len(approved_lines) > check.requested_count:
        detail = f"Dispatch check {check.check_id} does not include all approved items"
        uow.record_conflict(
            Code.DOCUMENT_MISMATCH, detail, document=event.order, sku=event.sku,
            ids=unknown or [identifier for _, identifier in approved_lines],
        )  # fmt: skip
        return
    check.approved_count += len(approved_lines)
    check.valid_until = min(check.valid_until or event.valid_until, event.valid_until)
    if check.approved_count == check.requested_count:
        _complete_check(uow, shipment, check, content)


def reject_dispatch(uow: FulfillmentUnitOfWork, event: RejectionEvent) -> None:
    """Reject the check; reasons of later rejections are added."""
    check = _find_check(uow, event)
    if check is None or check.status not in ("PENDING", "REJECTED"):
        return
    reasons = _rejection_reasons(event)
    check.close(uow.now, "REJECTED", *reasons)
    uow.log(
        event.order, "DISPATCH_REJECTED", shipment=check.shipment, check_id=check.check_id,
        reasons=[reason._asdict() for reason in reasons],
    )  # fmt: skip


def _content_keys(order_id: str, items: Sequence[AllocatedItem]) -> Iterator[tuple[object, ...]]:
    """Unique keys of the content lines of a check."""
    for item in items:
        if isinstance(item, AllocatedUnit):
            yield item.key
    for line, quantity in total_by_lot(items).items():
        yield order_id, *line, quantity


def _approved_lines(event: ApprovalEvent) -> list[tuple[tuple[object, ...], str]]:
    """Keys of the approved content lines, each with its serial or lot number."""
    if isinstance(event, SerialDispatchApproved):
        return [((event.sku, serial), serial) for serial in event.serials]
    return [
        ((event.order, line.line, line.sku, line.lot, line.location, line.quantity), line.lot) for line in event.stock
    ]


def _known_code(code: str) -> Code:
    """The error code of another service; one of its newer release counts as a rejected dispatch."""
    try:
        return Code(code)
    except ValueError:
        return Code.DISPATCH_REJECTED


def _rejection_reasons(event: RejectionEvent) -> list[Reason]:
    if isinstance(event, SerialDispatchRejected):
        return [
            Reason(code=_known_code(unit.code), detail=unit.detail, sku=event.sku, serial=unit.serial)
            for unit in event.units
        ]
    return [
        Reason(code=_known_code(line.code), detail=line.detail, sku=event.sku, lot=line.lot) for line in event.stock
    ]


def _find_check(uow: FulfillmentUnitOfWork, event: ApprovalEvent | RejectionEvent) -> DispatchCheck | None:
    check = uow.checks.get(event.check_id)
    if check is None or event.order not in check.orders or event.shipment != check.shipment:
        detail = f"Shipment {event.shipment} has no dispatch check {event.check_id} for order {event.order}"
        uow.record_conflict(Code.DOCUMENT_MISMATCH, detail, document=event.order, sku=event.sku, ids=[event.check_id])
        return None
    if not set(check.orders) <= {event.order, *event.orders}:
        detail = f"The event does not list all orders of shipment {event.shipment}"
        uow.record_conflict(Code.DOCUMENT_MISMATCH, detail, document=event.order, sku=event.sku, ids=list(check.orders))
        return None
    return check


def _changed_orders(uow: FulfillmentUnitOfWork, check: DispatchCheck) -> list[str]:
    packing_versions = zip(check.orders, check.packing_versions, strict=True)
    return [
        order_id
        for order_id, version in packing_versions
        if (order := uow.orders.get(order_id)) and order.packing_version != version
    ]


def _complete_check(
    uow: FulfillmentUnitOfWork,
    shipment: Shipment,
    check: DispatchCheck,
    content: ContentByShipment,
) -> None:
    """Dispatch a fully approved shipment, unless the approval has expired or an item is now on hold."""
    held_items = [item for items in content.values() for item in items if item.on_hold]
    if check.valid_until is None or uow.now > check.valid_until:
        check.close(
            uow.now, "CANCELLED", Reason(Code.APPROVAL_EXPIRED, f"The approval was valid until {check.valid_until}")
        )
    elif held_items:
        check.close(uow.now, "REJECTED", *(_hold_reason(item) for item in held_items))
    else:
        _dispatch(uow, shipment, content)
        check.close(uow.now, "DISPATCHED")


def _hold_reason(item: AllocatedItem) -> Reason:
    if isinstance(item, AllocatedUnit):
        return Reason(code=Code.ON_HOLD, detail="On hold", sku=item.sku, serial=item.serial)
    return Reason(code=Code.ON_HOLD, detail="On hold", sku=item.sku, lot=item.lot)


def _dispatch(uow: FulfillmentUnitOfWork, shipment: Shipment, content: ContentByShipment) -> None:
    shipment.status, shipment.dispatched_at = "DISPATCHED", uow.now
    for carton in uow.cartons:
        carton.dispatched = carton.dispatched or carton.shipment == shipment.shipment
    for order_id, items in content.items():
        order = uow.orders[order_id]
        _mark_shipped(uow, order, items, shipment)
        for chunk in chunks(content_lines(items)):
            uow.emit(
                OrderDispatched, order=order_id, orders=list(shipment.orders), shipment=shipment.shipment,
                check_id=shipment.check_id or "", customer=order.customer, customer_name=order.customer_name,
                contact=order.contact, ship_to=order.ship_to, carrier=shipment.carrier,
                tracking_number=shipment.tracking_number, **content_fields(chunk),
            )  # fmt: skip
        uow.log(order_id, "DISPATCHED", shipment=shipment.shipment, **log_detail(items))


def _mark_shipped(uow: FulfillmentUnitOfWork, order: Order, items: Sequence[AllocatedItem], shipment: Shipment) -> None:
    for group, members in group_items(items).items():
        line = order.lines[group.line]
        line.picked -= total_quantity(members)
        line.packed -= total_quantity(members)
        line.shipped += total_quantity(members)
        uow.mark_line(line)
    for item in items:
        item.status, item.shipment = "SHIPPED", shipment.shipment
