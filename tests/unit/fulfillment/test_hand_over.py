"""Who is served inside one order: lines with narrow wishes first, whatever the sequence of lines and batches (S08)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.contracts.commands.fulfillment import PickItems, UnitSelector, UnpickItems
from shared.contracts.upstream import OrderAmended, OrderLine
from tests.unit.fulfillment.connected_services import UNITS, ConnectedServices, line, lot_line

BATCH_SIZES = pytest.mark.parametrize("batch_size", [None, 1], ids=["one batch", "one batch per request"])
BACKORDERS = pytest.mark.parametrize("backorders", ["ALLOWED", "NOT_ALLOWED"])


@BATCH_SIZES
@BACKORDERS
def test_a_listed_unit_goes_to_the_line_that_lists_it(batch_size: int | None, backorders: str) -> None:
    """Lines for any unit that come first get the others, and nothing is dropped (S08)."""
    services = ConnectedServices()
    services.stock_units("N1", "N2", "N3", "N4")
    services.place(line("1"), line("2"), line("3", 1, "N1"), backorders=backorders)
    services.deliver_all(batch_size)
    assert ("3", "N1", 1) in services.items()
    assert services.allocated() == {"1": 1, "2": 1, "3": 1}
    services.assert_services_agree()


@BATCH_SIZES
def test_a_line_that_lists_some_of_its_units_gets_them(batch_size: int | None) -> None:
    """The demand for the other units of a line also yields what the line lists (S08)."""
    services = ConnectedServices()
    services.stock_units("N1", "N2", "N3")
    services.place(line("1", 1), line("2", 2, "N1"))
    services.deliver_all(batch_size)
    assert {serial for line_id, serial, _ in services.items() if line_id == "2"} >= {"N1"}
    assert services.allocated() == {"1": 1, "2": 2}


@BACKORDERS
def test_an_amendment_takes_a_unit_from_a_wider_line(backorders: str) -> None:
    """The other line is served anew (S08)."""
    services = ConnectedServices()
    services.stock_units("N1", "N2", "N3")
    services.place(line("1"), line("2"), backorders=backorders)
    services.deliver_all()
    services.handle(OrderAmended(order="O", lines=[line("2", 1, "N1")]))
    services.deliver_all(1)
    assert ("2", "N1", 1) in services.items()
    assert services.allocated() == {"1": 1, "2": 1}
    services.assert_services_agree()


def test_a_picked_unit_is_not_handed_over() -> None:
    """The line that lists it waits, and gets it if it is unpicked."""
    services = ConnectedServices()
    services.stock_units("N1", "N2")
    services.place(line("1"), line("2", 1, "N1"))
    services.deliver(1)
    units = [UnitSelector(sku=UNITS, serial="N1")]
    services.handle(PickItems(order="O", units=units, location="EAST/STAGE"))
    services.deliver_all()
    assert services.items() == {("1", "N1", 1)}
    services.handle(UnpickItems(order="O", units=units, location="EAST/A-1", reason="wrong line"))
    services.deliver_all(1)
    assert services.items() == {("1", "N2", 1), ("2", "N1", 1)}
    services.assert_services_agree()


def test_orders_do_not_take_units_from_each_other() -> None:
    """A unit of another order stays there, and a handed-over unit does not pass an older order's demand."""
    services = ConnectedServices()
    services.stock_units("N1", "N2")
    services.place(line("1"), order="OTHER")
    services.place(line("1"), order="O")
    services.deliver_all()
    services.place(line("1", 2), order="OLD", priority=9)
    services.deliver_all()
    services.handle(OrderAmended(order="O", lines=[line("2", 1, "N1"), line("3", 1, "N2")]))
    services.deliver_all(1)
    assert services.items("OTHER") == {("1", "N1", 1)}
    assert services.items("O") == {("3", "N2", 1)}
    assert services.items("OLD") == set()
    services.assert_services_agree()


@BATCH_SIZES
@BACKORDERS
@pytest.mark.parametrize(
    ("stock", "lines", "served"),
    [
        ({"L1": 5, "L2": 3}, [lot_line("1", 2), lot_line("2", 5, single_lot=True)], {"1": 2, "2": 5}),
        ({"L1": 5, "L2": 5}, [lot_line("1", 5), lot_line("2", 5, "L1")], {"1": 5, "2": 5}),
        ({"L1": 5, "L2": 5}, [lot_line("1", 7), lot_line("2", 3, "L1")], {"1": 7, "2": 3}),
        ({"L1": 4, "L2": 4}, [lot_line("1", 4, "L1", "L2"), lot_line("2", 4, "L1")], {"1": 4, "2": 4}),
        ({"L1": 5, "L2": 5}, [lot_line("1", 5, single_lot=True), lot_line("2", 2, "L1")], {"1": 5, "2": 2}),
        ({"L1": 5, "L2": 3}, [lot_line("1", 3, single_lot=True), lot_line("2", 5, single_lot=True)], None),
        ({"L1": 5, "L2": 2}, [lot_line("1", 3), lot_line("2", 5, "L1", single_lot=True)], {"1": 2, "2": 5}),
    ],
    ids=["single lot", "listed lot", "part of a lot", "fewer lots", "broken single lot", "equal", "too little"],
)
def test_lots_go_to_the_narrowest_lines(
    stock: dict[str, int], lines: list[OrderLine], served: Any, batch_size: int | None, backorders: str
) -> None:
    """Listed lots come first, then lines of a single lot, then lines of any lot (S08)."""
    services = ConnectedServices()
    services.stock_lots(**stock)
    services.place(*lines, backorders=backorders)
    services.deliver_all(batch_size)
    if served is None:  # lines of a single lot are equally narrow: only in one batch the larger quantity comes first
        served = {"1": 3, "2": 5} if batch_size is None else {"1": 3, "2": 0}
    assert services.allocated() == served
    services.assert_services_agree()


def test_orders_do_not_take_lots_from_each_other() -> None:
    """A quantity that is handed over does not pass an older demand for the same lot."""
    services = ConnectedServices()
    services.stock_lots(L1=5)
    services.place(lot_line("1", 5))
    services.deliver_all()
    services.place(lot_line("1", 5, "L1"), order="OLD", priority=9)
    services.deliver_all()
    services.handle(OrderAmended(order="O", lines=[lot_line("2", 4, "L1")]))
    services.deliver_all(1)
    assert services.allocated() == {"1": 1, "2": 4}
    assert services.allocated("OLD") == {"1": 0}
    services.assert_services_agree()


STOCK = ["N1", "N2", "N3", "N4"]


@st.composite
def order_lines(draw: st.DrawFn) -> list[tuple[int, list[str]]]:
    """Quantity and listed serials of lines, among them serials that are not in stock."""
    serials = iter(draw(st.permutations([*STOCK, "X1"])))
    counts = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4))
    lines = [([next(serials) for _ in range(min(listed, 2))], others) for listed, others in counts[:2]]
    lines += [([], others) for _, others in counts[2:]]
    return [(len(listed) + others, listed) for listed, others in draw(st.permutations(lines)) if listed or others]


@cache
def most_units(free: frozenset[str], places: tuple[str | None, ...]) -> int:
    """Try all assignments of units to places, each for a listed or any unit; return how many can be filled."""
    if not places:
        return 0
    place, rest = places[0], places[1:]
    chosen = [1 + most_units(free - {unit}, rest) for unit in free if place in {None, unit}]
    return max([most_units(free, rest), *chosen])


def places_of(lines: Sequence[tuple[int, list[str]]]) -> tuple[str | None, ...]:
    """Return the listed serials of lines, and None for each other unit."""
    return tuple(place for quantity, listed in lines for place in [*listed, *[None] * (quantity - len(listed))])


@settings(max_examples=60, deadline=None)
@given(
    lines=order_lines(), other=st.sampled_from([None, [], ["N2"]]), batches=st.lists(st.integers(1, 3)),
    amended=st.lists(st.booleans(), min_size=4, max_size=4), backorders=st.sampled_from(["ALLOWED", "NOT_ALLOWED"]),
)  # fmt: skip
def test_an_order_gets_as_many_units_as_stock_allows(
    lines: list[tuple[int, list[str]]],
    other: list[str] | None,
    batches: list[int],
    amended: list[bool],
    backorders: str,
) -> None:
    """Sequence, batches and later amendments of lines do not matter, and other orders keep their units (S08)."""
    if not lines:
        return
    services = ConnectedServices()
    services.stock_units(*STOCK)
    if other is not None:
        services.place(line("1", 1, *other), order="OTHER")
        services.deliver_all()
    kept = services.items("OTHER") if other is not None else set()
    numbered = list(enumerate(lines, start=1))
    services.place(
        *(
            line(str(number), quantity, *([] if amended[number - 1] else listed))
            for number, (quantity, listed) in numbered
        ),
        backorders=backorders,
    )
    for size in batches:
        services.deliver(size)
    changes = [line(str(number), quantity, *listed) for number, (quantity, listed) in numbered if amended[number - 1]]
    if changes:
        services.handle(OrderAmended(order="O", lines=changes))
    services.deliver_all(batches[0] if batches else None)
    services.assert_services_agree()
    free = frozenset(STOCK) - {serial for _, serial, _ in kept}
    most, wanted = most_units(free, places_of(lines)), sum(quantity for quantity, _ in lines)
    if backorders == "ALLOWED" or most == wanted or not changes:  # otherwise a quantity may be dropped before a change
        assert sum(services.allocated().values()) == most
    assert not kept or services.items("OTHER") == kept


@settings(max_examples=50, deadline=None)
@given(
    stock=st.dictionaries(st.sampled_from(["L1", "L2", "L3"]), st.integers(1, 4), min_size=1),
    wishes=st.lists(st.tuples(st.sampled_from(["", "L1", "L2", "L3"]), st.integers(1, 4)), min_size=1, max_size=4),
    batch_size=st.integers(1, 3), backorders=st.sampled_from(["ALLOWED", "NOT_ALLOWED"]),
)  # fmt: skip
@example(
    stock={"L3": 4, "L1": 1}, wishes=[("", 1), ("", 2), ("", 3), ("L3", 3)], batch_size=1, backorders="NOT_ALLOWED"
)  # two wider lines have what the last one lists
def test_an_order_gets_as_much_of_lots_as_stock_allows(
    stock: dict[str, int], wishes: list[tuple[str, int]], batch_size: int, backorders: str
) -> None:
    """This holds for lines that list one lot and lines of any lot; several listed lots may overlap (S08)."""
    services = ConnectedServices()
    services.stock_lots(**stock)
    services.place(
        *(lot_line(str(number), quantity, *filter(None, [lot])) for number, (lot, quantity) in enumerate(wishes)),
        backorders=backorders,
    )
    services.deliver_all(batch_size)
    services.assert_services_agree()
    listed = sum(min(stock.get(lot, 0), sum(q for name, q in wishes if name == lot)) for lot in ("L1", "L2", "L3"))
    others = sum(quantity for lot, quantity in wishes if not lot)
    assert sum(services.allocated().values()) == listed + min(others, sum(stock.values()) - listed)
