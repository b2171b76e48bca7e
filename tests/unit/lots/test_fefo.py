"""First expired, first out, act by act against an oracle that gives unit by unit (S27)."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.lots.ordering import Ordering
from tests.unit.lots.shop import NOON, POLICY, WALK, Oracle, Shop, parts

TODAY = date(2027, 3, 31)
"""In London; it is tomorrow in the east, and yesterday in the west."""

SAY = Ordering()
LOTS = ["L1", "L2", "L3", "l1"]
# Equal and missing dates, and every day on which one of the limits is just kept or just not.
DAYS = st.sampled_from([None, TODAY + timedelta(9), *(TODAY + timedelta(days) for days in range(-2, 7))])
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
STOCK = st.lists(PUT, min_size=3, max_size=10)
ACTS = st.lists(st.one_of(PUT, PUT, WANT, WANT, WANT, HOLD, LIFT, GIVE_UP, OBEY), min_size=3, max_size=20)


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
            case ("want", wish):
                self.opened += 1
                self.shop.want(SAY.want(self.opened, **wish))
            case ("give_up", number):
                self.shop.give_up(SAY.give_up(number))

    def holds(self) -> None:
        """No demand is open beside stock that fits it, and what is allocated is what demands have."""
        oracle, book = Oracle(self.shop), self.shop.book
        assert oracle.given(self.shop.demands.waiting) == []
        for key, balance in book.balances.items():
            rows = [row for row in book.reserved.values() if (row.sku, row.lot, row.location) == key]
            assert balance.allocated == sum(row.quantity for row in rows)
            assert 0 <= balance.allocated <= balance.on_hand
        for demand in self.shop.demands.known.values():
            had = [row for row in book.reserved.values() if row.demand == demand.id and row.quantity]
            assert not demand.single_lot or len({row.lot for row in had}) <= 1
            assert not demand.lots or {row.lot for row in had} <= set(demand.lots)
            assert demand.status != "WITHDRAWN" or not had


@settings(max_examples=300, deadline=None)
@given(dates=DATES, stock=STOCK, acts=ACTS)
def test_every_act_gives_what_the_oracle_gives(
    dates: dict[str, tuple[date | None, int]], stock: list[Any], acts: list[Any]
) -> None:
    """Each open demand in its turn gets what expires first of what fits it, and none stays open beside such (S27, S28).

    Whatever comes free or is wanted, in whatever order: lots at several places with equal, missing and boundary dates,
    in two time zones, under holds and shelf-life limits.
    """
    player = Player(shop_of(dates))
    for act in [*stock, *acts]:
        player.do(act)
