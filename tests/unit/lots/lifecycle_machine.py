"""Commands and events of a product's lots, played by a stateful test."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.lots.balances.domain.records import ZERO, DemandRef
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.lots import (
    AffectedLot,
    LotStockMissing,
)
from shared.contracts.quantities import DeallocatedLot
from shared.inventory.expiry import is_expired
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lots import (
    BIN,
    DOCK,
    EARLY_EXPIRY,
    LATE_EXPIRY,
    RACK,
    SHELF,
    STAGE,
    WEST_SHELF,
    ProductMessages,
)
from tests.unit.lots.expiry_calendar import ExpiryCalendar

lots = st.sampled_from(["B-1", "B-2", "0B-1"])
quantities = st.sampled_from(["0.000001", "0.5", "1", "2.25", "3", "10"]).map(Decimal)
storage_locations = st.sampled_from([SHELF, BIN, RACK])
all_locations = st.sampled_from([DOCK, STAGE, SHELF, BIN, RACK, WEST_SHELF])
dates = st.sampled_from([None, EARLY_EXPIRY, LATE_EXPIRY])
delays = st.sampled_from([0, 0, 3, 8])
any_number = st.integers(min_value=0, max_value=1000)
MILLIONTH = Decimal("0.000001")


def fraction_of(quantity: Decimal, divisor: int) -> Decimal:
    """A fraction of a quantity in millionths, at least one millionth."""
    return max((quantity / divisor).quantize(MILLIONTH, ROUND_DOWN), MILLIONTH)


class LotsLifecycleMachine(RuleBasedStateMachine):
    """One product's lots and the orders that allocate, pick and ship them."""

    def __init__(self) -> None:
        super().__init__()
        self.service = InMemoryLots()
        self.calendar, self.day = ExpiryCalendar(service=self.service), EARLY_EXPIRY - timedelta(days=60)
        self.messages = ProductMessages()
        self.number = self.answered_count = 0
        self.pending_returns: dict[tuple[str, str, str], Decimal] = {}

    def play(self, minutes_ago: int, message: Message) -> None:
        """Handle a message that occurred some minutes ago."""
        self.service.now += timedelta(minutes=1)
        self.service.handle_events([to_event(message, time=self.service.now - timedelta(minutes=minutes_ago))])

    def new_id(self, kind: str) -> str:
        """A new id of this kind."""
        self.number += 1
        return f"{kind}-{self.number}"

    @rule(lot=lots, quantity=quantities, expiry=dates, location=st.sampled_from([DOCK, DOCK, STAGE, SHELF]),
          on_hold=st.sampled_from([False, False, True]))  # fmt: skip
    def receive(self, lot: str, quantity: Decimal, expiry: Any, location: str, on_hold: bool) -> None:
        """Receive a quantity of a lot."""
        received_lot = self.messages.received_lot(lot, quantity, expiry, hold_id=self.new_id("H") if on_hold else None)
        self.service.handle(self.messages.receive(received_lot, location=location))

    @rule(
        minutes_ago=delays,
        lot=lots,
        quantity=quantities,
        location=storage_locations,
        from_location=st.sampled_from([DOCK, STAGE]),
    )
    def put_away(self, lot: str, quantity: Decimal, location: str, from_location: str, minutes_ago: int) -> None:
        """Put away a quantity."""
        self.play(minutes_ago, self.messages.put_away(lot, quantity, location, from_location))

    @rule(minutes_ago=delays, lot=lots, quantity=quantities, location=all_locations, from_location=all_locations)
    def move(self, lot: str, quantity: Decimal, location: str, from_location: str, minutes_ago: int) -> None:
        """Move a quantity."""
        self.play(minutes_ago, self.messages.move(lot, quantity, location, from_location))

    @rule(
        minutes_ago=delays,
        lot=lots,
        quantity=quantities,
        location=all_locations,
        adjustment=st.sampled_from(["SCRAPPED", "LOST", "FOUND"]),
    )
    def adjust(self, lot: str, quantity: Decimal, location: str, adjustment: str, minutes_ago: int) -> None:
        """Record a scrapped, lost or found quantity."""
        self.play(minutes_ago, self.messages.adjust(lot, quantity, adjustment, location))

    @rule(minutes_ago=delays, lot=lots, quantity=quantities | st.just(ZERO), location=all_locations)
    def count(self, lot: str, quantity: Decimal, location: str, minutes_ago: int) -> None:
        """Count a quantity."""
        self.play(minutes_ago, self.messages.count(lot, quantity, location))

    @rule()
    def answer_missing_stock(self) -> None:
        """Release and unpick missing stock of orders, as far as it is still there, like fulfillment."""
        events = self.service.events_of(LotStockMissing)[self.answered_count :]
        self.answered_count += len(events)
        for event in events:
            for affected in event.stock:
                self._release_missing(event.location, affected)

    def _release_missing(self, location: str, affected: AffectedLot) -> None:
        uow = self.service.uow
        if affected.location:
            row = uow.reservations[affected.demand_id, affected.lot, location]
            self.service.change(lambda uow: uow.deallocate(row, min(row.quantity, affected.quantity)))
            return
        picked_row = uow.picked[affected.demand_id, affected.lot, location]
        if quantity := min(picked_row.quantity, affected.quantity):
            self.service.change(lambda uow: uow.lose_picked(picked_row, quantity, order_id=affected.order))

    @rule(lot=lots, location=st.none() | all_locations)
    def place_hold(self, lot: str, location: str | None) -> None:
        """Place a hold."""
        self.service.handle(self.messages.place_hold(lot, self.new_id("H"), location))

    @rule(index=any_number)
    def release_hold(self, index: int) -> None:
        """Release an open hold."""
        hold_ids = sorted({hold.hold_id for hold in self.service.open_holds()})
        if hold_ids:
            self.service.handle(self.messages.release_hold(hold_ids[index % len(hold_ids)]))

    @rule(lot=lots, expiry=dates)
    def correct_dates(self, lot: str, expiry: Any) -> None:
        """Correct the expiry."""
        self.service.handle(self.messages.correct_dates(lot, expiry))

    @rule(
        minutes_ago=delays,
        lot=lots,
        right_lot=lots,
        location=st.none() | all_locations,
        quantity=st.none() | quantities,
    )
    def correct_number(
        self, lot: str, right_lot: str, location: str | None, quantity: Decimal | None, minutes_ago: int
    ) -> None:
        """Correct the number of goods at a location, or of all goods of a lot."""
        if lot != right_lot:
            part = quantity if location else None
            self.play(minutes_ago, self.messages.correct_number(lot, right_lot, location, part))

    @rule(days=st.integers(0, 60))
    def advance_days(self, days: int) -> None:
        """Run the expiry check; expired stock on hand is on hold."""
        self.day += timedelta(days=days)
        self.calendar.check_on(self.day)
        uow = self.service.uow
        for balance in uow.balances:
            if balance.on_hand and is_expired(uow.lots[balance.sku, balance.lot].expiry, self.day):
                assert any(
                    hold.kind == "EXPIRED" for hold in uow.open_holds(balance.sku, balance.lot, balance.location)
                )

    @rule(lot=lots, quantity=quantities, location=st.sampled_from([STAGE, STAGE, BIN]))
    def return_from_customer(self, lot: str, quantity: Decimal, location: str) -> None:
        """Return a quantity from a customer."""
        if ("A-1", lot) in self.service.uow.lots:
            return_id = self.new_id("RMA")
            self.service.handle(self.messages.return_from_customer(lot, quantity, return_id, location))
            self.pending_returns[return_id, lot, location] = quantity

    @rule(index=any_number, disposition=st.sampled_from(["RESTOCK", "SCRAP", "RETURN_TO_VENDOR"]), half=st.booleans())
    def dispose_return(self, index: int, disposition: str, half: bool) -> None:
        """Dispose of a return in whole or in part."""
        if open_keys := sorted(key for key, pending in self.pending_returns.items() if pending):
            key = open_keys[index % len(open_keys)]
            quantity = min(self.pending_returns[key], Decimal("0.5")) if half else self.pending_returns[key]
            self.pending_returns[key] -= quantity
            self.service.handle(self.messages.dispose_return(key[1], quantity, disposition, key[0], key[2]))

    @rule(index=any_number, divisor=st.sampled_from([1, 2]))
    def allocate(self, index: int, divisor: int) -> None:
        """Allocate available stock to an order."""
        uow = self.service.uow
        available = [balance for balance in uow.balances if balance.allocatable > 0 and not uow.is_held(balance)]
        if available:
            balance = available[index % len(available)]
            demand_id = f"D-{balance.warehouse}-{index % 3}"
            self.service.allocate(
                balance.key, DemandRef(demand_id, f"SO-{demand_id}", "1"), fraction_of(balance.allocatable, divisor)
            )

    @rule(
        index=any_number,
        divisor=st.sampled_from([1, 2]),
        action=st.sampled_from(["deallocate", "pick", "pick", "short pick"]),
        remaining=st.none() | quantities,
    )
    def continue_order(self, index: int, divisor: int, action: str, remaining: Decimal | None) -> None:
        """Pick or deallocate a reservation, or report it missing."""
        rows = [row for row in self.service.uow.reservations if row.quantity]
        if not rows:
            return
        row = rows[index % len(rows)]
        if action == "pick":
            self.service.pick(row, fraction_of(row.quantity, divisor))
        elif action == "deallocate":
            self.service.change(lambda uow: uow.deallocate(row, fraction_of(row.quantity, divisor)))
        else:
            missing = DeallocatedLot(
                lot=row.lot, quantity=fraction_of(row.quantity, divisor), location=row.location, remaining=remaining
            )
            self.service.handle(
                OrderLotsDeallocated(
                    order=row.order_id, line=row.line, demand_id=row.demand_id, sku=row.sku, lots=[missing],
                    reallocate=False, reason="not there", variance_id=self.new_id("V"),
                )
            )  # fmt: skip

    @rule(
        index=any_number,
        divisor=st.sampled_from([1, 2]),
        action=st.sampled_from(["unpick", "ship"]),
        location=storage_locations,
    )
    def ship_or_unpick(self, index: int, divisor: int, action: str, location: str) -> None:
        """Ship or unpick picked stock."""
        rows = [row for row in self.service.uow.picked if row.quantity]
        if not rows:
            return
        row = rows[index % len(rows)]
        quantity = fraction_of(row.quantity, divisor)
        if action == "ship":
            self.service.change(lambda uow: uow.ship(row, quantity, shipment="SH-1"))
        else:
            target_location = location if row.warehouse == "EAST" else WEST_SHELF
            self.service.change(lambda uow: uow.unpick(row, target_location, quantity, order_id=row.order_id))
