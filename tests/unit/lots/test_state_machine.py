"""Invariants of lots, checked after every step of the stateful test."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from services.lots.balances.domain.balance_changes import describe
from services.lots.balances.domain.records import ZERO
from shared.contracts.envelope import Message
from shared.contracts.lot_balances import LotAdjusted, LotBalance, LotBalancesChanged
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotHoldPlaced, LotHoldReleased, LotMoved, LotReceived, LotRejected, LotStockMissing
from shared.contracts.problems import Code
from tests.unit.lots.lifecycle_machine import LotsLifecycleMachine

INFLOWS = {"RECEIVED", "RETURNED", "FOUND", "COUNT_GAIN"}
WRITE_OFFS = {"SCRAPPED", "LOST", "COUNT_LOSS", "RETURNED_TO_VENDOR"}


class LotsLifecycleInvariants(LotsLifecycleMachine):
    """Invariants after any sequence of messages."""

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
        """The versions of a balance have no gaps, and the last published one states its quantities and holds."""
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
                assert published.pop(place) == describe(self.service.uow, balance)
            else:
                assert not balance.on_hand
        assert not published
        assert not any(picked.values())

    @invariant()
    def inflows_reconcile(self) -> None:
        """Per lot and warehouse: inflows = on hand + picked + shipped + write-offs (S46).

        Corrections of numbers add nothing to a product, and nothing ships twice.
        """
        sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        corrected = sum((e.on_hand + e.picked for e in self.service.ledger if e.change == "NUMBER_CORRECTED"), ZERO)
        assert not corrected
        for entry in self.service.ledger:
            lot_warehouse = (entry.lot, entry.warehouse)
            if entry.change in INFLOWS | WRITE_OFFS:
                assert (entry.on_hand + entry.picked > 0) == (entry.change in INFLOWS)
                sums[lot_warehouse] += entry.on_hand + entry.picked
            elif entry.change in {"SHIPPED", "NUMBER_CORRECTED"}:
                sums[lot_warehouse] += entry.on_hand + entry.picked
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
    if isinstance(event, LotNumberCorrected) and event.location:
        picked = sum((part.quantity for part in event.stock if part.status == "PICKED"), ZERO)
        on_hand = event.quantity - picked
        return [(event.from_lot, event.location, -on_hand), (event.lot, event.location, on_hand)]
    if isinstance(event, LotAdjusted):
        is_gain = event.adjustment in {"FOUND", "COUNT_GAIN"}
        return [(event.lot, event.location, event.quantity if is_gain else -event.quantity)]
    return []


TestLotsLifecycle = LotsLifecycleInvariants.TestCase
TestLotsLifecycle.settings = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
