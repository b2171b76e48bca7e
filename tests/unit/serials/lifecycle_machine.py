"""Stateful test of unit lifecycles: every message, in any order that the services could produce."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from services.serials.units.domain.expiry import SerialExpiryCheckDue
from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReleaseSerialHold,
    ResolveCountDiscrepancies,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import HandOver
from shared.contracts.product_attributes import Warranty
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import SerialDispatchApproved
from shared.inventory.expiry import NO_NEXT_CHECK, is_expired
from tests.support.events import NOW
from tests.support.in_memory.serials import InMemorySerials
from tests.support.messages.serials import BIN, SHELF, serial_numbers
from tests.unit.serials.fake_services import FakeFulfillment, FakeOrderLine, FakeReceiving

SERIALS = serial_numbers(6)
PAST_SALES = serial_numbers(2, first=7)
"""Serials that are only registered as sold before; receiving does not know them."""
serials = st.sampled_from(SERIALS)
sold_serials = st.sampled_from(SERIALS + PAST_SALES)
receipts = st.sampled_from(["R-1", "R-2"])
lots = st.sampled_from(["L-1", "L-2"])
TODAY = NOW.date()
labels = st.fixed_dictionaries(
    {}, optional={"lot": lots, "expiry": st.sampled_from([-1, 0, 3, 8, 30]).map(lambda days: TODAY + timedelta(days))}
)
serial_lists = st.lists(serials, min_size=1, max_size=4, unique=True)
any_number = st.integers(min_value=0, max_value=1000)


class UnitLifecycleMachine(RuleBasedStateMachine):
    """Rules of the real serials service with simulated receiving and fulfillment."""

    def __init__(self) -> None:
        super().__init__()
        self.service = InMemorySerials()
        self.service.uow.sale_rules.trackings["A-1"] = "SERIAL"
        self.service.uow.sale_rules.warranties["A-1"] = Warranty(months=1)
        self.queues: dict[str, list[Message]] = defaultdict(list)
        self.receiving = FakeReceiving(self.queues)
        self.fulfillment = FakeFulfillment(self.queues)
        self.read_count = 0
        self.hold_count = self.count_number = 0

    @initialize(stored=st.lists(serials, max_size=6, unique=True), label=labels)
    def put_away_initial_stock(self, stored: list[str], label: dict[str, Any]) -> None:
        """Start with some stock in most examples."""
        for serial in stored:
            self.receiving.receive(serial, "R-0", label)
            self._deliver(self.queues["R-0"], 1)
        if stored:
            self.put_away(stored, SHELF)

    @rule(serial=serials, receipt=receipts)
    def expect(self, serial: str, receipt: str) -> None:
        """Expect a serial."""
        self.receiving.expect(serial, receipt)

    @rule(serial=serials)
    def cancel_expectation(self, serial: str) -> None:
        """Cancel the expectation of a serial."""
        self.receiving.cancel(serial)

    @rule(serial=serials, receipt=receipts, label=labels)
    def receive(self, serial: str, receipt: str, label: dict[str, Any]) -> None:
        """Receive a serial."""
        self.receiving.receive(serial, receipt, label)

    @rule(serial=sold_serials)
    def return_from_customer(self, serial: str) -> None:
        """Return a serial from its customer."""
        self.receiving.return_from_customer(serial)

    @rule(choices=st.lists(any_number, min_size=1, max_size=12))
    def deliver(self, choices: list[int]) -> None:
        """Deliver the next messages of queues; adjacent messages of one type form a batch."""
        for choice in choices:
            non_empty = sorted(name for name, queue in self.queues.items() if queue)
            if non_empty:
                self._deliver(self.queues[non_empty[choice % len(non_empty)]], 1 + choice % 3)

    def _deliver(self, queue: list[Message], count: int) -> None:
        batch = [payload for payload in queue[:count] if type(payload) is type(queue[0])]
        del queue[: len(batch)]
        published_count = len(self.service.published)
        self.service.handle(*batch)
        for check_result in self.service.published[published_count:]:
            if isinstance(check_result, SerialDispatchApproved):
                self.fulfillment.apply_approval(check_result)

    @rule(count=st.integers(1, 20))
    def deliver_events(self, count: int) -> None:
        """Deliver events of serials to fulfillment and receiving."""
        for event in self.service.published[self.read_count : self.read_count + count]:
            self.fulfillment.handle(event)
            self.receiving.handle(event)
        self.read_count = min(self.read_count + count, len(self.service.published))

    @rule(rounds=st.integers(1, 4), choice=any_number)
    def settle(self, rounds: int, choice: int) -> None:
        """Deliver all messages and advance all orders for some rounds."""
        for _ in range(rounds):
            self.deliver_events(1000)
            for index in range(len(self.fulfillment.lines)):
                self.advance_order(index)
            while any(self.queues.values()):
                self.deliver([choice])

    @rule(units=serial_lists, location=st.sampled_from([SHELF, BIN]))
    def put_away(self, units: list[str], location: str) -> None:
        """Put units away."""
        self.service.handle(PutAwaySerials(sku="A-1", serials=units, location=location))

    @rule(units=serial_lists)
    def move(self, units: list[str]) -> None:
        """Move units."""
        self.service.handle(MoveSerials(sku="A-1", serials=units, location=BIN))

    @rule(units=serial_lists, location=st.sampled_from([SHELF, BIN]), minutes=st.integers(0, 3))
    def count(self, units: list[str], location: str, minutes: int) -> None:
        """Count a location, possibly as of an earlier time."""
        self.count_number += 1
        self.service.handle(
            CountSerials(
                count_id=f"CT-{self.count_number}", location=location, reason="cycle count",
                units=[UnitSelector(sku="A-1", serial=serial) for serial in units],
                counted_at=self.service.now - timedelta(minutes=minutes),
            )
        )  # fmt: skip

    @rule(
        units=serial_lists, location=st.sampled_from([SHELF, BIN]),
        resolution=st.sampled_from(["LOST", "FOUND", "MOVED", "MOVED", "NO_CHANGE"]),
    )  # fmt: skip
    def resolve_discrepancies(self, units: list[str], location: str, resolution: Any) -> None:
        """Resolve count discrepancies, if there are any."""
        self.service.handle(
            ResolveCountDiscrepancies(
                sku="A-1", serials=units, location=location, resolution=resolution, reason="looked there"
            )
        )

    @rule(serial=serials)
    def place_hold(self, serial: str) -> None:
        """Place a hold on a unit."""
        self.hold_count += 1
        self.service.handle(
            PlaceSerialHold(sku="A-1", serials=[serial], hold_id=f"H-{self.hold_count}", reason="suspicion")
        )

    @rule(lot=lots)
    def place_lot_hold(self, lot: str) -> None:
        """Place a hold on a lot number, including later arrivals."""
        self.hold_count += 1
        self.service.handle(PlaceSerialHold(sku="A-1", lot=lot, hold_id=f"H-{self.hold_count}", reason="suspicion"))

    @rule(lot=lots, serial=serials, mock=st.booleans())
    def recall(self, lot: str, serial: str, mock: bool) -> None:
        """Recall a lot and a serial."""
        self.hold_count += 1
        hold_id = f"H-{self.hold_count}"
        self.service.handle(
            RecallOpened(
                recall=hold_id,
                sku="A-1",
                lots=[lot],
                notice=serial.lower(),
                hold_id=hold_id,
                mock=mock,
                reason="edges",
            )
        )

    @rule(serial=serials, label=labels)
    def correct(self, serial: str, label: dict[str, Any]) -> None:
        """Correct the expiry of a misread label."""
        self.service.handle(
            CorrectSerialExpiry(sku="A-1", serials=[serial], expiry=label.get("expiry"), reason="misread")
        )

    @rule(days=st.integers(1, 6))
    def advance_days(self, days: int) -> None:
        """Advance the date and run the due expiry checks."""
        self.service.now += timedelta(days)
        located_units = [unit for unit in self.service.units if unit.location and unit.adjustment is None]
        dated_units = [unit for unit in located_units if unit.expiry and unit.next_expiry_check != NO_NEXT_CHECK]
        due = {
            SerialExpiryCheckDue(sku=unit.sku, warehouse="EAST", expiry=unit.expiry, since=unit.next_expiry_check)
            for unit in dated_units
        }
        for event in due:
            self.service.handle(event)
        day = self.service.now.date()
        assert all(unit.open_hold_count for unit in dated_units if is_expired(unit.expiry, day))

    @rule(index=any_number)
    def release_hold(self, index: int) -> None:
        """Release a hold."""
        open_hold_ids = sorted(hold_id for (_, hold_id), units in self.service.uow.units_by_hold.items() if units)
        if open_hold_ids:
            self.service.handle(
                ReleaseSerialHold(sku="A-1", hold_id=open_hold_ids[index % len(open_hold_ids)], reason="cleared")
            )

    @rule(serial=serials, adjustment=st.sampled_from(["LOST", "FOUND", "FOUND"]))
    def adjust(self, serial: str, adjustment: str) -> None:
        """Adjust a unit as lost or found."""
        self.service.handle(
            AdjustSerials.model_validate(
                {"sku": "A-1", "serials": [serial], "adjustment": adjustment, "reason": "count"}
            )
        )

    @rule(
        quantity=st.integers(1, 3),
        priority=st.integers(4, 6),
        shortfall=st.sampled_from(["BACKORDER", "BACKORDER", "CANCEL"]),
        requested_serials=st.one_of(st.just([]), st.just([]), serial_lists),
        criteria=st.fixed_dictionaries({
            "min_remaining_shelf_life_days": st.sampled_from([0, 0, 3, 8]),
            "lots": st.sampled_from([[], [], ["L-1"], ["L-1", "L-2"]]),
            "single_lot": st.sampled_from([False, False, True]),
        }),
    )  # fmt: skip
    def request_allocation(
        self, quantity: int, priority: int, shortfall: str, requested_serials: list[str], criteria: dict[str, Any]
    ) -> None:
        """Place an order with criteria."""
        self.fulfillment.request_allocation(quantity, priority, shortfall, requested_serials, **criteria)

    @rule(quantity=st.integers(1, 4))
    def place_order(self, quantity: int) -> None:
        """Place a plain order and deliver all messages."""
        self.fulfillment.request_allocation(quantity, 5, "BACKORDER", [])
        self.settle(1, 0)

    @rule(index=any_number)
    def cancel(self, index: int) -> None:
        """Cancel an order."""
        if line := self._line(index):
            self.fulfillment.cancel(line)

    @rule(index=any_number, serial=serials, reallocate=st.booleans(), hold=st.booleans())
    def deallocate(self, index: int, serial: str, reallocate: bool, hold: bool) -> None:
        """Deallocate a unit."""
        if line := self._line(index):
            self.fulfillment.deallocate(line, serial, reallocate=reallocate, hold=hold)

    @rule(index=any_number, other_index=any_number, serial=serials)
    def hand_over(self, index: int, other_index: int, serial: str) -> None:
        """Hand a unit over to another demand, which may be filled, closed or cancelled by then."""
        line, other = self._line(index), self._line(other_index)
        if line and other and line is not other and not line.is_cancelled:
            hand_over = HandOver(demand_id=other.demand_id, open_quantity=Decimal(1))
            self.fulfillment.deallocate(line, serial, reallocate=True, hold=False, hand_over=hand_over)

    @rule(index=any_number, serial=serials, reallocate=st.booleans())
    def unpick(self, index: int, serial: str, reallocate: bool) -> None:
        """Unpick a unit."""
        if line := self._line(index):
            self.fulfillment.unpick(line, serial, reallocate=reallocate)

    @rule(index=any_number)
    def advance_order(self, index: int) -> None:
        """Advance each unit of an order: pick, request the dispatch check, or dispatch."""
        if line := self._line(index):
            for serial in list(line.units):
                self.fulfillment.dispatch(line, serial)
                self.fulfillment.request_dispatch_check(line, serial)
                self.fulfillment.pick(line, serial)

    def _line(self, index: int) -> FakeOrderLine | None:
        lines = list(self.fulfillment.lines.values())
        return lines[index % len(lines)] if lines else None
