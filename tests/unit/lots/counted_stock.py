"""Lots in memory with counts and movements at any time."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.lots.balances.domain.records import DemandRef
from shared.contracts.envelope import Message
from shared.contracts.lots import LotStockMissing
from shared.contracts.quantities import PackedLot, ScannedPickedLot
from shared.unit_of_work import CommandResult
from tests.support.events import NOW, to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import OUTBOUND, SHELF

MESSAGES = OrderMessages("A-1")


class CountedStock(InMemoryLots):
    """The lots service with messages of different times; a hundred of lot B-1 are on the shelf."""

    def __init__(self) -> None:
        super().__init__(now=NOW)
        self.play(0, MESSAGES.receive(MESSAGES.received_lot("B-1", 100)), MESSAGES.put_away("B-1", 100))
        self.now = NOW + timedelta(hours=10)

    def play(self, minute: int, *messages: Message) -> list[CommandResult]:
        """Handle messages that occurred at a minute."""
        return self.handle_events([to_event(message, time=at(minute)) for message in messages])

    def count_at(self, minute: int, counted: Any, location: str = SHELF, lot: str = "B-1") -> Any:
        """Count at a minute; returns the result or the code of the rejection."""
        [result] = self.handle(MESSAGES.count(lot, counted, location, counted_at=at(minute)))
        return result.violations[0].code if result.violations else result.body

    def allocate_order(self, number: int, quantity: int) -> None:
        """Allocate a quantity on the shelf to an order; later orders have higher numbers."""
        demand_ref = DemandRef(MESSAGES.demand_id(number), MESSAGES.order_id(number), "1")
        self.allocate(("A-1", "B-1", SHELF), demand_ref, Decimal(quantity))

    def on_hand(self, location: str = SHELF, lot: str = "B-1") -> int:
        """The quantity on hand at a location."""
        return int(self.quantities_at(lot, location)[0])

    def shelf(self) -> tuple[int, int]:
        """The quantities on hand and allocated on the shelf."""
        on_hand, allocated = self.quantities_at("B-1", SHELF)
        return int(on_hand), int(allocated)

    def missing_by_order(self) -> list[tuple[str, int, bool]]:
        """The published missing quantities by order, and whether they were picked."""
        return [
            (affected.order.removeprefix("SO-A-1-"), int(affected.quantity), affected.location is None)
            for event in self.events_of(LotStockMissing)
            for affected in event.stock
        ]

    def variances(self) -> list[int]:
        """The variances of the counts as known at present."""
        return [int(count.variance) for count in self.counts]


def at(minute: int) -> datetime:
    """The time at a minute of the test."""
    return NOW + timedelta(minutes=minute)


def pick_of(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The pick of a quantity on the shelf."""
    return MESSAGES.pick(number, MESSAGES.lot_at_location("B-1", quantity)).model_copy(update={"location": location})


def dispatch_of(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The dispatch of a quantity picked to a location."""
    content = PackedLot(line="1", sku="A-1", lot="B-1", quantity=Decimal(quantity), location=location)
    return MESSAGES.dispatch(number, {}).model_copy(update={"stock": [content]})


def lost_unpick(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The answer of fulfillment to missing picked stock."""
    lots = [ScannedPickedLot(lot="B-1", quantity=Decimal(quantity), location=location)]
    return MESSAGES.unpick(number, "B-1", quantity, location, lots=lots, lost=True)
