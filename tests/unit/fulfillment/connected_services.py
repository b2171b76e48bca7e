"""Fulfillment, serials and lots in memory, connected by queues that are delivered in transactions of any size."""

from decimal import Decimal
from typing import Any

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderRejected
from shared.contracts.topics import LOTS, SERIALS
from shared.contracts.upstream import OrderLine
from tests.support.in_memory.lots import InMemoryLots
from tests.support.in_memory.serials import InMemorySerials
from tests.support.messages.lots import BIN, RACK, ProductMessages
from tests.support.messages.serials import SHELF, receive
from tests.unit.fulfillment.in_memory import LOT, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import order_placed

UNITS, LOTS_SKU = "A-1", "M"
LOCATIONS = {"L1": SHELF, "L2": BIN, "L3": RACK}
"""The location of each lot."""


class ConnectedServices:
    """Units of one product and lots of another, with the orders for them."""

    def __init__(self) -> None:
        self.fulfillment = InMemoryFulfillment((UNITS,))
        self.fulfillment.products[LOTS_SKU] = LOT
        self.serials, self.lots = InMemorySerials(), InMemoryLots({LOTS_SKU: "LOT"})
        self._requests: list[Message] = []

    def stock_units(self, *serials: str) -> None:
        """Receive and store units."""
        self.publish(self.serials, receive(list(serials)), PutAwaySerials(sku=UNITS, serials=serials, location=SHELF))

    def stock_lots(self, **quantities: int) -> None:
        """Receive and store quantities of lots; the lot with the first number is allocated first."""
        messages = ProductMessages(LOTS_SKU)
        for lot, quantity in quantities.items():
            if quantity:
                self.publish(self.lots, messages.receive(messages.received_lot(lot, quantity, None), receipt=lot))
                self.publish(self.lots, messages.put_away(lot, quantity, LOCATIONS[lot]))

    def handle(self, message: Message) -> None:
        """Handle a message in fulfillment, and keep its events for the stock services."""
        events = self.fulfillment.handle(message)
        assert not [event for event in events if isinstance(event, OrderRejected)], events
        self._requests += events

    def place(self, *lines: OrderLine, order: str = "O", **overrides: Any) -> None:
        """Place an order."""
        self.handle(order_placed(*lines, order_id=order, **overrides))

    def deliver(self, count: int | None = None) -> bool:
        """Deliver the next events of fulfillment in one transaction of each service; return whether there were any."""
        events, self._requests = self._requests[:count], self._requests[len(self._requests[:count]) :]
        for service in (self.serials, self.lots):
            accepted = [event for event in events if _is_for(service, event)]
            if accepted:
                self.publish(service, *accepted)
        return bool(events)

    def deliver_all(self, count: int | None = None) -> None:
        """Deliver until nothing is left."""
        while self.deliver(count):
            pass

    def publish(self, service: Any, *messages: Message) -> None:
        """Handle messages in a stock service, and its events in fulfillment."""
        service.handle(*messages)
        for event in service.uow.emitted:
            if self.fulfillment_reads(event):
                self.handle(event)

    def fulfillment_reads(self, event: Message) -> bool:
        """Whether fulfillment handles a message type."""
        return (
            event.TYPE in self.fulfillment.registry.handlers_by_type and event.TYPE in SERIALS.messages | LOTS.messages
        )

    def allocated(self, order: str = "O") -> dict[str, Decimal]:
        """Return the allocated quantity of each line of an order."""
        return {line.line: line.allocated for line in self.fulfillment.uow.orders[order].lines.values()}

    def items(self, order: str = "O") -> set[tuple[str, str, int]]:
        """Return line, serial or lot, and quantity of the items of an order."""
        return {(item.line, item.identifier, int(item.quantity)) for item in self.fulfillment.uow.orders[order].items}

    def assert_services_agree(self) -> None:
        """The stock services have allocated what fulfillment has, line by line."""
        uow = self.fulfillment.uow
        units = {unit.key: unit.demand_id for unit in self.serials.units if unit.status == "ALLOCATED"}
        assert units == {unit.key: unit.demand_id for unit in uow.units}
        lots = {
            (row.demand_id, row.lot, row.location): row.quantity for row in self.lots.uow.reservations if row.quantity
        }
        assert lots == {(lot.demand_id, lot.lot, lot.location): lot.quantity for lot in uow.lots}


def _is_for(service: Any, event: Message) -> bool:
    is_serials = isinstance(service, InMemorySerials)
    return event.TYPE in service.registry.handlers_by_type and is_serials == (getattr(event, "sku", "") == UNITS)


def line(line_id: str, quantity: int = 1, *serials: str) -> OrderLine:
    """Return a line for units."""
    return OrderLine(line=line_id, sku=UNITS, quantity=Decimal(quantity), serials=list(serials))


def lot_line(line_id: str, quantity: int, *lots: str, **criteria: Any) -> OrderLine:
    """Return a line for a quantity of lots."""
    return OrderLine(line=line_id, sku=LOTS_SKU, quantity=Decimal(quantity), **{"lots": list(lots)} | criteria)
