"""Locations that are retyped or deactivated while lots are there."""

from decimal import Decimal

import pytest

from shared.contracts.lots import LotAllocated, LotAllocationsRevoked
from shared.contracts.reference import LocationChanged
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, SHELF, STAGE
from tests.support.messages.reference import location_changed

messages = OrderMessages()
RETYPED, DEACTIVATED = location_changed(SHELF, "DOCK"), location_changed(SHELF, is_active=False)
RESTORED = location_changed(SHELF)
BLOCKING = pytest.mark.parametrize("change", [RETYPED, DEACTIVATED], ids=["retyped", "deactivated"])


@pytest.fixture
def service() -> InMemoryLots:
    """Ten of B-1 on the shelf."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1")))
    service.handle(messages.put_away("B-1"))
    return service


def allocated(service: InMemoryLots) -> list[list[tuple[str, int]]]:
    """Return the locations and quantities of each allocation event."""
    events = service.events_of(LotAllocated)
    return [[(lot.location, int(lot.quantity)) for lot in event.allocated] for event in events]


def staged(service: InMemoryLots, location: str) -> int:
    """Return the quantity at a location that was not put away."""
    return int(service.uow.balances["A-1", "B-1", location].staged)


@BLOCKING
def test_nothing_is_allocated_from_a_blocked_location(service: InMemoryLots, change: LocationChanged) -> None:
    """Stock at a location that stops being storage is not allocated until it is storage again (S07)."""
    service.handle(change)
    service.handle(messages.request_allocation(1, 4))
    assert allocated(service) == [[]]
    service.handle(RESTORED)
    assert allocated(service) == [[], [(SHELF, 4)]]


@BLOCKING
def test_allocations_are_revoked_and_served_from_elsewhere(service: InMemoryLots, change: LocationChanged) -> None:
    """An allocation is revoked; released, the stock stays there, and the demand gets other stock (S11)."""
    service.handle(messages.request_allocation(1, 4))
    service.handle(change)
    (revoked,) = service.events_of(LotAllocationsRevoked)
    assert [(lot.lot, int(lot.quantity), lot.location, lot.demand_id) for lot in revoked.stock] == [
        ("B-1", 4, SHELF, messages.demand_id(1))
    ]
    service.handle(messages.deallocate(1, messages.lot_at_location("B-1", 4), reallocate=True))
    service.handle(messages.receive(messages.received_lot("B-1"), receipt="R-2"))
    service.handle(messages.put_away("B-1", 10, BIN))
    assert allocated(service) == [[(SHELF, 4)], [], [(BIN, 4)]]
    assert service.quantities_at("B-1", SHELF) == (Decimal(10), Decimal(0))


def test_pick_that_was_made_before_the_release_is_a_fact(service: InMemoryLots) -> None:
    """Stock picked at a blocked location stays picked; unpicked to it, it is stored and not allocated (S09, S12)."""
    service.handle(messages.request_allocation(1, 4))
    service.handle(RETYPED)
    service.handle(messages.pick(1, messages.lot_at_location("B-1", 4)))
    service.handle(messages.unpick(1, "B-1", 4, location=SHELF, reallocate=True))
    assert (allocated(service), staged(service, SHELF)) == ([[(SHELF, 4)], []], 0)
    service.handle(RESTORED)
    assert allocated(service)[-1] == [(SHELF, 4)]


def test_received_stock_is_stored_by_a_putaway_only() -> None:
    """Stock at a dock that becomes storage is not allocated before its putaway, there or elsewhere (S06, S07)."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1")))
    service.handle(location_changed(DOCK, "STORAGE"))
    service.handle(messages.request_allocation(1, 8))
    assert (allocated(service), staged(service, DOCK)) == ([[]], 10)
    codes = service.rejection_codes(
        messages.move("B-1", 1, BIN, DOCK), messages.put_away("B-1", 3, DOCK), messages.put_away("B-1", 8, BIN)
    )
    assert codes == ["insufficient_stock", None, "wrong_location_type"]
    assert (allocated(service)[-1], staged(service, DOCK)) == ([(DOCK, 3)], 7)
    assert service.rejection_codes(messages.put_away("B-1", 7, BIN)) == [None]
    assert (allocated(service)[-1], staged(service, DOCK)) == ([(BIN, 5)], 0)


def test_losses_and_finds_of_staged_stock() -> None:
    """What is found or moved at docks is staged; losses never leave more staged than there is."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1")))
    service.handle(messages.adjust("B-1", 2, "FOUND", DOCK), messages.move("B-1", 4, STAGE, DOCK))
    assert (staged(service, DOCK), staged(service, STAGE)) == (8, 4)
    service.handle(messages.adjust("B-1", 3, "LOST", DOCK))
    assert staged(service, DOCK) == 5
    service.handle(location_changed(DOCK, "STORAGE"), messages.put_away("B-1", 2, DOCK))
    service.handle(messages.request_allocation(1, 2))
    service.handle(messages.adjust("B-1", 1, "SCRAPPED", DOCK))
    on_hand, allocated_quantity = service.quantities_at("B-1", DOCK)
    assert (int(on_hand), int(allocated_quantity), staged(service, DOCK)) == (4, 2, 2)


def test_nothing_is_put_at_a_deactivated_location(service: InMemoryLots) -> None:
    """Putaway, move and found stock are refused; taking away, losses and counts are allowed (S36)."""
    service.handle(messages.receive(messages.received_lot("B-1"), receipt="R-2"))
    service.handle(DEACTIVATED, location_changed(BIN, is_active=False))
    codes = service.rejection_codes(
        messages.put_away("B-1", 1, BIN), messages.move("B-1", 1, BIN), messages.adjust("B-1", 1, "FOUND"),
        messages.adjust("B-1", 1, "LOST"), messages.count("B-1", 9), messages.move("B-1", 1, "EAST/A-03"),
    )  # fmt: skip
    assert codes == ["location_inactive"] * 3 + [None] * 3
