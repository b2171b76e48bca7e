"""Where counted stock may lie, what is in the way, and what a refusal says of it."""

from datetime import date
from decimal import Decimal

import pytest

from services.lots.balances.domain import arrivals
from services.lots.balances.domain.stock import Claim
from shared.contracts.lots import LotHeld, LotMixed
from tests.unit.lots.house import House
from tests.unit.lots.making import BIN, FAR, RACK, SHELF, SPRING, STAGE, SUMMER, Saying
from tests.unit.serials.making import told

say = Saying()


def stocked(*lots: str) -> House:
    """Ten of each lot at the dock; the first lies on the shelf, the second in the bin."""
    house = House()
    house.hear(say.receive(*(say.came(lot) for lot in lots)))
    for lot, place in zip(lots, (SHELF, BIN), strict=False):
        house.hear(say.put_away(lot, 10, place))
    return house


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (say.put_away("B-9"), "not_yet_known"),
        (say.put_away("B-1", 1, BIN, STAGE), "not_yet_known"),
        (say.put_away("B-1", 1, "EAST/NOWHERE"), "unknown_location"),
        (say.put_away("B-1", 1, STAGE), "wrong_location_type"),
        (say.put_away("B-1", 1, BIN, SHELF), "wrong_location_type"),
        (say.put_away("B-1", 1, FAR), "wrong_warehouse"),
        (say.put_away("B-1", 1, BIN), "not_enough"),
        (say.move("B-1", 1, STAGE), "wrong_location_type"),
        (say.move("B-1", 1, FAR), "wrong_warehouse"),
        (say.move("B-1", 11, RACK), "not_enough"),
        (say.move("B-1", 1, BIN), "lots_mixed"),
        (say.hold("B-1", "H-1", "EAST/NOWHERE"), "unknown_location"),
        (say.hold("B-9", "H-1"), "not_yet_known"),
        (say.hold("", "H-1"), "unknown_lot"),
        (say.lift("H-9"), "unknown_hold"),
        (say.adjust("B-1", 11, "SCRAPPED"), "not_enough"),
        (say.adjust("B-9", 1, "FOUND"), "not_yet_known"),
        (say.count("B-9", 1), "not_yet_known"),
        (say.correct("B-9", SUMMER), "not_yet_known"),
        (say.correct("B-1", SPRING, manufactured=SPRING), None),
        (Saying("A-2").put_away("B-1"), "not_yet_known"),
        (Saying("A-3").put_away("B-1"), "not_counted"),
        (Saying("A-4").put_away("B-1"), "unknown_lot"),
        (Saying("A-9").hold("B-7", "H-1"), "not_yet_known"),
    ],
)
def test_what_does_not_fit_is_refused(request_: object, code: str | None) -> None:
    """Every wrong place, lot, product and quantity has a refusal of its own, and changes nothing (S07, S25, S30)."""
    house = stocked("B-1", "B-2")
    house.tracking = {"A-1": "LOT", "A-2": "LOT", "A-3": "SERIAL", "A-4": "NONE"}
    before = len(house.ledger)
    assert house.codes(request_) == [code]  # type: ignore[arg-type]
    assert len(house.ledger) == before


def test_a_date_before_manufacture_is_refused() -> None:
    """A corrected expiry is held against the day of manufacture that is known."""
    house = House()
    house.hear(say.receive(say.came("B-1", manufactured=date(2027, 1, 1))))
    assert house.codes(say.correct("B-1", date(2026, 12, 31))) == ["dates_out_of_order"]


def test_orders_in_the_way_are_named() -> None:
    """What orders have is not moved, scrapped or counted away; the refusal names them and says what helps."""
    house = stocked("B-1")
    house.reserve(("A-1", "B-1", SHELF), Claim("D-1", "SO-1", "1"), Decimal(4))
    for request in (say.move("B-1", 7, RACK), say.adjust("B-1", 7, "LOST"), say.count("B-1", 3)):
        [outcome] = house.hear(request)
        assert outcome.refusal.code == "not_enough"
        assert outcome.refusal.blocked_by == ["/orders/SO-1"]
        assert "6 free, 4 allocated to SO-1" in outcome.refusal.detail
        assert "short-pick or unpick" in outcome.refusal.kind.help
    assert house.codes(say.move("B-1", 6, RACK), say.move("B-1", 1, RACK)) == [None, "not_enough"]


def test_a_hold_tells_what_orders_have() -> None:
    """A hold on a lot names what is allocated and picked of it, by order, so that it can be given back."""
    house = stocked("B-1")
    claim = Claim("D-1", "SO-1", "1")
    house.reserve(("A-1", "B-1", SHELF), claim, Decimal(4))
    house.pick(house.reserved["D-1", "B-1", SHELF], Decimal("1.5"))
    house.hear(say.hold("B-1", "H-1"))
    house.hear(say.hold("B-1", "H-2", SHELF))
    house.hear(say.hold("B-1", "H-3", BIN))
    everywhere, here, elsewhere = house.saying(LotHeld)
    assert [(it.quantity, it.location, it.order) for it in everywhere.stock] == [
        (Decimal("2.5"), SHELF, "SO-1"), (Decimal("1.5"), None, "SO-1"),
    ]  # fmt: skip
    assert [it.quantity for it in here.stock] == [Decimal("2.5")]
    assert elsewhere.stock == []


def test_a_mix_that_could_not_be_asked_is_told() -> None:
    """What is found or received straight at a place of another lot is taken in, and said: somebody parts them (S30)."""
    house = stocked("B-1", "B-2", "B-3")
    house.hear(say.receive(say.came("B-3", 2), location=SHELF))
    house.hear(say.adjust("B-3", 1, "FOUND", BIN))
    house.hear(say.receive(say.came("B-1", 2)))
    assert [(it.location, it.lots) for it in house.saying(LotMixed)] == [(SHELF, ["B-1", "B-3"]), (BIN, ["B-2", "B-3"])]
    assert house.at("B-3", SHELF) == (Decimal(2), Decimal(0))


def test_what_comes_later_is_held_too() -> None:
    """A lot's hold holds what arrives of it later; a place's hold what is brought there."""
    house = stocked("B-1")
    house.hear(say.hold("B-1", "H-1"))
    house.hear(say.receive(say.came("B-1", 5)))
    [outcome] = house.hear(say.put_away("B-1", 5, RACK))
    assert [place.on_hold for place in outcome.done.places] == [True, True]
    assert house.book().freed == {}


def test_a_hold_keeps_its_own_product_alone() -> None:
    """What came free in the same batch stays free where another product's lot of that number is held (S08)."""
    house, other = House(tracking={"A-1": "LOT", "A-2": "LOT"}), Saying("A-2")
    book = house.book()
    here = [say.receive(say.came("B-1"), location=SHELF), other.receive(other.came("B-1"), location=SHELF)]
    held = [say.receive(say.came("B-1", hold="H-1"))]
    arrivals.received(book, [told(fact) for fact in [*here, *held]])
    assert book.freed[("A-2", "EAST")].keys() == {("B-1", SHELF)}
    assert not book.freed[("A-1", "EAST")]
