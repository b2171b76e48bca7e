"""Corrections of wrong lot numbers in the lots service."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.lots.balances.domain.results import LotCorrectionResult
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import (
    LotAllocated,
    LotMixingDetected,
    LotPicked,
    LotRejected,
    LotShipped,
    LotUnpicked,
)
from shared.contracts.product_attributes import ShelfLifePolicy
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, EARLY_EXPIRY, LATE_EXPIRY, OUTBOUND, SHELF

messages = OrderMessages("A-1")
WRONG, RIGHT = "WRONG1", "RIGHT1"


def received(quantity: Any = 5, lot: str = WRONG, expiry: date | None = EARLY_EXPIRY) -> InMemoryLots:
    """Return a service with a lot at the dock."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot(lot, quantity, expiry, manufactured_on=date(2026, 1, 2))))
    return service


def stored(quantity: Any = 5, *, allocated: Any = 0, picked: Any = 0, **criteria: Any) -> InMemoryLots:
    """Return a service with a lot in storage, a part of it allocated to order 1, and a part of that picked."""
    service = received(quantity)
    service.handle(messages.put_away(WRONG, quantity))
    if allocated:
        service.handle(messages.request_allocation(1, allocated, **criteria))
    if picked:
        service.handle(messages.pick(1, messages.lot_at_location(WRONG, picked)))
    return service


def correct(service: InMemoryLots, *arguments: Any, **overrides: Any) -> LotCorrectionResult:
    """Correct the wrong number and return the result."""
    (result,) = service.handle(messages.correct_number(WRONG, RIGHT, *arguments, **overrides))
    assert not result.violations, result.violations
    assert isinstance(result.body, LotCorrectionResult)
    return result.body


def code_of(service: InMemoryLots, *arguments: Any, **overrides: Any) -> str | None:
    """Return the rejection code of a correction."""
    return service.rejection_codes(messages.correct_number(WRONG, RIGHT, *arguments, **overrides))[0]


def stock_of_orders(service: InMemoryLots) -> set[tuple[str, str, str, int]]:
    """Return what belongs to orders: status, lot, location and quantity."""
    uow = service.uow
    reserved = {("ALLOCATED", row.lot, row.location, int(row.quantity)) for row in uow.reservations if row.quantity}
    return reserved | {("PICKED", row.lot, row.location, int(row.quantity)) for row in uow.picked if row.quantity}


def quantities(service: InMemoryLots, lot: str, location: str = SHELF) -> tuple[int, int]:
    """Return the on-hand and allocated quantity of a lot at a location."""
    on_hand, allocated = service.quantities_at(lot, location)
    return int(on_hand), int(allocated)


@pytest.mark.parametrize("location", [DOCK, SHELF, None])
def test_all_goods_get_the_right_number(location: str | None) -> None:
    """Before and after putaway the goods move to a new lot, which keeps dates and supplier (S22, S23)."""
    service = received() if location == DOCK else stored()
    place = location or SHELF
    body = correct(service, location)
    assert (int(body.quantity), [int(stock.on_hand) for stock in body.locations]) == (5, [5])
    assert [stock.on_hand for stock in body.from_locations] == [0]
    wrong, right = service.uow.lots["A-1", WRONG], service.uow.lots["A-1", RIGHT]
    assert (right.expiry, right.manufactured_on) == (EARLY_EXPIRY, date(2026, 1, 2))
    assert (right.supplier, right.first_received_at) == (wrong.supplier, wrong.first_received_at)
    entries = [(entry.lot, entry.other_lot, int(entry.on_hand), entry.reason) for entry in service.ledger[-2:]]
    assert entries == [(WRONG, RIGHT, -5, "label misread"), (RIGHT, WRONG, 5, "label misread")]
    (event,) = service.events_of(LotNumberCorrected)
    assert (event.from_lot, event.lot, event.location, event.quantity) == (WRONG, RIGHT, place, 5)
    assert service.uow.balances["A-1", RIGHT, place].staged == (5 if location == DOCK else 0)


def test_part_of_a_location_makes_it_mixed() -> None:
    """A correction is a fact: a storage location that holds two lots after it is reported (S30)."""
    service = stored()
    correct(service, SHELF, 2)
    assert [service.quantities_at(lot, SHELF)[0] for lot in (WRONG, RIGHT)] == [3, 2]
    assert [event.lots for event in service.events_of(LotMixingDetected)] == [[RIGHT, WRONG]]


def test_goods_that_are_not_there() -> None:
    """A correction takes what is there, and says what is not; an unknown wrong number is not found (S26)."""
    service = stored()
    assert code_of(service, SHELF, 6) == "insufficient_stock"
    assert code_of(service, BIN) == "insufficient_stock"
    assert code_of(service, shipment="SH-1") == "insufficient_stock"
    assert code_of(service, "EAST/X") == "location_not_found"
    assert service.rejection_codes(messages.correct_number("OTHER", RIGHT)) == ["lot_not_found"]
    assert service.quantities_at(WRONG, SHELF)[0] == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"from_lot": RIGHT}, {"lot": ""}, {"quantity": 1}, {"order": "SO-1"}, {"location": SHELF, "shipment": "SH-1"},
        {"expiry": date(2027, 1, 1), "manufactured_on": date(2027, 1, 2)},
    ],
)  # fmt: skip
def test_contradictory_commands(fields: dict[str, Any]) -> None:
    """A correction names two numbers and one place."""
    with pytest.raises(ValidationError):
        CorrectLotNumber(**{"sku": "A-1", "from_lot": WRONG, "lot": RIGHT, "reason": "label misread"} | fields)


def test_other_spellings() -> None:
    """Both numbers are found in any spelling; two spellings of one lot are nothing to correct (S25)."""
    service = received()
    service.handle(messages.receive(messages.received_lot(RIGHT, 1)))
    assert service.rejection_codes(messages.correct_number("wrong1", "Wrong1")) == ["same_lot"]
    assert service.rejection_codes(messages.correct_number("wrong1", "right1")) == [None]
    assert quantities(service, RIGHT, DOCK) == (6, 0)


def test_new_lot_needs_the_dates_of_its_product() -> None:
    """A new lot has an expiry date if its product requires one, like a received lot (S24)."""
    service = received(expiry=None)
    service.uow.shelf_life["A-1"] = ShelfLifePolicy(expiry_required=True)
    assert code_of(service, DOCK) == "expiry_required"
    assert correct(service, DOCK, expiry=LATE_EXPIRY).expiry == LATE_EXPIRY


def test_dates_by_the_rules_of_the_product() -> None:
    """The production date on the label gives the expiry of a new lot, as at a receipt (S24)."""
    service = received(expiry=None)
    service.uow.shelf_life["A-1"] = ShelfLifePolicy(expiry_required=True, shelf_life_days=10)
    assert correct(service, DOCK, manufactured_on=date(2026, 3, 1)).expiry == date(2026, 3, 11)


def test_another_expiry_than_that_of_the_known_lot() -> None:
    """A known lot keeps its dates; another expiry on the label puts it on hold until it is checked (S24)."""
    service = received()
    service.handle(messages.receive(messages.received_lot(RIGHT, 1, LATE_EXPIRY)))
    assert correct(service, DOCK, 2).expiry == LATE_EXPIRY
    assert correct(service, DOCK, 1, expiry=EARLY_EXPIRY).expiry == EARLY_EXPIRY
    assert [(hold.lot, hold.kind) for hold in service.open_holds()] == [(RIGHT, "EXPIRY_CONFLICT")]


def test_goods_of_orders_keep_their_orders() -> None:
    """Unallocated goods come first, then allocated ones; the event names them for fulfillment (S08)."""
    service = stored(5, allocated=3)
    body = correct(service, SHELF, 4)
    assert stock_of_orders(service) == {("ALLOCATED", WRONG, SHELF, 1), ("ALLOCATED", RIGHT, SHELF, 2)}
    (part,) = body.stock
    assert (part.status, int(part.quantity), part.order, part.on_hold) == ("ALLOCATED", 2, messages.order_id(1), False)
    assert quantities(service, WRONG) == (1, 1)
    assert quantities(service, RIGHT) == (4, 2)


def test_goods_of_one_order() -> None:
    """A correction may name the order whose goods it concerns."""
    service = stored(5, allocated=3)
    correct(service, SHELF, order=messages.order_id(1))
    assert quantities(service, WRONG) == (2, 0)
    assert quantities(service, RIGHT) == (3, 3)


def test_picked_goods() -> None:
    """Picked goods get the right number where they stand, and can be dispatched under it (S09, S10)."""
    service = stored(5, allocated=3, picked=2)
    correct(service)
    assert stock_of_orders(service) == {("PICKED", RIGHT, OUTBOUND, 2), ("ALLOCATED", RIGHT, SHELF, 1)}
    assert service.uow.balances["A-1", RIGHT, OUTBOUND].picked == 2
    service.handle(messages.dispatch(1, {RIGHT: 2}))
    assert not service.events_of(LotRejected)


def test_events_sent_before_the_correction_is_known() -> None:
    """Picks, unpicks and departures that name the wrong number take the goods under the right one (S26)."""
    service = stored(10, allocated=6)
    correct(service, SHELF)
    service.handle(messages.pick(1, messages.lot_at_location(WRONG, 4)))
    assert stock_of_orders(service) == {("PICKED", RIGHT, OUTBOUND, 4), ("ALLOCATED", RIGHT, SHELF, 2)}
    service.handle(messages.unpick(1, WRONG, 1), messages.deallocate(1, messages.lot_at_location(WRONG, 1)))
    service.handle(messages.dispatch(1, {WRONG: 3}))
    assert stock_of_orders(service) == {("ALLOCATED", RIGHT, SHELF, 1)}
    assert service.quantities_at(RIGHT, BIN)[0] == 1
    assert [event.lots[0].lot for event in service.events_of(LotPicked)] == [RIGHT]
    assert [event.lots[0].lot for event in service.events_of(LotUnpicked)] == [RIGHT]
    assert [event.lots[0].lot for event in service.events_of(LotShipped)] == [RIGHT]
    assert not service.events_of(LotRejected)


def test_a_pick_of_goods_with_two_numbers() -> None:
    """A pick of more than what kept its number takes the rest under the right one, through several corrections."""
    service = stored(5, allocated=5)
    correct(service, SHELF, 2)
    service.handle(messages.correct_number(RIGHT, "RIGHT2", SHELF))
    service.handle(messages.pick(1, messages.lot_at_location(WRONG, 4)))
    assert stock_of_orders(service) == {
        ("PICKED", WRONG, OUTBOUND, 3), ("PICKED", "RIGHT2", OUTBOUND, 1), ("ALLOCATED", "RIGHT2", SHELF, 1),
    }  # fmt: skip
    assert not service.events_of(LotRejected)


def test_shipped_goods_are_posted_under_the_right_number() -> None:
    """Nothing moves; the shipped quantity of both lots and their other totals still add up (S22, S46)."""
    service = stored(5, allocated=3, picked=3)
    service.handle(messages.dispatch(1, {WRONG: 3}))
    assert code_of(service, shipment="SH-1", quantity=4) == "insufficient_stock"
    (part,) = correct(service, shipment="SH-1", quantity=2).stock
    assert (part.status, part.shipment, part.customer, int(part.quantity)) == ("SHIPPED", "SH-1", "C-1", 2)
    shipped = {lot: -sum(entry.picked for entry in service.ledger if (entry.lot, entry.change) == (lot, "SHIPPED"))
               for lot in (WRONG, RIGHT)}  # fmt: skip
    assert shipped == {WRONG: 1, RIGHT: 2}
    assert service.quantities_at(WRONG, SHELF)[0] == 2
    assert code_of(service, shipment="SH-1", quantity=2) == "insufficient_stock"


def test_two_corrections_in_one_transaction() -> None:
    """The second of two equal corrections finds nothing left, also of shipped goods."""
    service = stored(5, allocated=3, picked=3)
    service.handle(messages.dispatch(1, {WRONG: 3}))
    command = messages.correct_number(WRONG, RIGHT)
    assert service.rejection_codes(command, command) == [None, "insufficient_stock"]


def test_a_single_lot_demand_follows_its_goods() -> None:
    """A single-lot demand whose goods have another number is filled from that lot (S27)."""
    service = stored()
    service.handle(messages.request_allocation(1, 4, single_lot=True))
    assert stock_of_orders(service) == {("ALLOCATED", WRONG, SHELF, 4)}
    correct(service, SHELF, order=messages.order_id(1))
    assert service.uow.demands[messages.demand_id(1)].assigned_lot == RIGHT


def test_a_correction_from_before_a_count() -> None:
    """A correction that arrives after a later count takes what the books had; the count stays right."""
    service = stored()
    earlier = service.now
    service.now += timedelta(minutes=5)
    service.handle(messages.count(WRONG, 0))
    service.handle_events([to_event(messages.correct_number(WRONG, RIGHT, SHELF), time=earlier)])
    assert service.quantities_at(WRONG, SHELF)[0] == 0
    assert service.quantities_at(RIGHT, SHELF)[0] == 5


def test_freed_demands_are_served() -> None:
    """A demand that names the right lot gets the corrected goods at once (S08)."""
    service = stored()
    service.handle(messages.request_allocation(1, 2, lots=[RIGHT]))
    correct(service, SHELF)
    assert [part.lot for event in service.events_of(LotAllocated) for part in event.allocated] == [RIGHT]


def test_untracked_product() -> None:
    """An untracked product has no lot number to correct."""
    service = InMemoryLots({"A-1": "NONE"})
    assert code_of(service, DOCK) == "lot_not_found"
