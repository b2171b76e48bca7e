"""Serials in the order of their expiry, and the days on which a guard lets them pass no more."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.serials.units.domain.book import Book
from services.serials.units.domain.dispatch import checked
from services.serials.units.domain.limits import Limits
from shared.contracts.commands.serials import PutAway
from shared.contracts.fulfillment import UnitDeallocated
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import DispatchApproved, DispatchRefused, SerialAllocated
from shared.contracts.upstream import CustomerLife, LifePolicy
from tests.unit.serials.making import DAWN, SHELF, check, done, names, of, receive, told, want
from tests.unit.serials.registry import Registry, picked

TODAY = DAWN.date()


def labelled(units: list[tuple[int | None, str | None]], life: LifePolicy | None = None) -> Registry:
    """A registry with stored units; of each the days it has left, and its lot."""
    registry = Registry(life=life or LifePolicy())
    for serial, (days, lot) in zip(names(len(units)), units, strict=True):
        expiry = None if days is None else TODAY + timedelta(days)
        registry.hear(receive([serial], lot=lot, expiry=expiry))
        registry.hear(PutAway(sku="A-1", serials=[serial], location=SHELF))
    return registry


def given_to(registry: Registry) -> dict[str, list[str]]:
    """What each demand was given, in the order in which it was taken."""
    found: dict[str, list[str]] = defaultdict(list)
    for answer in registry.saying(SerialAllocated):
        found[answer.demand] += [unit.serial for unit in answer.given]
    return dict(found)


UNITS = st.lists(
    st.tuples(st.sampled_from([None, -1, 0, 6, 7, 20, 30]), st.sampled_from([None, "L-1", "L-2"])), max_size=6
)
WISHES = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from([0, 20, 30]), st.sets(st.sampled_from(["L-1", "L-2", "L-3"]), max_size=2),
        st.booleans(), st.integers(4, 6),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@given(UNITS, WISHES, st.sampled_from([0, 7]))
def test_serving_is_what_a_clerk_with_a_list_would_do(
    units: list[tuple[int | None, str | None]], wishes: list[tuple[int, int, set[str], bool, int]], stop: int
) -> None:
    """Order by order, each takes what expires first of what it may have, then the oldest, then by serial (S27)."""
    registry = labelled(units, LifePolicy(stop_pick_days=stop))
    registry.hear(*(
        want(f"D{place}", quantity, min_life_days=days, lots=sorted(lots), single_lot=alone, priority=priority)
        for place, (quantity, days, lots, alone, priority) in enumerate(wishes)
    ))  # fmt: skip
    left = list(zip(names(len(units)), units, strict=True))
    left.sort(key=lambda it: (it[1][0] is None, it[1][0] or 0))  # a stable sort: received in the order of their serials
    expected = {}
    for place, (quantity, days, lots, alone, _) in sorted(enumerate(wishes), key=lambda it: (-it[1][4], it[0])):
        may = [
            it for it in left
            if (it[1][0] is None or it[1][0] >= max(stop, days)) and (not lots or it[1][1] in lots)
        ]  # fmt: skip
        if alone:
            of_lot = [[it for it in may if it[1][1] == lot] for lot in dict.fromkeys(it[1][1] for it in may) if lot]
            may = next((some for some in of_lot if len(some) >= quantity), [])
        expected[f"D{place}"] = [serial for serial, _ in may[:quantity]]
        left = [it for it in left if it not in may[:quantity]]
    assert given_to(registry) == expected


@pytest.mark.parametrize(
    ("days", "life", "asked", "passes"),
    [(0, {}, 0, True), (-1, {}, 0, False), (7, {"stop_pick_days": 7}, 0, True), (6, {"stop_pick_days": 7}, 0, False),
     (30, {}, 30, True), (29, {}, 30, False)],
)  # fmt: skip
def test_boundary_days_of_allocation(days: int, life: dict[str, int], asked: int, passes: bool) -> None:
    """On its last day a unit is still given; with exactly as many days as are demanded, and with none fewer (S28)."""
    registry = labelled([(days, None)], LifePolicy(**life))
    registry.hear(want("D1", 1, min_life_days=asked))
    assert given_to(registry) == {"D1": ["SN-1"] if passes else []}


def test_what_a_customer_demands() -> None:
    """The longer of what was agreed with the customer and what the order asks counts; others are not bound (S28)."""
    registry = labelled([(29, None)], LifePolicy(customers=[CustomerLife(customer="C-1", min_life_days=30)]))
    registry.hear(want("D1", 1, min_life_days=5), want("D2", 1, customer="C-2", min_life_days=5))
    assert given_to(registry) == {"D1": [], "D2": ["SN-1"]}


def test_a_relaxed_policy_serves_who_waits() -> None:
    """A unit that was too near its expiry for an order is given to it when the product's policy allows it (S28)."""
    registry = labelled([(5, None)], LifePolicy(stop_pick_days=7))
    registry.hear(want("D1", 1))
    assert given_to(registry) == {"D1": []}
    registry.hear(ProductChanged(sku="A-1", version=2, name="Gauze", unit="each", tracking="SERIAL"))
    assert given_to(registry) == {"D1": ["SN-1"]}


def test_a_single_lot_is_wanted_again() -> None:
    """What is wanted again of a single-lot demand is of the same lot, also when nothing of it is left (S27)."""
    registry = labelled([(9, "L-1"), (9, "L-1"), (9, "L-1"), (11, "L-2"), (12, "L-2"), (7, None)])
    registry.hear(want("D1", 2, single_lot=True))
    assert given_to(registry) == {"D1": ["SN-1", "SN-2"]}
    registry.hear(UnitDeallocated(**of("D1", ["SN-1"]), again=True, reason="not found", hold="H-1"))
    assert given_to(registry) == {"D1": ["SN-1", "SN-2", "SN-3"]}
    registry.hear(UnitDeallocated(**of("D1", ["SN-2", "SN-3"]), again=True, reason="not found", hold="H-2"))
    assert given_to(registry) == {"D1": ["SN-1", "SN-2", "SN-3"]}


LAST = date(2027, 3, 31)
NOON = datetime(2027, 3, 31, 12, tzinfo=UTC)


def verdict(now: datetime, zone: str, asked: int = 0) -> DispatchApproved | DispatchRefused:
    """Ask at a moment whether a picked unit, good through March 2027, may leave a warehouse of a time zone."""
    book = Book(units=picked(1).units)
    book.units["A-1", "SN-1"].expiry = LAST
    asking = told(check(["SN-1"]).model_copy(update={"min_life_days": asked}))
    [answer] = checked(book, [asking], {("A-1", "EAST"): Limits.on(now, zone)}, now)
    return answer


@pytest.mark.parametrize(
    ("now", "zone", "asked", "code"),
    [
        (NOON, "UTC", 0, None),
        (NOON + timedelta(hours=12), "UTC", 0, "expired"),
        (NOON + timedelta(hours=12), "America/New_York", 0, None),
        (NOON + timedelta(hours=10, minutes=30), "Europe/Berlin", 0, "expired"),
        (NOON - timedelta(10), "UTC", 10, None),
        (NOON - timedelta(10), "UTC", 11, "life_too_short"),
    ],
)
def test_boundary_days_of_dispatch(now: datetime, zone: str, asked: int, code: str | None) -> None:
    """What expired between allocation and dispatch, by the warehouse's clock, does not leave (S28)."""
    answer = verdict(now, zone, asked)
    if isinstance(answer, DispatchRefused):
        assert [unit.code for unit in answer.units] == [code]
    else:
        assert code is None


def test_an_approval_ends_with_the_last_day() -> None:
    """An approval of goods on their last day is good until midnight in their warehouse, and no longer (S28)."""
    evening = datetime(2027, 4, 1, 3, 55, tzinfo=UTC)
    answer = verdict(evening, "America/New_York")
    assert isinstance(answer, DispatchApproved)
    assert answer.until == datetime(2027, 4, 1, 4, tzinfo=UTC)
    longer = verdict(evening - timedelta(minutes=30), "America/New_York")
    assert isinstance(longer, DispatchApproved)
    assert longer.until == evening - timedelta(minutes=15)


def test_what_left_expired_is_told() -> None:
    """A unit that expired after its check has left all the same: the customer to call is named (S28)."""
    registry = picked(1)
    registry.units["A-1", "SN-1"].expiry = TODAY - timedelta(1)
    registry.hear(done(["SN-1"]))
    assert registry.status("SN-1") == "SHIPPED"
    [misfit] = registry.misfits
    assert (misfit.code, "call customer C-1" in misfit.detail) == ("expired", True)
