"""The kernel of expiry and FEFO, at its boundary days and against a search through every way to fill a wish."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.stock.decimals import decimals_of, too_exact
from shared.stock.expiry import earliest, good_until, is_expired, today, too_late
from shared.stock.fefo import Pile, Shelf

DAY = date(2027, 3, 31)


@pytest.mark.parametrize(("on", "expired"), [(DAY - timedelta(1), False), (DAY, False), (DAY + timedelta(1), True)])
def test_goods_are_good_through_their_date(on: date, expired: bool) -> None:
    """On the day itself goods may leave, on the next they may not (S28)."""
    assert is_expired(DAY, on) is expired
    assert (too_late(DAY, on) == "expired") is expired


def test_what_has_no_date_never_expires() -> None:
    """Whatever is demanded (S28)."""
    assert too_late(None, date(2199, 12, 31), stop_pick=90, min_life=90) is None
    assert good_until(None, "UTC") is None


@pytest.mark.parametrize(("left", "why"), [(30, None), (29, "min_life"), (10, "min_life"), (9, "stop_pick")])
def test_days_that_must_be_left(left: int, why: str | None) -> None:
    """Exactly so many days are enough, one fewer is not; the product's own stop is told before the customer's (S28)."""
    assert too_late(DAY, DAY - timedelta(left), stop_pick=10, min_life=30) == why


@given(st.integers(-5, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_earliest_is_the_first_that_passes(left: int, stop: int, life: int) -> None:
    """Goods pass if and only if they expire on the earliest day that may leave, or later (S28)."""
    expiry = DAY + timedelta(left)
    assert (too_late(expiry, DAY, stop, life) is None) is (expiry >= earliest(DAY, stop, life))


def test_a_day_is_the_warehouses() -> None:
    """The same moment is the thirty-first in Los Angeles and the first in Berlin (S28)."""
    moment = datetime(2027, 4, 1, 3, tzinfo=UTC)
    assert today(moment, "America/Los_Angeles") == DAY
    assert today(moment, "Europe/Berlin") == date(2027, 4, 1)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_until_is_the_first_moment_of_refusal(stop: int, life: int, zone: str) -> None:
    """A second before it goods may leave, at it they may not, in every time zone and as clocks change (S28)."""
    until = good_until(DAY, zone, stop, life)
    assert until is not None
    assert too_late(DAY, today(until.astimezone(UTC), zone), stop, life) is not None
    assert too_late(DAY, today(until.astimezone(UTC) - timedelta(seconds=1), zone), stop, life) is None


PILES = st.lists(
    st.builds(
        Pile,
        lot=st.sampled_from(["A", "B", "a"]),
        expiry=st.none(),
        received=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
        location=st.sampled_from(["E/1", "E/2", "E/3"]),
        sequence=st.integers(0, 2),
        free=st.integers(0, 4).map(Decimal),
    ),
    max_size=5,
    unique_by=lambda pile: (pile.lot, pile.location),
)
DATES = st.fixed_dictionaries(
    {lot: st.tuples(st.sampled_from([None, DAY, DAY + timedelta(1)]), st.integers(0, 1)) for lot in ("A", "B", "a")}
)


def dated(piles: list[Pile], facts: dict[str, tuple[date | None, int]]) -> list[Pile]:
    """Piles of a lot share its date and first receipt."""
    return [
        pile._replace(expiry=facts[pile.lot][0], received=pile.received + timedelta(days=facts[pile.lot][1]))
        for pile in piles
    ]


@given(PILES, DATES, st.integers(1, 9).map(Decimal))
def test_fefo_is_the_best_of_all_ways(
    piles: list[Pile], facts: dict[str, tuple[date | None, int]], wanted: Decimal
) -> None:
    """Of every order of emptying piles, FEFO's takes the lots that expire first; as much as there is (S27)."""

    def key(pile: Pile) -> tuple[object, ...]:
        return (pile.expiry or date.max, pile.expiry is None, pile.received, pile.lot, pile.sequence, pile.location)

    there = dated(piles, facts)
    taken = Shelf(there).take(wanted)
    assert sum(part.quantity for part in taken) == min(wanted, sum(pile.free for pile in there))
    ways = (emptied(order, wanted) for order in permutations(there))
    best = min(ways, key=lambda way: [key(pile) for pile, _ in way])
    assert [(part.pile, part.quantity) for part in taken] == best


def emptied(order: tuple[Pile, ...], wanted: Decimal) -> list[tuple[Pile, Decimal]]:
    """What is taken if piles are emptied in an order."""
    way = []
    for pile in order:
        if pile.free and wanted:
            way.append((pile, min(pile.free, wanted)))
            wanted -= way[-1][1]
    return way


@given(PILES, DATES, st.integers(1, 9).map(Decimal))
def test_a_single_lot_or_nothing(piles: list[Pile], facts: dict[str, tuple[date | None, int]], wanted: Decimal) -> None:
    """One lot fills all of it, the first in FEFO order that can; where none can, nothing is taken (S27)."""
    there = dated(piles, facts)
    taken = Shelf(there).take(wanted, single_lot=True)
    totals: dict[str, Decimal] = {}
    for pile in sorted(there, key=lambda pile: pile.turn):
        totals[pile.lot] = totals.get(pile.lot, Decimal(0)) + pile.free
    able = [lot for lot, total in totals.items() if total >= wanted]
    assert {part.pile.lot for part in taken} == set(able[:1])
    assert sum(part.quantity for part in taken) == (wanted if able else 0)


@pytest.mark.parametrize(("quantity", "decimals"), [("1", 0), ("1.000", 0), ("1.5", 1), ("0.123456", 6)])
def test_a_product_is_counted_with_so_many_decimals(quantity: str, decimals: int) -> None:
    """Zeros at the end are no decimals; one more is refused, and of what is not known nothing is said (S14)."""
    assert too_exact("SALT", Decimal(quantity), decimals) is None
    refused = too_exact("SALT", Decimal(quantity) + Decimal(1).scaleb(-decimals - 1), decimals)
    assert refused is not None
    assert refused.detail.endswith(f"counted with {decimals} decimal{'s' * (decimals != 1)}")
    assert too_exact("SALT", Decimal("0.0000001"), None) is None


def test_units_are_counted_whole() -> None:
    """What is serialised has no decimals, whatever the ERP says of it (S14)."""
    assert (decimals_of("SERIAL", 6), decimals_of("LOT", 2)) == (0, 2)
