"""The effective dates of a lot, and the hold on conflicting dates."""

from datetime import date, timedelta

from services.lots.balances.domain.results import LotSnapshot
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.lots import LotHoldPlaced
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory.expiry import latest_day
from tests.support.events import NOW
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lots import EARLY_EXPIRY, LATE_EXPIRY, ProductMessages

messages = ProductMessages()
MANUFACTURED_ON = date(2026, 2, 1)


def open_hold_kinds(service: InMemoryLots) -> list[str]:
    """The kinds of all open holds, sorted."""
    return sorted(hold.kind for hold in service.open_holds())


def test_earliest_expiry_is_effective() -> None:
    """The earliest expiry is effective and one hold is open; each change is a correction (S24)."""
    service = InMemoryLots()
    for expiry in (None, LATE_EXPIRY, LATE_EXPIRY, date(2027, 7, 1), EARLY_EXPIRY, None):
        service.handle(messages.receive(messages.received_lot("B-1", 1, expiry)))
    assert service.uow.lots["A-1", "B-1"].expiry == EARLY_EXPIRY
    assert open_hold_kinds(service) == ["EXPIRY_CONFLICT"]
    assert [(correction.previous_expiry, correction.expiry) for correction in service.corrections] == [
        (None, LATE_EXPIRY),
        (LATE_EXPIRY, EARLY_EXPIRY),
    ]
    assert [(event.previous_expiry, event.expiry) for event in service.events_of(LotDatesCorrected)] == [
        (None, LATE_EXPIRY),
        (LATE_EXPIRY, EARLY_EXPIRY),
    ]


def test_same_lot_twice_in_one_receipt_line() -> None:
    """Two scans of one lot add up; insufficient shelf life at receipt places one hold (S23)."""
    service = InMemoryLots()
    service.handle(
        messages.receive(
            messages.received_lot("B-1", 1, hold_id="H-1"), messages.received_lot("B-1", "0.5", hold_id="H-2")
        )
    )
    assert service.quantities_at("B-1", "EAST/DOCK")[0] == 1 + messages.received_lot("B-1", "0.5").quantity
    assert [event.hold_id for event in service.events_of(LotHoldPlaced)] == ["H-1"]
    assert service.rejection_codes(messages.release_hold("H-1")) == [None]
    service.handle(messages.receive(messages.received_lot("B-1", 1, hold_id="H-3")))
    assert open_hold_kinds(service) == ["SHORT_SHELF_LIFE"]


def test_correction_keeps_other_dates() -> None:
    """A corrected expiry keeps the other dates. A shelf-life hold does not depend on the label and stays open."""
    service = InMemoryLots()
    service.handle(
        messages.receive(
            messages.received_lot("B-1", manufactured_on=MANUFACTURED_ON, best_before=EARLY_EXPIRY, hold_id="H-1")
        )
    )
    [result] = service.handle(messages.correct_dates("B-1", LATE_EXPIRY))
    assert isinstance(result.body, LotSnapshot)
    assert result.body.expiry == LATE_EXPIRY
    lot = service.uow.lots["A-1", "B-1"]
    assert (lot.expiry, lot.manufactured_on, lot.best_before) == (LATE_EXPIRY, MANUFACTURED_ON, EARLY_EXPIRY)
    assert open_hold_kinds(service) == ["SHORT_SHELF_LIFE"]


def test_a_corrected_best_before_date_guards() -> None:
    """With BEST_BEFORE, a correction of that date alone moves the expiry; no date is rejected (S24, S28)."""
    service = InMemoryLots()
    service.uow.shelf_life["A-1"] = ShelfLifePolicy(expiry_basis="BEST_BEFORE", expiry_required=True)
    service.handle(messages.receive(messages.received_lot("B-1", 1, EARLY_EXPIRY), messages.received_lot("B-2", 1)))
    service.handle(messages.correct_dates("B-1", None, best_before=LATE_EXPIRY))
    lot = service.uow.lots["A-1", "B-1"]
    assert (lot.expiry, lot.best_before) == (LATE_EXPIRY, LATE_EXPIRY)
    assert service.rejection_codes(messages.correct_dates("B-2", None)) == ["expiry_required"]


def test_two_conflicting_lots_in_one_receipt() -> None:
    """One receipt may conflict with two lots; each conflict is resolved separately."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1"), messages.received_lot("B-2")))
    service.handle(
        messages.receive(messages.received_lot("B-1", 1, LATE_EXPIRY), messages.received_lot("B-2", 1, LATE_EXPIRY))
    )
    assert open_hold_kinds(service) == ["EXPIRY_CONFLICT"] * 2
    service.handle(messages.correct_dates("B-1", LATE_EXPIRY))
    [remaining_hold] = service.open_holds()
    assert remaining_hold.lot == "B-2"


def test_goods_at_hand_were_not_made_in_the_future() -> None:
    """A manufacturing date later than today in every time zone is refused, in either correction (S24)."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1", 1)))
    today, tomorrow = latest_day(NOW), latest_day(NOW) + timedelta(days=1)
    for command in (
        messages.correct_dates("B-1", LATE_EXPIRY, manufactured_on=tomorrow),
        messages.correct_number("B-1", "B-2", manufactured_on=tomorrow),
    ):
        assert service.rejection_codes(command) == ["manufactured_in_future"]
    assert service.rejection_codes(messages.correct_dates("B-1", LATE_EXPIRY, manufactured_on=today)) == [None]
