"""What is said of lots as days pass: each threshold once, whenever the clock comes to look."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lots.balances.domain.stock import NEVER, NOTHING, Claim
from services.lots.expiry.domain import EXPIRED, next_look, passed
from shared.contracts.lots import LotExpired, LotExpiring, LotHeld
from tests.unit.lots.making import DOCK, SHELF, SPRING, Saying
from tests.unit.lots.passing import USUAL, Calendar

SAY = Saying()


def correct(calendar: Calendar, lot: str, expiry: date) -> None:
    """Put another expiry in force."""
    calendar.house.hear(SAY.correct(lot, expiry))


def arrived(expiry: date | None = SPRING, thresholds: Sequence[int] = USUAL) -> Calendar:
    """One lot lies at the dock."""
    calendar = Calendar(thresholds)
    calendar.house.hear(SAY.receive(SAY.came("B-1", 10, expiry)))
    return calendar


DAYS = st.integers(-5, 120)
EXPIRIES = st.integers(0, 130).map(lambda days: SPRING + timedelta(days=days))


@given(
    thresholds=st.lists(st.integers(0, 120), max_size=6),
    steps=st.lists(st.one_of(st.integers(0, 40), EXPIRIES), min_size=1, max_size=25),
)
def test_each_threshold_is_said_exactly_once(thresholds: list[int], steps: list[int | date]) -> None:
    """However many days the clock was down and whatever was corrected between: what is passed was said, once (S29)."""
    calendar, day, expiry = arrived(SPRING, thresholds), SPRING - timedelta(days=100), SPRING
    everything = list[int]()
    for step in steps:
        if isinstance(step, date):
            correct(calendar, "B-1", step)
            everything = everything if step == expiry else []
            expiry = step
        else:
            day += timedelta(days=step)
        said = calendar.on(day)
        near = [it.threshold for it in said if isinstance(it, LotExpiring)]
        assert near == sorted(near, reverse=True)
        everything += [*near, *(EXPIRED for it in said if isinstance(it, LotExpired))]
        assert sorted(everything) == sorted({
            *(it for it in thresholds if (expiry - day).days <= it),
            *([EXPIRED] if day > expiry else []),
        })  # fmt: skip
        held = [it for it in calendar.house.book().on("A-1", "B-1") if it.kind == "EXPIRED"]
        assert len(held) == (day > expiry)
        assert calendar.on(day) == []


@given(expiry=EXPIRIES, day=EXPIRIES, thresholds=st.lists(st.integers(0, 120), max_size=6))
def test_nothing_is_missed_until_the_next_look(expiry: date, day: date, thresholds: list[int]) -> None:
    """Until the day before the next look nothing more passes; on that day something does, or the lot expires (S29)."""
    there, then = passed(expiry, day, thresholds), next_look(expiry, day, thresholds)
    if then == NEVER:
        assert day > expiry
        return
    eve = then - timedelta(days=1)
    assert then > day
    assert passed(expiry, eve, thresholds) == there
    assert eve <= expiry
    assert then > expiry or len(passed(expiry, then, thresholds)) > len(there)


def test_days_down_are_caught_up_in_order() -> None:
    """A clock that was down until after the expiry says every threshold, the widest first, then that it expired."""
    calendar = arrived()
    said = calendar.on(SPRING + timedelta(days=3))
    assert [it.threshold for it in said if isinstance(it, LotExpiring)] == [90, 60, 30, 7]
    *_, held, expired = said
    assert isinstance(held, LotHeld)
    assert isinstance(expired, LotExpired)
    assert (held.hold, held.location, held.reason) == (expired.hold, None, "expired")


@pytest.mark.parametrize(("days", "said"), [(8, [30]), (7, [30, 7]), (0, [30, 7]), (-1, [30, 7])])
def test_the_day_itself_counts(days: int, said: list[int]) -> None:
    """Seven days before is within seven days; on its last day it is good, on the next it is expired (S28, S29)."""
    calendar = arrived(thresholds=[30, 7])
    news = calendar.on(SPRING - timedelta(days=days))
    assert [it.threshold for it in news if isinstance(it, LotExpiring)] == said
    assert any(isinstance(it, LotExpired) for it in news) == (days < 0)


def test_the_hold_names_what_orders_have() -> None:
    """An expired lot's hold tells fulfillment which allocated quantities it has to give back (S28)."""
    calendar = arrived()
    calendar.house.hear(SAY.put_away("B-1"))
    calendar.house.reserve(("A-1", "B-1", SHELF), Claim("D-1", "SO-1", "1"), Decimal(4))
    (held,) = [it for it in calendar.on(SPRING + timedelta(days=1)) if isinstance(it, LotHeld)]
    assert [(it.order, it.quantity, it.location) for it in held.stock] == [("SO-1", Decimal(4), SHELF)]


def test_where_it_is_still_that_day_it_is_still_good() -> None:
    """Past midnight in the east and not yet in the west: only what lies in the east is held; later all of it (S28)."""
    calendar = arrived()
    calendar.house.hear(SAY.receive(SAY.came("B-1", 5), location="WEST/DOCK"))
    calendar.on(SPRING)
    east = calendar.sweep({"EAST": SPRING + timedelta(days=1), "WEST": SPRING})
    assert [(it.TYPE, getattr(it, "location", "")) for it in east] == [(LotHeld.TYPE, DOCK), (LotExpired.TYPE, "")]
    assert calendar.sweep({"EAST": SPRING + timedelta(days=1), "WEST": SPRING}) == []
    west = calendar.on(SPRING + timedelta(days=1))
    assert [(it.TYPE, getattr(it, "location", "")) for it in west] == [(LotHeld.TYPE, None), (LotExpired.TYPE, "")]
    assert [it.warehouse for it in calendar.house.saying(LotExpired)] == ["EAST", "WEST"]


def test_a_correction_begins_anew() -> None:
    """A later date lifts the hold and is said at its own thresholds; back to the first all is said again (S29)."""
    calendar = arrived()
    after = SPRING + timedelta(days=1)
    calendar.on(after)
    correct(calendar, "B-1", SPRING + timedelta(days=31))
    assert not list(calendar.house.book().on("A-1", "B-1"))
    assert [it.threshold for it in calendar.on(after) if isinstance(it, LotExpiring)] == [90, 60, 30]
    correct(calendar, "B-1", SPRING)
    *near, held, expired = calendar.on(after)
    assert [it.threshold for it in near if isinstance(it, LotExpiring)] == [90, 60, 30, 7]
    assert isinstance(held, LotHeld)
    assert isinstance(expired, LotExpired)
    correct(calendar, "B-1", SPRING)
    assert [it.hold for it in calendar.house.book().on("A-1", "B-1")] == [held.hold]


def picked(calendar: Calendar, quantity: int) -> None:
    """So much of what lies at the dock is put away, and picked for an order."""
    calendar.house.hear(SAY.put_away("B-1", quantity))
    calendar.house.reserve(("A-1", "B-1", SHELF), Claim("D-1", "SO-1", "1"), Decimal(quantity))
    calendar.house.pick(calendar.house.reserved["D-1", "B-1", SHELF], Decimal(quantity))


def test_what_is_picked_is_ours_still() -> None:
    """A lot of which all is picked is told of and held as any other: its orders are told, picked or not (S28, S29)."""
    calendar = arrived(thresholds=[30, 7])
    picked(calendar, 10)
    (near,) = calendar.on(SPRING - timedelta(days=30))
    assert isinstance(near, LotExpiring)
    assert (near.on_hand, near.picked) == (NOTHING, Decimal(10))
    *_, held, expired = calendar.on(SPRING + timedelta(days=1))
    assert isinstance(held, LotHeld)
    assert isinstance(expired, LotExpired)
    assert [(it.order, it.quantity, it.location) for it in held.stock] == [("SO-1", Decimal(10), None)]
    assert (held.location, held.hold, expired.picked) == (None, expired.hold, Decimal(10))


def test_what_is_picked_lies_nowhere() -> None:
    """Picked in the east, good in the west still: with no place to hold, it is said when all has expired (S28)."""
    calendar = arrived()
    calendar.house.hear(SAY.receive(SAY.came("B-1", 5), location="WEST/DOCK"))
    picked(calendar, 10)
    calendar.on(SPRING)
    east = SPRING + timedelta(days=1)
    assert calendar.sweep({"EAST": east, "WEST": SPRING}) == []
    calendar.on(east)
    assert [it.warehouse for it in calendar.house.saying(LotExpired)] == ["WEST"]
    calendar.on(east + timedelta(days=1))
    assert [it.warehouse for it in calendar.house.saying(LotExpired)] == ["WEST", "EAST"]
    (held,) = calendar.house.saying(LotHeld)
    assert (held.location, [it.order for it in held.stock]) == (None, ["SO-1"])


def test_what_has_no_date_or_is_gone_is_no_news() -> None:
    """Lots without an expiry, and those of which nothing is left, are not told of."""
    calendar = arrived(None)
    assert calendar.on(SPRING) == []
    calendar = arrived()
    calendar.house.balances.clear()
    assert calendar.on(SPRING) == []
