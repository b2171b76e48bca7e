"""The rules of fulfillment on an in-memory unit of work."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from services.fulfillment.orders.domain import (
    AllocatedLot,
    FulfillmentUnitOfWork,
    MessageContext,
    Product,
    UnitKey,
    apply_allocation,
    apply_change,
    apply_early_messages,
    place_order,
    reevaluate_product,
)
from services.fulfillment.picking.domain import (
    PickRules,
    apply_hold,
    pick_items,
    report_short_pick,
    swap_lot,
    swap_unit,
    unpick_items,
)
from services.fulfillment.shipping.domain import (
    ShippingUnitOfWork,
    approve_dispatch,
    cancel_shipment,
    create_shipment,
    dispatch_shipment,
    move_to_carton,
    pack_items,
    reject_dispatch,
    unpack_items,
)
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapLot,
    SwapUnit,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.lots import (
    LotAllocated,
    LotDispatchApproved,
    LotDispatchRejected,
    LotHoldPlaced,
    LotHoldReleased,
)
from shared.contracts.problems import ProblemDetail
from shared.contracts.serials import (
    SerialAllocated,
    SerialDispatchApproved,
    SerialDispatchRejected,
    SerialHoldPlaced,
    SerialHoldReleased,
)
from shared.contracts.upstream import OrderPlaced
from shared.inventory.reference_data import Location
from tests.support.events import to_event

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
LOCATIONS = {
    "EAST/STAGE": Location("EAST/STAGE", 1, "STAGING", 1),
    "EAST/A-1": Location("EAST/A-1", 1, "STORAGE", 2),
    "WEST/STAGE": Location("WEST/STAGE", 1, "STAGING", 3),
}


def numbered_ids(prefix: str) -> Iterator[str]:
    """Ids with consecutive numbers."""
    return (f"{prefix}{number}" for number in count(1))


SERIAL, LOT, NONE = Product("SERIAL", 0), Product("LOT"), Product("NONE")


class InMemoryFulfillment:
    """Processes messages and returns the published events; keeps the violations of the last message."""

    def __init__(self, skus: Iterable[str] = ("A",)) -> None:
        self.uow = FulfillmentUnitOfWork(numbered_ids("D"))
        self.shipping_uow = ShippingUnitOfWork(self.uow, NOW)
        self.products = dict.fromkeys(skus, SERIAL)
        self.holds: dict[UnitKey, set[str]] = defaultdict(set)
        self.lot_holds: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
        self.pick_rules = PickRules({"EAST": NOW.date()}, {})
        self.early_messages: dict[str, list[CloudEvent[Any]]] = defaultdict(list)
        self.violations: list[ProblemDetail] = []
        self.shipped_lots: list[AllocatedLot] = []

    def handle(self, message: Message) -> list[Message]:
        """Process one message; return the published events."""
        for unit in self.uow.units:
            unit.on_hold = bool(self.holds[unit.key])
        for lot in self.uow.lots:
            location = lot.location if lot.status == "ALLOCATED" else None
            lot.on_hold = any(self.lot_holds[lot.sku, lot.lot, hold_location] for hold_location in (None, location))
        event = to_event(message, time=NOW)
        self.uow.decimals = {sku: product.decimals for sku, product in self.products.items()}
        contexts = [MessageContext(self.uow, event)]
        events = self._dispatch(contexts, event)
        self._archive_shipped_items()
        return events

    def rejection_codes(self, message: Message) -> list[str]:
        """Process one message; return the codes of its violations."""
        self.handle(message)
        return [str(violation.code) for violation in self.violations]

    def _dispatch(self, contexts: list[MessageContext], event: CloudEvent[Any]) -> list[Message]:
        (context,), data = contexts, event.data
        self.violations = []
        if isinstance(data, OrderPlaced):
            self.violations = place_order(context, data, self.products, NOW)
            order = self.uow.orders.get(data.order)
            events = context.collect_events()
            if order is not None and not self.violations:
                locked_skus = {line.sku for line in data.lines}
                early_messages = self.early_messages.pop(data.order, [])
                early_contexts, self.violations = apply_early_messages(
                    self.uow, order, early_messages, self.products, locked_skus
                )
                events = [
                    *events,
                    *(published for early_context in early_contexts for published in early_context.collect_events()),
                ]
            return events
        if event_handler := EVENT_HANDLERS.get(type(data)):
            event_handler(self, context, data)
        elif command_handler := COMMAND_HANDLERS.get(type(data)):
            self.violations = command_handler(self, context, data)
        elif (order := self.uow.orders.get(data.order)) is None:
            self.early_messages[data.order].append(event)
        else:
            self.violations = apply_change(context, order, self.products)
        return context.collect_events()

    def _archive_shipped_items(self) -> None:
        """Do the work of saving and reloading: merge equal lots and remove shipped items."""
        self.uow.merge_equal()
        for lot in [lot for lot in self.uow.lots if lot.status == "SHIPPED"]:
            self.uow.remove(lot)
            self.shipped_lots.append(lot)
            if (line := self.uow.lines.get((lot.order_id, lot.line))) and line.single_lot:
                line.shipped_lot = lot.lot
        for unit in [unit for unit in self.uow.units if unit.status == "SHIPPED"]:
            self.uow.remove(unit)
            self.uow.shipped[unit.key] = unit.order_id


def _on_serial_hold_placed(fulfillment: InMemoryFulfillment, context: MessageContext, data: SerialHoldPlaced) -> None:
    for unit in data.units:
        fulfillment.holds[data.sku, unit.serial].add(data.hold_id)
    apply_hold(context, data)


def _on_serial_hold_released(fulfillment: InMemoryFulfillment, _: MessageContext, data: SerialHoldReleased) -> None:
    for serial in data.serials:
        fulfillment.holds[data.sku, serial].discard(data.hold_id)


def _on_lot_hold_placed(fulfillment: InMemoryFulfillment, context: MessageContext, data: LotHoldPlaced) -> None:
    fulfillment.lot_holds[data.sku, data.lot, data.location].add(data.hold_id)
    apply_hold(context, data)


def _on_lot_hold_released(fulfillment: InMemoryFulfillment, _: MessageContext, data: LotHoldReleased) -> None:
    fulfillment.lot_holds[data.sku, data.lot, data.location].discard(data.hold_id)


def _on_order_reevaluation_requested(
    fulfillment: InMemoryFulfillment, context: MessageContext, data: OrderReevaluationRequested
) -> None:
    if order := fulfillment.uow.orders.get(data.order):
        reevaluate_product(context, order, data.sku, fulfillment.products.get(data.sku))


COMMAND_HANDLERS: dict[type[Message], Callable[[InMemoryFulfillment, MessageContext, Any], list[ProblemDetail]]] = {
    PickItems: lambda fulfillment, context, data: pick_items(context, data, LOCATIONS, fulfillment.pick_rules)[1],
    ReportShortPick: lambda _, context, data: report_short_pick(context, data)[1],
    UnpickItems: lambda _, context, data: unpick_items(context, data, LOCATIONS)[1],
    SwapUnit: lambda _, context, data: swap_unit(context, data)[1],
    SwapLot: lambda _, context, data: swap_lot(context, data)[1],
    PackItems: lambda fulfillment, context, data: pack_items(context, fulfillment.shipping_uow, data)[1],
    UnpackItems: lambda fulfillment, context, data: unpack_items(context, fulfillment.shipping_uow, data)[1],
    MoveCartonItems: lambda fulfillment, context, data: move_to_carton(context, fulfillment.shipping_uow, data)[1],
    CreateShipment: lambda fulfillment, context, data: create_shipment(context, fulfillment.shipping_uow, data)[1],
    CancelShipment: lambda fulfillment, context, data: cancel_shipment(context, fulfillment.shipping_uow, data)[1],
    DispatchShipment: lambda fulfillment, context, data: dispatch_shipment(context, fulfillment.shipping_uow, data)[1],
}
EVENT_HANDLERS: dict[type[Message], Callable[[InMemoryFulfillment, MessageContext, Any], None]] = {
    OrderReevaluationRequested: _on_order_reevaluation_requested,
    SerialAllocated: lambda _, context, data: apply_allocation(context, data),
    LotAllocated: lambda _, context, data: apply_allocation(context, data),
    LotHoldPlaced: _on_lot_hold_placed,
    LotHoldReleased: _on_lot_hold_released,
    LotDispatchApproved: lambda fulfillment, context, data: approve_dispatch(context, fulfillment.shipping_uow, data),
    LotDispatchRejected: lambda fulfillment, context, data: reject_dispatch(context, fulfillment.shipping_uow, data),
    SerialHoldPlaced: _on_serial_hold_placed,
    SerialHoldReleased: _on_serial_hold_released,
    SerialDispatchApproved: lambda fulfillment, context, data: approve_dispatch(
        context, fulfillment.shipping_uow, data
    ),
    SerialDispatchRejected: lambda fulfillment, context, data: reject_dispatch(context, fulfillment.shipping_uow, data),
}
