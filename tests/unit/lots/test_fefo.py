"""First expired, first out: every action is compared with an oracle that allocates unit by unit (S27)."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.lots import LotAllocated, LotDispatchApproved, LotRejected
from shared.contracts.problems import Code
from shared.identifiers import warehouse_of
from tests.support.in_memory.lot_allocation import (
    NOON,
    PICK_SEQUENCE,
    POLICY,
    AllocatedPart,
    AllocationOracle,
    InMemoryAllocation,
    allocated_parts,
    is_listed,
)
from tests.support.messages.lot_orders import OrderMessages

EXCESS = Code.REMAINING_EXCEEDS_STOCK
TODAY = date(2027, 3, 31)
"""The date in London: already tomorrow in EAST, still yesterday in WEST."""

MESSAGES = OrderMessages()
LOTS = ["L1", "L2", "L3", "l1"]
# Equal dates, missing dates, and each day on which a limit is just met or just missed.
EXPIRIES = st.sampled_from([None, *(TODAY + timedelta(days) for days in (*range(-2, 7), *[20] * 6))])
LOT_DATES = st.fixed_dictionaries({lot: st.tuples(EXPIRIES, st.integers(0, 1)) for lot in LOTS})
lots, locations = st.sampled_from(LOTS), st.sampled_from(sorted(PICK_SEQUENCE))
ADD_STOCK = st.tuples(st.just("add stock"), lots, locations, st.integers(1, 6))
PLACE_HOLD = st.tuples(st.just("hold"), lots, st.one_of(st.none(), locations))
RELEASE_HOLDS = st.tuples(st.just("release holds"), lots)
REQUEST_ALLOCATION = st.tuples(
    st.just("request"),
    st.fixed_dictionaries({
        "quantity": st.integers(1, 8),
        "warehouse": st.sampled_from(["EAST", "EAST", "WEST"]),
        "customer": st.sampled_from(["C-1", "C-2", "C-3"]),
        "priority": st.sampled_from([5, 5, 9]),
        "placed_at": st.integers(0, 3).map(lambda hours: NOON - timedelta(hours=hours)),
        "shortfall": st.sampled_from(["BACKORDER", "BACKORDER", "CANCEL"]),
        "lots": st.one_of(st.just([]), st.just([]), st.lists(lots, min_size=1, max_size=2, unique=True)),
        "single_lot": st.booleans(),
        "min_remaining_shelf_life_days": st.sampled_from([0, 0, 3, 5]),
    }),
)  # fmt: skip
CHANGE_POLICY = st.tuples(st.just("change policy"), st.integers(0, 4))
CANCEL_ALLOCATION = st.tuples(st.just("cancel"), st.integers(1, 12))
DIVISOR, INDEX = st.sampled_from([1, 1, 2]), st.integers(0, 50)
"""The divisor of the affected quantity (all or half), and the index of the affected row."""

REALLOCATE = st.booleans()
CONTINUE_ORDER = st.one_of(
    st.tuples(st.just("deallocate"), INDEX, DIVISOR, REALLOCATE),
    st.tuples(st.just("short pick"), INDEX, DIVISOR, REALLOCATE, st.sampled_from([None, None, 0, 1, 3])),
    st.tuples(st.just("pick"), INDEX, DIVISOR),
    st.tuples(st.just("pick"), INDEX, DIVISOR),
    st.tuples(st.just("unpick"), INDEX, DIVISOR, REALLOCATE, locations),
    st.tuples(st.just("ship"), INDEX, DIVISOR),
)
COUNT = st.tuples(st.just("count"), INDEX, st.integers(-2, 2))
ADVANCE_DAYS = st.tuples(st.just("advance days"), st.just(1))
STOCK = st.lists(ADD_STOCK, min_size=3, max_size=10)
ACTIONS = st.lists(
    st.one_of(
        ADD_STOCK,
        ADD_STOCK,
        REQUEST_ALLOCATION,
        REQUEST_ALLOCATION,
        REQUEST_ALLOCATION,
        PLACE_HOLD,
        RELEASE_HOLDS,
        CANCEL_ALLOCATION,
        CHANGE_POLICY,
        ADVANCE_DAYS,
        COUNT,
        CONTINUE_ORDER,
        CONTINUE_ORDER,
        CONTINUE_ORDER,
    ),
    min_size=3,
    max_size=30,
)


def allocation_with_lots(dates: dict[str, tuple[date | None, int]]) -> InMemoryAllocation:
    """An allocation with registered lots."""
    service = InMemoryAllocation()
    for lot, (expiry, received) in dates.items():
        service.add_lot(lot, expiry, received)
    return service


class ActionPlayer:
    """Applies actions and compares each result with the oracle. The expectation is computed before allocation runs."""

    def __init__(self, service: InMemoryAllocation) -> None:
        self.service, self.demand_count = service, 0

    def assert_expected_allocations(self, action: tuple[Any, ...]) -> None:
        """Apply one action and compare its allocations with the oracle."""
        service, expected, count = self.service, list[AllocatedPart](), len(self.service.published)

        def record_expected() -> None:
            expected.extend(AllocationOracle(service).expected_allocations(service.open_demands))

        service.before_policies = record_expected  # type: ignore[method-assign]
        self._apply(action)
        actual = allocated_parts(event for event in service.published[count:] if isinstance(event, LotAllocated))
        assert sorted(actual) == sorted(expected)
        self.assert_invariants()

    def _apply(self, action: tuple[Any, ...]) -> None:
        match action:
            case ("add stock", lot, location, quantity):
                self.service.add_stock(lot, location, quantity)
            case ("hold", lot, location):
                self.service.place_hold(lot, location)
            case ("release holds", lot):
                self.service.release_holds(lot)
            case ("change policy" | "advance days", days):
                self._change_dates(action[0], days)
            case ("count", index, difference):
                self._count(index, difference)
            case ("deallocate" | "short pick" | "pick", index, divisor, *options):
                self._continue_allocated(action[0], index, divisor, *options)
            case ("unpick" | "ship", index, divisor, *options):
                self._continue_picked(action[0], index, divisor, *options)
            case ("cancel", number):
                self.service.play(MESSAGES.cancel_allocation(number))
            case ("request", fields):
                self.demand_count += 1
                self.service.play(MESSAGES.request_allocation(self.demand_count, **fields))

    def _change_dates(self, action: str, days: int) -> None:
        if action == "advance days":
            self.service.advance_days(days)
        else:
            self.service.change_policy(POLICY.model_copy(update={"stop_allocation_days": days}))

    def _continue_allocated(
        self, action: str, index: int, divisor: int, reallocate: bool = False, remaining: int | None = None
    ) -> None:
        rows = [row for row in self.service.uow.reservations if row.quantity]
        if rows:
            row = rows[index % len(rows)]
            lot_quantity = MESSAGES.lot_at_location(row.lot, max(1, row.quantity // divisor), row.location)
            number = int(row.demand_id.rpartition("-")[2])
            if action == "pick":
                self.service.play(MESSAGES.pick(number, lot_quantity))
            else:
                self.demand_count += 100
                variance_id = f"V-{self.demand_count}" if action == "short pick" else None
                self.service.play(
                    MESSAGES.deallocate(
                        number, lot_quantity, reallocate=reallocate, variance_id=variance_id, remaining=remaining
                    )
                )

    def _count(self, index: int, difference: int) -> None:
        """Count a location; the count settles its variances."""
        balances = [balance for balance in self.service.uow.balances if balance.on_hand]
        if balances:
            balance = balances[index % len(balances)]
            counted = max(0, balance.on_hand + difference)
            (result,) = self.service.handle(MESSAGES.count(balance.lot, counted, balance.location))
            assert result.is_rejected or not balance.missing

    def _continue_picked(
        self, action: str, index: int, divisor: int, reallocate: bool = False, location: str = "EAST/1"
    ) -> None:
        rows = [row for row in self.service.uow.picked if row.quantity]
        if rows:
            row = rows[index % len(rows)]
            quantity, number = max(1, row.quantity // divisor), int(row.demand_id.rpartition("-")[2])
            if action == "unpick" and warehouse_of(location) == row.warehouse:
                self.service.play(MESSAGES.unpick(number, row.lot, quantity, location, reallocate=reallocate))
            elif action == "ship":
                customer = self.service.uow.demands[row.demand_id].customer
                result = self.service.check_dispatch(
                    MESSAGES.request_dispatch_check(number, {row.lot: quantity}, customer=customer)
                )
                is_approved = isinstance(result, LotDispatchApproved)
                assert is_approved == AllocationOracle(self.service).can_ship(row, customer)
                if is_approved:
                    self.service.play(MESSAGES.dispatch(number, {row.lot: quantity}))

    def assert_invariants(self) -> None:
        """No open demand has matching available stock; allocated quantities equal the reservations."""
        oracle, uow = AllocationOracle(self.service), self.service.uow
        assert oracle.expected_allocations(self.service.open_demands) == []
        for balance in uow.balances:
            rows = [row for row in uow.reservations if (row.sku, row.lot, row.location) == balance.key]
            assert balance.allocated == sum(row.quantity for row in rows)
            assert balance.allocated >= 0
            assert balance.on_hand >= 0
            assert 0 <= balance.missing <= balance.on_hand
            open_variances = [row for row in uow.variances_by_balance[balance.key] if row.settled_at is None]
            assert balance.missing == sum(variance.missing for variance in open_variances)
            assert all(variance.missing > 0 for variance in open_variances)
        rejected = self.service.events_of(LotRejected)
        assert all(event.kind == "COMMAND_REJECTED" or event.code == EXCESS for event in rejected)
        for lot in LOTS:
            for warehouse in ("EAST", "WEST"):
                self._assert_reconciles(lot, warehouse)
        for demand in self.service.uow.demands:
            held_rows = [row for row in uow.reservations if row.demand_id == demand.demand_id and row.quantity]
            assert not demand.single_lot or len(oracle.allocated_lots(demand)) <= 1
            assert not demand.allowed_lots or all(is_listed(row.lot, demand.allowed_lots) for row in held_rows)
            assert demand.status != "CANCELLED" or not held_rows

    def _assert_reconciles(self, lot: str, warehouse: str) -> None:
        """Received stock is on hand, picked or shipped, and the ledger agrees."""
        uow, lot_warehouse = self.service.uow, (lot, warehouse)
        on_hand = sum(balance.on_hand for balance in uow.balances if (balance.lot, balance.warehouse) == lot_warehouse)
        picked = sum(
            picked_row.quantity for picked_row in uow.picked if (picked_row.lot, picked_row.warehouse) == lot_warehouse
        )
        rows = [row for row in self.service.ledger if (row.lot, row.warehouse) == lot_warehouse]
        assert on_hand == sum(row.on_hand for row in rows)
        assert picked == sum(row.picked for row in rows)
        found_quantity = sum(row.on_hand for row in rows if row.change in {"RECEIVED", "COUNT_GAIN", "COUNT_LOSS"})
        assert found_quantity == on_hand + picked - sum(row.picked for row in rows if row.change == "SHIPPED")


@settings(max_examples=250, deadline=None)
@given(dates=LOT_DATES, stock=STOCK, actions=ACTIONS)
def test_every_action_matches_the_oracle(
    dates: dict[str, tuple[date | None, int]], stock: list[Any], actions: list[Any]
) -> None:
    """Each open demand in queue order gets the matching stock that expires first; no match stays unused (S27, S28).

    The actions request, release, pick, unpick and ship stock in any order as days pass. Lots have equal, missing and
    boundary dates, in two time zones, under holds and shelf-life limits. No quantity is lost.
    """
    player = ActionPlayer(allocation_with_lots(dates))
    for action in [*stock, *actions]:
        player.assert_expected_allocations(action)


def random_action(random: Random) -> tuple[Any, ...]:
    """A random action, mostly everyday orders and their next steps."""
    lot, location, index = random.choice(LOTS), random.choice(sorted(PICK_SEQUENCE)), random.randrange(50)
    divisor, reallocate = random.choice([1, 1, 2]), random.random() < 0.5
    request = {"quantity": random.randint(1, 8), "warehouse": random.choice(["EAST", "EAST", "WEST"])}
    selective_fields = {
        "customer": random.choice(["C-1", "C-2", "C-3"]),
        "priority": random.choice([5, 5, 9]),
        "placed_at": NOON - timedelta(hours=random.randint(0, 3)),
        "shortfall": random.choice(["BACKORDER", "BACKORDER", "CANCEL"]),
        "lots": random.choice([[], [], random.sample(LOTS, 2)]),
        "single_lot": reallocate,
        "min_remaining_shelf_life_days": random.choice([0, 0, 3, 5]),
    }
    actions: list[tuple[Any, ...]] = [
        ("add stock", lot, location, random.randint(1, 6)), ("add stock", lot, location, random.randint(1, 6)),
        ("request", request), ("request", request), ("request", request | selective_fields),
        ("request", request | selective_fields), ("cancel", random.randint(1, 40)),
        ("hold", lot, random.choice([None, location])), ("release holds", lot), ("release holds", lot),
        ("change policy", random.randint(0, 4)),
        ("advance days", random.choice([0, 0, 1])), ("deallocate", index, divisor, reallocate),
        ("short pick", index, divisor, reallocate, random.choice([None, None, 0, 1, 3])),
        ("count", index, random.randint(-2, 2)),
        ("pick", index, divisor), ("pick", index, divisor), ("unpick", index, divisor, reallocate, location),
        ("ship", index, divisor), ("ship", index, divisor),
    ]  # fmt: skip
    return random.choice(actions)


@pytest.mark.parametrize("seed", range(15))
def test_long_random_sequences(seed: int) -> None:
    """The oracle agrees over 150 actions, in which most stock is allocated, picked, unpicked and shipped (S27, S28)."""
    random = Random(seed)  # noqa: S311
    days = [None, -2, 0, 1, 2, 3, 4, 5, 6, 9, 20, 20]
    dates = {lot: random.choice(days) for lot in LOTS}
    player = ActionPlayer(
        allocation_with_lots({
            lot: (None if remaining_days is None else TODAY + timedelta(remaining_days), random.randint(0, 1))
            for lot, remaining_days in dates.items()
        })
    )  # fmt: skip
    for _ in range(150):
        player.assert_expected_allocations(random_action(random))
