"""First expired, first out, act by act against an oracle that gives unit by unit (S27)."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.identifiers import warehouse_of
from tests.unit.lots.ordering import Ordering
from tests.unit.lots.shop import NOON, POLICY, WALK, Oracle, Shop, parts

TODAY = date(2027, 3, 31)
"""In London; it is tomorrow in the east, and yesterday in the west."""

SAY = Ordering()
LOTS = ["L1", "L2", "L3", "l1"]
# Equal and missing dates, and every day on which one of the limits is just kept or just not.
DAYS = st.sampled_from([None, *(TODAY + timedelta(days) for days in (*range(-2, 7), *[20] * 6))])
DATES = st.fixed_dictionaries({lot: st.tuples(DAYS, st.integers(0, 1)) for lot in LOTS})
lots, places = st.sampled_from(LOTS), st.sampled_from(sorted(WALK))
PUT = st.tuples(st.just("put"), lots, places, st.integers(1, 6))
HOLD = st.tuples(st.just("hold"), lots, st.one_of(st.none(), places))
LIFT = st.tuples(st.just("lift"), lots)
WANT = st.tuples(
    st.just("want"),
    st.fixed_dictionaries({
        "quantity": st.integers(1, 8),
        "warehouse": st.sampled_from(["EAST", "EAST", "WEST"]),
        "customer": st.sampled_from(["C-1", "C-2", "C-3"]),
        "priority": st.sampled_from([5, 5, 9]),
        "placed_at": st.integers(0, 3).map(lambda hours: NOON - timedelta(hours=hours)),
        "shortfall": st.sampled_from(["WAIT", "WAIT", "DROP"]),
        "lots": st.one_of(st.just([]), st.just([]), st.lists(lots, min_size=1, max_size=2, unique=True)),
        "single_lot": st.booleans(),
        "min_life_days": st.sampled_from([0, 0, 3, 5]),
    }),
)  # fmt: skip
OBEY = st.tuples(st.just("obey"), st.integers(0, 4))
GIVE_UP = st.tuples(st.just("give_up"), st.integers(1, 12))
SHARE, WHICH = st.sampled_from([1, 1, 2]), st.integers(0, 50)
"""What is done to all of it or to a half, and to which of those there are."""

AGAIN = st.booleans()
GO_ON = st.one_of(
    st.tuples(st.just("give back"), WHICH, SHARE, AGAIN, st.booleans()),
    st.tuples(st.just("pick"), WHICH, SHARE),
    st.tuples(st.just("pick"), WHICH, SHARE),
    st.tuples(st.just("unpick"), WHICH, SHARE, AGAIN, places),
    st.tuples(st.just("leave"), WHICH, SHARE),
)
SLEEP = st.tuples(st.just("sleep"), st.just(1))
STOCK = st.lists(PUT, min_size=3, max_size=10)
ACTS = st.lists(
    st.one_of(PUT, PUT, WANT, WANT, WANT, HOLD, LIFT, GIVE_UP, OBEY, GO_ON, GO_ON, GO_ON), min_size=3, max_size=30
)


def shop_of(dates: dict[str, tuple[date | None, int]]) -> Shop:
    """A shop that knows the lots."""
    shop = Shop()
    for lot, (expiry, received) in dates.items():
        shop.lot(lot, expiry, received)
    return shop


class Player:
    """Does acts, each beside the oracle: what is to come free is done first to a shop that serves nobody."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.opened = shop, 0

    def do(self, act: tuple[Any, ...]) -> None:
        """Do one act, and compare what was given with what the oracle would give."""
        shop, expected = self.shop, list[Any]()

        def oracle() -> list[Any]:
            expected.extend(Oracle(shop).given(shop.demands.waiting))
            return []

        real, shop.serve = shop.serve, oracle  # type: ignore[method-assign]
        self._act(act)
        shop.serve = real  # type: ignore[method-assign]
        given = parts(shop.serve())
        assert sorted(given) == sorted(expected)
        self.holds()

    def _act(self, act: tuple[Any, ...]) -> None:
        match act:
            case ("put", lot, place, quantity):
                self.shop.put(lot, place, quantity)
            case ("hold", lot, place):
                self.shop.hold(lot, place)
            case ("lift", lot):
                self.shop.lift(lot)
            case ("obey", stop_pick):
                self.shop.obey(POLICY.model_copy(update={"stop_pick_days": stop_pick}))
            case ("sleep", days):
                self.shop.sleep(days)
            case ("give back" | "pick", which, share, *more):
                self._allocated(act[0], which, share, *more)
            case ("unpick" | "leave", which, share, *more):
                self._picked(act[0], which, share, *more)
            case ("want", wish):
                self.opened += 1
                self.shop.want(SAY.want(self.opened, **wish))
            case ("give_up", number):
                self.shop.give_up(SAY.give_up(number))

    def _allocated(self, what: str, which: int, share: int, again: bool = False, missed: bool = False) -> None:
        rows = [row for row in self.shop.book.reserved.values() if row.quantity]
        if rows:
            row = rows[which % len(rows)]
            part = SAY.at(row.lot, max(1, row.quantity // share), row.location)
            number = int(row.demand.rpartition("-")[2])
            if what == "pick":
                self.shop.pick(SAY.pick(number, part))
            else:
                self.opened += 100
                hold = f"H-{self.opened}" if missed else None
                self.shop.give_back(SAY.deallocate(number, part, again=again, hold=hold))

    def _picked(self, what: str, which: int, share: int, again: bool = False, place: str = "EAST/1") -> None:
        rows = [row for row in self.shop.book.picked.values() if row.quantity]
        if rows:
            row = rows[which % len(rows)]
            quantity, number = max(1, row.quantity // share), int(row.demand.rpartition("-")[2])
            if what == "unpick" and warehouse_of(place) == row.warehouse:
                self.shop.unpick(SAY.unpick(number, row.lot, quantity, place, again=again))
            elif what == "leave":
                customer = self.shop.demands.known[row.demand].customer
                refused = self.shop.ask(SAY.check(number, {row.lot: quantity}, customer=customer))
                assert (refused is None) == Oracle(self.shop).may_leave(row, customer)
                if refused is None:
                    self.shop.leave(SAY.dispatch(number, {row.lot: quantity}))

    def holds(self) -> None:
        """No demand is open beside stock that fits it, and what is allocated is what demands have."""
        oracle, book = Oracle(self.shop), self.shop.book
        assert oracle.given(self.shop.demands.waiting) == []
        for key, balance in book.balances.items():
            rows = [row for row in book.reserved.values() if (row.sku, row.lot, row.location) == key]
            assert balance.allocated == sum(row.quantity for row in rows)
            assert 0 <= balance.allocated <= balance.on_hand
        assert not book.misfits
        for lot in LOTS:
            for warehouse in ("EAST", "WEST"):
                self._adds_up(lot, warehouse)
        for demand in self.shop.demands.known.values():
            had = [row for row in book.reserved.values() if row.demand == demand.id and row.quantity]
            assert not demand.single_lot or len(oracle.had(demand)) <= 1
            assert not demand.lots or {row.lot for row in had} <= set(demand.lots)
            assert demand.status != "WITHDRAWN" or not had

    def _adds_up(self, lot: str, warehouse: str) -> None:
        """Check that what was found lies there, is picked or has left, and that the ledger says so."""
        book, at = self.shop.book, (lot, warehouse)
        on_hand = sum(it.on_hand for it in book.balances.values() if (it.lot, it.warehouse) == at)
        picked = sum(it.quantity for it in book.picked.values() if (it.lot, it.warehouse) == at)
        rows = [row for row in book.ledger if (row.lot, row.warehouse) == at]
        assert on_hand == sum(row.on_hand for row in rows)
        assert picked == sum(row.picked for row in rows)
        came = sum(row.on_hand for row in rows if row.change == "FOUND")
        assert came == on_hand + picked - sum(row.picked for row in rows if row.change == "SHIPPED")


@settings(max_examples=250, deadline=None)
@given(dates=DATES, stock=STOCK, acts=ACTS)
def test_every_act_gives_what_the_oracle_gives(
    dates: dict[str, tuple[date | None, int]], stock: list[Any], acts: list[Any]
) -> None:
    """Each open demand in its turn gets what expires first of what fits it, and none stays open beside such (S27, S28).

    Whatever is wanted, comes free, is picked, put back or leaves, in whatever order and as days pass: lots at several
    places with equal, missing and boundary dates, in two time zones, under holds and shelf-life limits. None is lost.
    """
    player = Player(shop_of(dates))
    for act in [*stock, *acts]:
        player.do(act)


def any_act(chance: Random) -> tuple[Any, ...]:
    """An act of a long day: mostly everyday orders and what becomes of them."""
    lot, place, which = chance.choice(LOTS), chance.choice(sorted(WALK)), chance.randrange(50)
    share, again = chance.choice([1, 1, 2]), chance.random() < 0.5
    wish = {"quantity": chance.randint(1, 8), "warehouse": chance.choice(["EAST", "EAST", "WEST"])}
    choosy = {
        "customer": chance.choice(["C-1", "C-2", "C-3"]),
        "priority": chance.choice([5, 5, 9]),
        "placed_at": NOON - timedelta(hours=chance.randint(0, 3)),
        "shortfall": chance.choice(["WAIT", "WAIT", "DROP"]),
        "lots": chance.choice([[], [], chance.sample(LOTS, 2)]),
        "single_lot": again,
        "min_life_days": chance.choice([0, 0, 3, 5]),
    }
    acts: list[tuple[Any, ...]] = [
        ("put", lot, place, chance.randint(1, 6)), ("put", lot, place, chance.randint(1, 6)), ("want", wish),
        ("want", wish), ("want", wish | choosy), ("want", wish | choosy), ("give_up", chance.randint(1, 40)),
        ("hold", lot, chance.choice([None, place])), ("lift", lot), ("lift", lot), ("obey", chance.randint(0, 4)),
        ("sleep", chance.choice([0, 0, 1])), ("give back", which, share, again, which % 3 == 0),
        ("pick", which, share), ("pick", which, share), ("unpick", which, share, again, place),
        ("leave", which, share), ("leave", which, share),
    ]  # fmt: skip
    return chance.choice(acts)


@pytest.mark.parametrize("seed", range(15))
def test_long_days(seed: int) -> None:
    """The same over a hundred and fifty acts, so that most goods are given, picked, put back and leave (S27, S28)."""
    chance = Random(seed)  # noqa: S311
    days = [None, -2, 0, 1, 2, 3, 4, 5, 6, 9, 20, 20]
    dates = {lot: chance.choice(days) for lot in LOTS}
    player = Player(
        shop_of({
            lot: (None if left is None else TODAY + timedelta(left), chance.randint(0, 1))
            for lot, left in dates.items()
        })
    )  # fmt: skip
    for _ in range(150):
        player.do(any_act(chance))
