"""Short picks of units: only the missing unit is on hold, until it is seen again (S11)."""

import pytest

from shared.contracts.commands.serials import AdjustSerials, MoveSerials, PlaceSerialHold, PutAwaySerials
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderSerialsDeallocated
from shared.contracts.serials import SerialHoldReleased
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_stock
from tests.support.messages.serials import BIN, SHELF, order_fields, request_allocation


@pytest.fixture
def service() -> InMemorySerials:
    """Two orders of one unit each; the first one misses its unit, and nothing else is there."""
    service = with_stock(2)
    service.handle(request_allocation("D1", 1), request_allocation("D2", 1))
    service.handle(
        OrderSerialsDeallocated(**order_fields("D1", ["SN-1"]), reallocate=True, reason="not found", hold_id="H-1")
    )
    return service


def adjust(adjustment: str) -> Message:
    """An adjustment of the missing unit."""
    return AdjustSerials.model_validate(
        {"sku": "A-1", "serials": ["SN-1"], "adjustment": adjustment, "reason": "searched", "location": None}
    )


PUT_AWAY = PutAwaySerials(sku="A-1", serials=["SN-1"], location=BIN)
MOVE = MoveSerials(sku="A-1", serials=["SN-1"], location=SHELF)


def test_other_units_stay_served(service: InMemorySerials) -> None:
    """The other order keeps its unit; the first waits for a replacement."""
    assert [service.units["A-1", serial].order_id for serial in ("SN-1", "SN-2")] == [None, "SO-D2"]
    assert service.units["A-1", "SN-1"].open_hold_count == 1


@pytest.mark.parametrize("messages", [[MOVE], [PUT_AWAY], [adjust("FOUND")], [adjust("LOST"), adjust("FOUND")]])
def test_unit_that_is_seen_again_serves_its_order(service: InMemorySerials, messages: list[Message]) -> None:
    """A move, putaway or finding ends the hold of the short pick, also after a write-off; the unit serves its order."""
    assert not any(error_codes(service.handle(*messages)))
    assert service.units["A-1", "SN-1"].order_id == "SO-D1"
    assert [event.hold_id for event in service.events_of(SerialHoldReleased)] == ["H-1"]


def test_other_holds_stay_open(service: InMemorySerials) -> None:
    """A hold for another reason is released by its owner only."""
    service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="H-2", reason="suspicion"))
    service.handle(MOVE)
    assert service.units["A-1", "SN-1"].open_hold_count == 1
    assert error_codes(service.handle(adjust("FOUND"))) == [["illegal_transition"]]
    assert [event.hold_id for event in service.events_of(SerialHoldReleased)] == ["H-1"]
