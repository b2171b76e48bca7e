"""Message context: changed lines, emitted events, order log entries."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from services.fulfillment.orders.domain.content import content_fields, content_lines
from services.fulfillment.orders.domain.order_status import line_progress, order_status
from services.fulfillment.orders.domain.records import Line, Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Causation, CloudEvent, Message, chunks
from shared.contracts.fulfillment import CartonPacked, OrderRejected, OrderStatusChanged
from shared.contracts.problems import Code

OrderAction = Literal[
    "PLACED", "AMENDED", "CANCELLED", "LINE_CANCELLED", "PRODUCT_CHANGED", "ALLOCATED", "HOLD_PLACED", "PICKED",
    "NOT_PICKED", "SHORT_PICKED", "UNPICKED", "SWAP_REQUESTED", "SWAP_FAILED", "PACKED", "UNPACKED", "CARTON_CHANGED",
    "SHIPMENT_CREATED", "SHIPMENT_CANCELLED", "DISPATCH_REQUESTED", "DISPATCH_REJECTED", "DISPATCHED",
]  # fmt: skip
"""What happened to an order, as recorded in its log."""


class OrderLogEntry(NamedTuple):
    """An entry of the order log: actor, action, detail and the message that caused it."""

    order_id: str
    actor: str
    action: OrderAction
    detail: dict[str, Any]
    source: str
    message_id: str


class MessageContext:
    """One message being applied to the unit of work."""

    def __init__(self, uow: FulfillmentUnitOfWork, event: CloudEvent[Any]) -> None:
        self.uow = uow
        self.event = event
        self.actor = event.actor
        self.cause: Causation = event.cause
        self.log_entries: list[OrderLogEntry] = []
        self._events: list[Message] = []
        self.changed_lines: dict[str, dict[str, Line]] = {}
        """Changed lines by order; an order without changed lines has an empty dictionary."""
        self._changed_cartons: dict[str, str] = {}

    def emit(self, event: Message) -> None:
        """Add an event to publish."""
        self._events.append(event)

    def record_conflict(
        self, code: Code, detail: str, document: str, sku: str | None = None, ids: Sequence[str] = ()
    ) -> None:
        """Reject an event of another service that contradicts the order; it is listed until a supervisor closes it."""
        data = self.event.data
        self.emit(
            OrderRejected(
                kind="EVENT_CONFLICT", document=document, rejected_type=data.TYPE, code=code, detail=detail, sku=sku,
                ids=list(ids), actor=self.actor, cause=self.cause,
            )
        )  # fmt: skip

    def log(self, order_id: str, action: OrderAction, **detail: Any) -> None:
        """Add an entry to the order log."""
        entry = OrderLogEntry(
            order_id=order_id, actor=self.actor, action=action, detail=detail, source=self.cause.source,
            message_id=self.cause.id,
        )  # fmt: skip
        self.log_entries.append(entry)

    def mark_line(self, line: Line) -> None:
        """Mark a line as changed."""
        self.uow.lines.put((line.order_id, line.line), line)
        self.changed_lines.setdefault(line.order_id, {})[line.line] = line

    def mark_order(self, order: Order) -> None:
        """Mark an order header as changed: customer, priority or status."""
        self.uow.orders.put(order.order_id, order)
        self.changed_lines.setdefault(order.order_id, {})

    def mark_cartons(self, order: Order, *cartons: str) -> None:
        """Mark the content of cartons as changed."""
        for carton in cartons:
            self._changed_cartons[carton] = order.order_id

    def invalidate_dispatch_checks(self, order: Order) -> None:
        """Invalidate pending dispatch checks: the content of the shipments has changed."""
        order.packing_version += 1
        self.uow.orders.put(order.order_id, order)

    def collect_events(self) -> list[Message]:
        """All events of the message, with the content of changed cartons and the status of changed orders."""
        for carton, order_id in self._changed_cartons.items():
            self.emit(_carton_packed_event(self, order_id, carton))
        for order_id, lines in self.changed_lines.items():
            order = self.uow.orders.get(order_id)
            if order is not None:
                self._emit_status(order, list(lines.values()))
        return self._events

    def _emit_status(self, order: Order, lines: Sequence[Line]) -> None:
        status = order_status(order)
        if status != order.status:
            order.status = status
            self.uow.orders.put(order.order_id, order)
        for chunk in chunks(lines) if lines else [()]:
            self.emit(
                OrderStatusChanged(
                    order=order.order_id, status=status, warehouse=order.warehouse, customer=order.customer.id,
                    lines=[line_progress(line) for line in chunk], actor=self.actor, cause=self.cause,
                )
            )  # fmt: skip


def collect_batch_events(contexts: Sequence[MessageContext]) -> list[Message]:
    """All events of a batch; each order status is published once, by the last message that changed it."""
    last_context: dict[str, MessageContext] = {}
    for context in contexts:
        for order_id in context.changed_lines:
            if (previous := last_context.get(order_id)) is not None:
                context.changed_lines[order_id] = previous.changed_lines.pop(order_id) | context.changed_lines[order_id]
            last_context[order_id] = context
    return [event for context in contexts for event in context.collect_events()]


def _carton_packed_event(context: MessageContext, order_id: str, carton: str) -> CartonPacked:
    order = context.uow.orders.get(order_id)
    lines = content_lines([item for item in order.items if item.carton == carton]) if order else []
    return CartonPacked(
        order=order_id, carton=carton, actor=context.actor, cause=context.cause,
        **content_fields(lines[:MAX_ITEMS_PER_MESSAGE])
    )  # fmt: skip
