"""Boundary days: what may be given and what may leave on the last day, and on the one after it (S28)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.lots.allocation.domain.answers import answered
from services.lots.allocation.domain.dispatch import GOOD_FOR, checked, dispatched
from services.lots.allocation.domain.leaving import Guards
from services.lots.allocation.domain.limits import Limits
from services.lots.balances.domain.stock import Papers
from shared.contracts.lots import LotDispatchApproved, LotDispatchRefused, LotShipped
from shared.contracts.upstream import CustomerLife, LifePolicy
from tests.unit.lots.ordering import Ordering
from tests.unit.lots.shop import SOMEBODY, Shop
from tests.unit.serials.making import told

SAY = Ordering()
LAST = date(2027, 3, 31)
ANY_LIFE = LifePolicy()
LIFE = LifePolicy(stop_pick_days=10, customers=[CustomerLife(customer="C-2", min_life_days=30)])
BERLIN, ANGELES = "Europe/Berlin", "America/Los_Angeles"
MIDNIGHT = {
    BERLIN: datetime(2027, 3, 31, 22, tzinfo=UTC),
    ANGELES: datetime(2027, 4, 1, 7, tzinfo=UTC),
    "UTC": datetime(2027, 4, 1, tzinfo=UTC),
}
"""When the last day ends."""


def shop(now: datetime, zone: str = BERLIN, policy: LifePolicy = ANY_LIFE) -> Shop:
    """A shop with five pieces of one lot."""
    found = Shop(now, {"EAST": zone}, policy=policy)
    found.lot("L1", LAST, 0)
    found.put("L1", "EAST/1", 5)
    return found


@pytest.mark.parametrize("zone", [BERLIN, ANGELES])
@pytest.mark.parametrize(("after", "given"), [(-1, 5), (0, 0)])
def test_given_through_the_last_day(zone: str, after: int, given: int) -> None:
    """Until midnight of the warehouse goods are given on their last day, from then on not, and it is told why."""
    [act] = shop(MIDNIGHT[zone] + timedelta(seconds=after), zone).want(SAY.want(1, 5))
    [answer] = answered([act])
    assert sum(part.quantity for part in answer.given) == given
    skipped = [(it.lot, int(it.quantity), it.reason) for it in answer.skipped]
    assert skipped == ([] if given else [("L1", 5, "expired")])


@pytest.mark.parametrize(
    ("left", "wish", "why"),
    [
        (10, {}, None),
        (9, {}, "too near its expiry for any order"),
        (30, {"customer": "C-2"}, None),
        (29, {"customer": "C-2"}, "too near its expiry for this order"),
        (20, {"min_life_days": 20}, None),
        (19, {"min_life_days": 20}, "too near its expiry for this order"),
        (29, {"customer": "C-2", "min_life_days": 20}, "too near its expiry for this order"),
        (35, {"customer": "C-2", "min_life_days": 36}, "too near its expiry for this order"),
        (90, {"lots": ["L2"]}, "not the lot that is wanted"),
        (90, {"single_lot": True, "quantity": Decimal(6)}, "too little of the lot to fill the line alone"),
    ],
)
def test_days_that_must_be_left(left: int, wish: dict[str, Any], why: str | None) -> None:
    """Exactly as many days as product, customer or order demand are enough, one fewer is not; the answer says why."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=left, hours=1), policy=LIFE)
    [act] = there.want(SAY.want(1, **({"quantity": 5} | wish)))
    [answer] = answered([act])
    assert [it.reason for it in answer.skipped] == ([why] if why else [])
    assert answer.short == (0 if why is None else act.open_before)


def test_what_was_passed_over_is_told() -> None:
    """Lots that stood before the last one taken are named, lots behind it are not: they simply were not needed."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=50))
    for number, days in (("L0", -60), ("L2", 5), ("L3", 9)):
        there.lot(number, LAST + timedelta(days), 0)
        there.put(number, "EAST/2", 3)
    there.hold("L1", None)
    there.hold("L3", None)
    [act] = there.want(SAY.want(1, 2))
    [answer] = answered([act])
    assert [part.lot for part in answer.given] == ["L2"]
    assert [(it.lot, int(it.quantity), it.reason) for it in answer.skipped] == [
        ("L0", 3, "expired"),
        ("L1", 5, "on hold"),
    ]


def test_more_than_a_message_says_is_told_in_parts() -> None:
    """Two and a half million of a held lot lie there: whoever is short is answered all the same (S27)."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=50))
    there.put("L1", "EAST/2", 2_500_000 - 5)
    there.hold("L1", None)
    [act] = there.want(SAY.want(1, 2))
    [answer] = answered([act])
    assert [(it.lot, int(it.quantity)) for it in answer.skipped] == [
        ("L1", 1_000_000), ("L1", 1_000_000), ("L1", 500_000),
    ]  # fmt: skip


def test_another_time_zone_waits_for_the_next_that_comes_free() -> None:
    """Where it is still yesterday after all, a demand at hand stays as it is until something comes free (S28)."""
    there = shop(MIDNIGHT["UTC"], "UTC")
    [nothing] = there.want(SAY.want(1, 6))
    assert not nothing.taken
    there.book.freed.clear()
    there.zones = {"EAST": ANGELES}
    assert there.serve() == []
    [act] = there.put("L1", "EAST/2", 1)
    assert sum(part.quantity for part in act.taken) == 6


def picked(there: Shop, quantity: int = 5) -> None:
    """Let an order have it in its cartons."""
    there.want(SAY.want(1, quantity))
    for row in list(there.book.reserved.values()):
        there.book.pick(row, row.quantity, SOMEBODY, Papers())


def guards(there: Shop) -> Guards:
    """What keeps goods of the shop from leaving."""
    return Guards(there.book, {("A-1", "EAST"): Limits(there.zones["EAST"], there.policy)})


def ask(there: Shop, now: datetime, **more: Any) -> Any:
    """Ask whether it may leave."""
    [verdict] = checked(guards(there), [told(SAY.check(1, {"L1": 5}, **more))], now)
    return verdict


@pytest.mark.parametrize("zone", [BERLIN, ANGELES])
def test_leaving_on_the_last_day(zone: str) -> None:
    """What may leave until midnight is approved until midnight and no longer; at midnight it is refused."""
    there, midnight = shop(MIDNIGHT[zone] - timedelta(days=3), zone), MIDNIGHT[zone]
    picked(there)
    early = ask(there, midnight - timedelta(hours=2))
    assert early.until == midnight - timedelta(hours=2) + GOOD_FOR
    late = ask(there, midnight - timedelta(minutes=1))
    assert isinstance(late, LotDispatchApproved)
    assert late.until == midnight
    refused = ask(there, midnight)
    assert isinstance(refused, LotDispatchRefused)
    assert [(it.lot, int(it.quantity), it.code) for it in refused.stock] == [("L1", 5, "expired")]


@pytest.mark.parametrize(
    ("left", "more", "code"),
    [
        (9, {}, None),
        (30, {"customer": "C-2"}, None),
        (29, {"customer": "C-2"}, "life_too_short"),
        (19, {"min_life_days": 20}, "life_too_short"),
    ],
)
def test_life_that_must_be_left_to_leave(left: int, more: dict[str, Any], code: str | None) -> None:
    """The customer's days are counted when goods leave too; those of stop-pick only when they are given."""
    there = shop(MIDNIGHT["UTC"] - timedelta(days=90), "UTC", LIFE)
    picked(there)
    verdict = checked(
        guards(there),
        [told(SAY.check(1, {"L1": 5}, **more))],
        MIDNIGHT["UTC"] - timedelta(days=left, minutes=1),
    )[0]
    assert [it.code for it in getattr(verdict, "stock", []) if hasattr(it, "code")] == ([code] if code else [])
    if code is None and more:
        assert isinstance(verdict, LotDispatchApproved)
        assert verdict.until == MIDNIGHT["UTC"] - timedelta(days=left)


def test_a_hold_keeps_the_lot_from_leaving() -> None:
    """A hold on the lot refuses what is picked of it; one on the place where it lay does not, until it is lifted."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=90))
    picked(there)
    there.hold("L1", "EAST/1")
    assert isinstance(ask(there, there.now), LotDispatchApproved)
    there.hold("L1", None)
    assert [it.code for it in ask(there, there.now).stock] == ["held"]
    there.lift("L1")
    assert isinstance(ask(there, there.now), LotDispatchApproved)


def test_what_left_too_late_is_told_with_whom_to_call() -> None:
    """A dispatch is taken even of a held or expired lot: it has happened, and a supervisor is told to call (S10)."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=90))
    picked(there)
    there.hold("L1", None)
    [shipped] = dispatched(guards(there), [told(SAY.dispatch(1, {"L1": 5}))])
    assert isinstance(shipped, LotShipped)
    [misfit] = there.book.misfits
    assert (misfit.code, "call customer C-1" in misfit.detail) == ("held", True)
    assert [row.quantity for row in there.book.picked.values()] == [0]


def test_of_one_lot_all_that_lines_pack_counts() -> None:
    """Two cartons of a lot are summed up: together they may not be more than is picked for the line."""
    there = shop(MIDNIGHT[BERLIN] - timedelta(days=90))
    picked(there, 4)
    one = SAY.check(1, {"L1": 3})
    both = one.model_copy(update={"stock": [*one.stock, *one.stock]})
    [verdict] = checked(guards(there), [told(both)], there.now)
    assert isinstance(verdict, LotDispatchRefused)
    assert [(int(it.quantity), it.code) for it in verdict.stock] == [(6, "not_picked")]
