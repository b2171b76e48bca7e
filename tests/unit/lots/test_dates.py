"""Which dates of a lot are in force, and what a difference holds."""

from datetime import date

from shared.contracts.lots import LotCorrected, LotHeld
from tests.unit.lots.house import House
from tests.unit.lots.making import SPRING, SUMMER, Saying

say = Saying()
MADE = date(2026, 9, 1)


def kinds(house: House) -> list[str]:
    """The kinds of the open holds."""
    return sorted(it.kind for its in house.holds.values() for it in its if it.open)


def test_the_earlier_date_holds() -> None:
    """However many receipts differ, the earliest date is in force and one hold is open; each change is kept (S24)."""
    house = House()
    for expiry in (None, SUMMER, SUMMER, date(2027, 7, 1), SPRING, None):
        house.hear(say.receive(say.came("B-1", 1, expiry)))
    assert house.lots["A-1", "B-1"].expiry == SPRING
    assert kinds(house) == ["EXPIRY_DIFFERS"]
    assert [(it.expiry_before, it.expiry) for it in house.corrections] == [(None, SUMMER), (SUMMER, SPRING)]
    assert [(it.before, it.expiry) for it in house.saying(LotCorrected)] == [(None, SUMMER), (SUMMER, SPRING)]


def test_the_same_lot_twice_in_one_line() -> None:
    """Two scans of one lot add up, and what arrives of it with too short a life is held once (S23)."""
    house = House()
    house.hear(say.receive(say.came("B-1", 1, hold="H-1"), say.came("B-1", "0.5", hold="H-2")))
    assert house.at("B-1", "EAST/DOCK")[0] == 1 + say.came("B-1", "0.5").quantity
    assert [it.hold for it in house.saying(LotHeld)] == ["H-1"]
    assert house.codes(say.lift("H-1")) == [None]
    house.hear(say.receive(say.came("B-1", 1, hold="H-3")))
    assert kinds(house) == ["SHORT_LIFE"]


def test_a_correction_leaves_what_it_does_not_name() -> None:
    """A corrected expiry keeps the other dates; a policy's hold is not about the label, and stays."""
    house = House()
    house.hear(say.receive(say.came("B-1", manufactured=MADE, best_before=SPRING, hold="H-1")))
    [outcome] = house.hear(say.correct("B-1", SUMMER))
    assert outcome.done.expiry == SUMMER
    lot = house.lots["A-1", "B-1"]
    assert (lot.expiry, lot.manufactured, lot.best_before) == (SUMMER, MADE, SPRING)
    assert kinds(house) == ["SHORT_LIFE"]


def test_two_lots_differ_in_one_receipt() -> None:
    """One receipt may differ from two lots at once; each is settled for itself."""
    house = House()
    house.hear(say.receive(say.came("B-1"), say.came("B-2")))
    house.hear(say.receive(say.came("B-1", 1, SUMMER), say.came("B-2", 1, SUMMER)))
    assert kinds(house) == ["EXPIRY_DIFFERS"] * 2
    house.hear(say.correct("B-1", SUMMER))
    [left] = [it for its in house.holds.values() for it in its if it.open]
    assert left.lot == "B-2"
