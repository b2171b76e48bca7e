"""Holds and dispatch checks."""

from datetime import timedelta

from services.serials.units.domain.expiry import SerialExpiryCheckDue
from shared.contracts.commands.serials import (
    CorrectSerialExpiry,
    CorrectSerialLot,
    PlaceSerialHold,
    PutAwaySerials,
    ReleaseSerialHold,
)
from shared.contracts.fulfillment import OrderSerialsDeallocated
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import (
    SerialDispatchApproved,
    SerialDispatchRejected,
    SerialHoldPlaced,
    SerialLotCorrected,
)
from tests.support.events import NOW
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_picked_units, with_stock
from tests.support.messages.serials import (
    SHELF,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
    request_dispatch_check,
    serial_numbers,
)


def test_short_pick_holds_and_replaces_the_unit() -> None:
    """A unit that was not found returns to stock on hold, and its order gets another (S11)."""
    service = with_stock(2)
    service.handle(request_allocation("D1", 1))
    service.handle(
        OrderSerialsDeallocated(**order_fields("D1", ["SN-1"]), reallocate=True, reason="not found", hold_id="H-1")
    )
    assert service.units["A-1", "SN-1"].open_hold_count == 1
    assert service.units["A-1", "SN-2"].order_id == "SO-D1"
    assert service.events_of(SerialHoldPlaced)[0].hold_id == "H-1"
    service.handle(ReleaseSerialHold(sku="A-1", hold_id="H-1", reason="found behind the shelf"))
    assert service.units["A-1", "SN-1"].is_available


def test_hold_blocks_allocation_and_dispatch() -> None:
    """A unit on hold is neither allocated nor approved for dispatch; the event names its order."""
    service = with_picked_units(1)
    service.handle(receive(["SN-8"], version=1))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-8"], location=SHELF))
    service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1", "SN-8"], hold_id="H-1", reason="suspicion"))
    [held_unit] = [
        unit for event in service.events_of(SerialHoldPlaced) for unit in event.units if unit.serial == "SN-1"
    ]
    assert (held_unit.order, held_unit.demand_id) == ("SO-D1", "D1")
    service.handle(request_allocation("D2", 1))
    assert service.status("SN-8") == "IN_INVENTORY"
    service.handle(request_dispatch_check(["SN-1"]))
    check_result = service.published[-1]
    assert isinstance(check_result, SerialDispatchRejected)
    assert [(unit.serial, unit.code) for unit in check_result.units] == [("SN-1", "on_hold")]


def test_hold_of_the_clock_lists_what_may_leave() -> None:
    """A unit whose expiry is corrected after its dispatch was approved is listed by the hold that follows (S28)."""
    service = with_picked_units(2)
    service.handle(request_dispatch_check(["SN-1"]))
    today = NOW.date()
    yesterday = today - timedelta(1)
    service.handle(CorrectSerialExpiry(sku="A-1", serials=["SN-1", "SN-2"], expiry=yesterday, reason="label misread"))
    service.handle(SerialExpiryCheckDue(sku="A-1", warehouse="EAST", expiry=yesterday, since=today))
    [placed] = service.events_of(SerialHoldPlaced)
    assert sorted(placed.serials) == ["SN-1", "SN-2"]
    assert [(goods.shipment, goods.customer, goods.serials) for goods in placed.leaving] == [("SH-1", "C-1", ["SN-1"])]


def test_dispatch_check_approves_picked_units() -> None:
    """An approval lasts at most 15 minutes and covers all units of the check."""
    service = with_picked_units(2)
    service.handle(request_dispatch_check(["SN-1", "SN-2"]))
    check_result = service.published[-1]
    assert isinstance(check_result, SerialDispatchApproved)
    assert timedelta(0) < check_result.valid_until - NOW <= timedelta(minutes=15)
    service.handle(request_dispatch_check(["SN-1", "SN-9"]))
    check_result = service.published[-1]
    assert isinstance(check_result, SerialDispatchRejected)
    assert [(unit.serial, unit.code) for unit in check_result.units] == [("SN-9", "not_picked")]
    service.handle(request_dispatch_check(["SN-1"], order="SO-D7"))
    check_result = service.published[-1]
    assert isinstance(check_result, SerialDispatchRejected)


def test_shipping_a_held_unit_is_a_conflict() -> None:
    """A unit held after its check is SHIPPED; the conflict names the customer to call."""
    service = with_picked_units(1)
    service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="H-1", reason="recall"))
    service.handle(order_dispatched(["SN-1"]))
    assert service.status("SN-1") == "SHIPPED"
    [conflict] = service.conflicts
    assert conflict.code == "on_hold"
    assert "C-1" in conflict.detail


def test_holds_are_released_by_id() -> None:
    """A unit with two holds is available after both are released; ids are unique; unknown ids are rejected."""
    service = with_stock(1)
    for hold_id in ("H-1", "H-2"):
        service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id=hold_id, reason="suspicion"))
    assert error_codes(service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="H-1", reason="again"))) == [
        ["hold_exists"]
    ]
    service.handle(ReleaseSerialHold(sku="A-1", hold_id="H-1", reason="cleared"))
    assert not service.units["A-1", "SN-1"].is_available
    assert error_codes(service.handle(ReleaseSerialHold(sku="A-1", hold_id="H-1", reason="cleared"))) == [
        ["hold_not_found"]
    ]
    service.handle(ReleaseSerialHold(sku="A-1", hold_id="H-2", reason="cleared"))
    assert service.units["A-1", "SN-1"].is_available


def test_the_expiry_alone_lifts_the_hold_of_an_expired_unit() -> None:
    """A release is refused and changes nothing; a corrected expiry releases the hold, a wrong one does not (S28)."""
    service = InMemorySerials()
    today = NOW.date()
    yesterday, tomorrow = today - timedelta(1), today + timedelta(1)
    service.handle(receive(["SN-1"], expiry=yesterday))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    service.handle(SerialExpiryCheckDue(sku="A-1", warehouse="EAST", expiry=yesterday, since=today))
    unit, hold_id = service.units["A-1", "SN-1"], f"EXPIRED-{yesterday}-EAST"
    assert error_codes(service.handle(ReleaseSerialHold(sku="A-1", hold_id=hold_id, reason="looks fine"))) == [
        ["hold_requires_date_correction"]
    ]
    fields = {"sku": "A-1", "serials": ["SN-1"], "reason": "label misread"}
    service.handle(CorrectSerialExpiry.model_validate({**fields, "expiry": yesterday - timedelta(1)}))
    assert unit.open_hold_count == 1
    service.handle(CorrectSerialExpiry.model_validate({**fields, "expiry": tomorrow}))
    assert unit.is_available


def test_the_id_of_an_expiry_hold_is_not_given_to_another_hold() -> None:
    """Such a hold could not be released on a unit without an expiry."""
    service = with_stock(1)
    hold = PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="EXPIRED-1", reason="suspicion")
    assert error_codes(service.handle(hold)) == [["hold_requires_date_correction"]]
    assert service.units["A-1", "SN-1"].is_available


def test_corrected_lots_keep_holds_and_add_those_of_the_right_lot() -> None:
    """A unit keeps serial, holds and history under its right lot, and gets the holds of that lot (S17, S22, S28)."""
    service = with_stock(2)
    service.handle(PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="H-1", reason="suspicion"))
    service.handle(PlaceSerialHold(sku="A-1", lot="R-1", hold_id="H-2", reason="glass"))
    command = CorrectSerialLot(sku="A-1", serials=["SN-1", "SN-2", "SN-9"], lot="R-1", reason="misread")
    (result,) = service.handle(command)
    assert error_codes([result]) == [["serial_not_found"]]
    assert {(unit.serial, unit.lot, unit.open_hold_count) for unit in service.units} >= {
        ("SN-1", "R-1", 2), ("SN-2", "R-1", 1),
    }  # fmt: skip
    service.handle(command)
    events = service.events_of(SerialLotCorrected)
    assert sorted(serial for event in events for serial in event.serials) == ["SN-1", "SN-2"]
    assert {(event.lot, event.reason) for event in events} == {("R-1", "misread (lot none, now R-1)")}


def test_corrected_lots_of_units_of_orders() -> None:
    """A hold on the right lot lists picked units; of shipped ones a conflict names the customer (S22, S28)."""
    service = with_picked_units(3)
    service.handle(CorrectSerialLot(sku="A-1", serials=serial_numbers(3), lot="L-1", reason="label found"))
    service.handle(order_dispatched(["SN-1", "SN-2"]))
    service.handle(PlaceSerialHold(sku="A-1", lot="R-1", hold_id="H-1", reason="glass"))
    assert service.events_of(SerialHoldPlaced)[-1].units == []
    service.handle(CorrectSerialLot(sku="A-1", serials=["SN-1", "SN-3"], lot="r-1", reason="misread"))
    assert [unit.serial for event in service.events_of(SerialHoldPlaced) for unit in event.units] == ["SN-3"]
    [conflict] = service.conflicts
    assert (conflict.code, conflict.ids) == ("on_hold", ["SN-1"])
    assert "shipment SH-1, and lot r-1 is on hold (H-1); call customer C-1" in conflict.detail
    corrections = {event.lot: event.previous_lot for event in service.events_of(SerialLotCorrected)}
    assert corrections == {"L-1": None, "r-1": "L-1"}


def test_open_recalls_report_shipped_units_of_corrected_lots() -> None:
    """An open recall tracks a shipped unit once its right lot is known, so it is no conflict (S30)."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(RecallOpened(recall="RC-1", sku="A-1", hold_id="H-1", reason="glass", lots=["R-1"]))
    service.handle(CorrectSerialLot(sku="A-1", serials=["SN-1"], lot="R-1", reason="misread"))
    assert service.conflicts == []
    assert service.units["A-1", "SN-1"].open_recall_count == 1


def test_a_corrected_spelling_of_a_lot_is_no_conflict() -> None:
    """A shipped unit of a held lot is not reported again for another spelling of the lot (S22)."""
    service = with_picked_units(1)
    service.handle(CorrectSerialLot(sku="A-1", serials=["SN-1"], lot="R-1", reason="label found"))
    service.handle(order_dispatched(["SN-1"]))
    service.handle(PlaceSerialHold(sku="A-1", lot="R-1", hold_id="H-1", reason="glass"))
    service.handle(CorrectSerialLot(sku="A-1", serials=["SN-1"], lot="r-1", reason="spelling"))
    assert service.conflicts == []
