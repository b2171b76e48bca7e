"""Random operations on lot-tracked stock: after each step the ledger equals the balances and inflows reconcile."""

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.lots.balances.domain.balance_changes import describe
from services.lots.balances.domain.records import ZERO, DemandRef
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.lots import (
    AffectedLot,
    LotAdjusted,
    LotBalance,
    LotBalancesChanged,
    LotHoldPlaced,
    LotHoldReleased,
    LotMoved,
    LotReceived,
    LotRejected,
    LotStockMissing,
)
from shared.contracts.problems import Code
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
INFLOWS = {"RECEIVED", "RETURNED", "FOUND", "COUNT_GAIN"}
WRITE_OFFS = {"SCRAPPED", "LOST", "COUNT_LOSS", "RETURNED_TO_VENDOR"}


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

    @invariant()
    def ledger_matches_balances(self) -> None:
        """The ledger sums to the quantity on hand per location and to the picked quantity per lot (S22)."""
        on_hand: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        picked: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for entry in self.service.ledger:
            on_hand[entry.lot, entry.location or ""] += entry.on_hand
            picked[entry.lot, entry.warehouse] += entry.picked
        for (lot, location), quantity in on_hand.items():
            assert self.service.quantities_at(lot, location)[0] == quantity
        for row in self.service.uow.picked:
            picked[row.lot, row.warehouse] -= row.quantity
        assert not any(picked.values())

    @invariant()
    def quantities_are_not_negative(self) -> None:
        """Nothing is negative; allocated stock is there, unless fulfillment has to release it (S08)."""
        allocated: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        events = self.service.events_of(LotStockMissing)[self.answered_count :]
        unanswered = {(event.lot, event.location) for event in events}
        for row in self.service.uow.reservations:
            assert row.quantity >= 0
            allocated[row.lot, row.location] += row.quantity
        for balance in self.service.uow.balances:
            assert balance.on_hand >= 0
            assert balance.allocated >= 0
            is_missing = (balance.lot, balance.location) in unanswered
            assert balance.allocated <= balance.on_hand or is_missing
            assert 0 <= balance.missing <= balance.on_hand
            variances = self.service.uow.variances_by_balance[balance.key]
            assert balance.missing == sum(variance.missing for variance in variances)
            assert all((variance.missing == 0) == bool(variance.settled_at) for variance in variances)
            assert balance.allocated == allocated.pop((balance.lot, balance.location), ZERO)
        assert not any(allocated.values())
        assert all(0 <= row.missing <= row.quantity for row in self.service.uow.picked)

    @invariant()
    def published_balances_are_current(self) -> None:
        """The versions of a balance have no gaps, and the last published one states its quantities."""
        published: dict[tuple[str, str], LotBalance] = {}
        for event in self.service.events_of(LotBalancesChanged):
            for state in event.balances:
                previous = published.get((state.lot, state.location))
                assert state.version == (previous.version if previous else 0) + 1
                published[state.lot, state.location] = state
        picked: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for row in self.service.uow.picked:
            picked[row.lot, row.location] += row.quantity
        for balance in self.service.uow.balances:
            place = (balance.lot, balance.location)
            assert balance.picked == picked.pop(place, ZERO)
            if balance.version or place in published:
                assert published.pop(place) == describe(balance)
            else:
                assert not balance.on_hand
        assert not published
        assert not any(picked.values())

    @invariant()
    def inflows_reconcile(self) -> None:
        """Per lot and warehouse: inflows = on hand + picked + shipped + write-offs (S46)."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for entry in self.service.ledger:
            lot_warehouse = (entry.lot, entry.warehouse)
            if entry.change in INFLOWS | WRITE_OFFS:
                assert (entry.on_hand + entry.picked > 0) == (entry.change in INFLOWS)
                sums[lot_warehouse] += entry.on_hand + entry.picked
            elif entry.change == "SHIPPED":
                sums[lot_warehouse] += entry.picked
        for balance in self.service.uow.balances:
            sums[balance.lot, balance.warehouse] -= balance.on_hand
        for row in self.service.uow.picked:
            sums[row.lot, row.warehouse] -= row.quantity
        assert not any(sums.values())

    @invariant()
    def returns_await_disposition(self) -> None:
        """Returned stock stays on hold at its location until its disposition (S18)."""
        rows = [hold for hold in self.service.uow.holds if hold.kind == "RETURN"]
        assert {(hold.hold_id, hold.lot, hold.location): hold.pending_quantity for hold in rows} == self.pending_returns
        assert all(hold.is_open == (hold.pending_quantity > 0) for hold in rows)
        pending_by_location: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for hold in rows:
            pending_by_location[hold.lot, hold.location or ""] += hold.pending_quantity
        for (lot, location), pending in pending_by_location.items():
            on_hand, allocated = self.service.quantities_at(lot, location)
            assert on_hand - allocated >= pending
        conflicts = {event.code for event in self.service.events_of(LotRejected)}
        assert conflicts <= {Code.REMAINING_EXCEEDS_STOCK}

    @invariant()
    def events_match_changes(self) -> None:
        """The published events sum to the quantity on hand, apart from picks and unpicks (S26)."""
        quantity_by_location: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for event in self.service.published:
            for lot, location, change in _quantity_changes(event):
                quantity_by_location[lot, location] += change
        for entry in self.service.ledger:
            if entry.change in {"PICKED", "UNPICKED"}:
                quantity_by_location[entry.lot, entry.location or ""] += entry.on_hand
        assert all(
            self.service.quantities_at(*location_key)[0] == quantity
            for location_key, quantity in quantity_by_location.items()
        )
        placed = {(event.hold_id, event.lot, event.location) for event in self.service.events_of(LotHoldPlaced)}
        released = {(event.hold_id, event.lot, event.location) for event in self.service.events_of(LotHoldReleased)}
        open_holds = {(hold.hold_id, hold.lot, hold.location) for hold in self.service.open_holds()}
        assert placed - released == open_holds


def _quantity_changes(event: Message) -> list[tuple[str, str, Decimal]]:
    """The quantity changes by lot and location in an event."""
    if isinstance(event, LotReceived):
        return [(event.lot, event.location, event.quantity)]
    if isinstance(event, LotMoved):
        return [(event.lot, event.from_location, -event.quantity), (event.lot, event.location, event.quantity)]
    if isinstance(event, LotAdjusted):
        is_gain = event.adjustment in {"FOUND", "COUNT_GAIN"}
        return [(event.lot, event.location, event.quantity if is_gain else -event.quantity)]
    return []


TestLotsLifecycle = LotsLifecycleMachine.TestCase
TestLotsLifecycle.settings = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
