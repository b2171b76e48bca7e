"""Lot holds and expiry corrections on the real tables."""

import httpx

from shared.contracts.commands.serials import CorrectSerialExpiry, CorrectSerialLot, PlaceSerialHold, ReleaseSerialHold
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.integration.serials.test_backorders import put_away_units, serials_by_demand
from tests.integration.serials.test_expiry import label_expiring_in, shelf_life_policy


async def test_lot_hold_covers_present_and_arriving_units(harness: SerialsHarness) -> None:
    """A lot hold covers units on hand and later arrivals, names orders, and releases all units at once."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), lot="L-1")
    await put_away_units(harness, serial_numbers(1, first=3), lot="l-1")
    await harness.handle(messages.request_allocation(1, 1))
    result = await harness.handle(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="H-1", reason="suspicion"))
    events = result.data_of("serial.hold_placed.v1")
    assert sorted(serial for event in events for serial in event.get("serials", [])) == ["SN-00001", "SN-00002"]
    held_units = [(unit["serial"], unit["order"]) for event in events for unit in event.get("units", [])]
    assert held_units == [("SN-00001", messages.order_id(1))]
    assert [event["lots"] for event in events if event.get("lots")] == [["L-1"]]
    result = await harness.handle(
        messages.receive(serial_numbers(1, first=4), lot="L-1"), messages.put_away(serial_numbers(1, first=4))
    )
    assert [(event["hold_id"], event["reason"]) for event in result.data_of("serial.hold_placed.v1")] == [
        ("H-1", "suspicion")
    ]
    await harness.handle(messages.request_allocation(2, 3))
    assert await serials_by_demand(harness) == {"1": serial_numbers(1), "2": serial_numbers(1, first=3)}
    duplicate_result = await harness.handle(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="H-1", reason="again"))
    assert duplicate_result.error_codes() == ["hold_exists"]
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="H-1", reason="cleared"))
    assert await serials_by_demand(harness) == {"1": serial_numbers(1), "2": serial_numbers(3, first=2)}
    result = await harness.handle(messages.receive(serial_numbers(1, first=5), lot="L-1"))
    assert result.data_of("serial.hold_placed.v1") == []


async def test_shipped_units_that_get_a_held_lot(harness: SerialsHarness) -> None:
    """Shipped units whose right lot is on hold are one conflict that names the customer to call (S22, S28)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(3), lot="L-1")
    await harness.handle(messages.request_allocation(1, 2))
    await harness.handle(messages.pick(1, serial_numbers(2)))
    await harness.handle(messages.dispatch(1, serial_numbers(2)))
    await harness.handle(PlaceSerialHold(sku=harness.sku, lot="L-9", hold_id="H-1", reason="glass"))
    result = await harness.handle(
        CorrectSerialLot(sku=harness.sku, serials=serial_numbers(3), lot="L-9", reason="misread")
    )
    corrections = result.data_of("serial.lot_corrected.v1")
    assert {(event["previous_lot"], event["lot"]) for event in corrections} == {("L-1", "L-9")}
    assert [event["serials"] for event in result.data_of("serial.hold_placed.v1")] == [["SN-00003"]]
    [conflict] = result.data_of("serial.rejected.v1")
    assert (conflict["kind"], conflict["code"], conflict["ids"]) == ("EVENT_CONFLICT", "on_hold", serial_numbers(2))
    assert "call customer C-1" in conflict["detail"]
    rows = await harness.fetch_all(
        "SELECT codes FROM rejection WHERE document = :sku AND closed_at IS NULL", sku=harness.sku
    )
    assert [row["codes"] for row in rows] == [["on_hold"]]


async def test_hold_on_an_unknown_lot_covers_later_arrivals(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """A hold on a lot without units is accepted and covers later arrivals."""
    result = await harness.handle(PlaceSerialHold(sku=harness.sku, lot="L-9", hold_id="H-9", reason="warning"))
    assert (result.error_codes(), result.results[0].body is not None) == ([], True)
    items = (await http.get("/standing-holds", params={"sku": harness.sku})).json()["items"]
    assert [(item["hold_id"], item["lots"], item["reason"], item["opened_by"]) for item in items] == [
        ("H-9", ["L-9"], "warning", "anna")
    ]
    result = await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(1), lot="L-9"))
    assert [event["hold_id"] for event in result.data_of("serial.hold_placed.v1")] == ["H-9"]
    assert (
        await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="H-9", reason="cleared"))
    ).error_codes() == []
    assert (
        await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="H-9", reason="cleared"))
    ).error_codes() == ["hold_not_found"]


async def test_lot_hold_takes_any_spelling(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """A hold and a filter take a spelling of one lot; a hold on several is refused, one on none says so (S25)."""
    await put_away_units(harness, serial_numbers(2), lot="L 1/a")
    result = await harness.handle(PlaceSerialHold(sku=harness.sku, lot="l  1/A", hold_id="H-1", reason="suspicion"))
    events = result.data_of("serial.hold_placed.v1")
    assert sorted(serial for event in events for serial in event.get("serials", [])) == serial_numbers(2)
    assert [event["lots"] for event in events if event.get("lots")] == [["L 1/a"]]
    items = (await http.get("/serials", params={"sku": harness.sku, "lot": "l 1/A"})).json()["items"]
    assert [(item["serial"], item["lot"]) for item in items] == [(serial, "L 1/a") for serial in serial_numbers(2)]
    await put_away_units(harness, serial_numbers(1, first=3), lot="AB")
    await put_away_units(harness, serial_numbers(1, first=4), lot="ab")
    hold = PlaceSerialHold(sku=harness.sku, lot="Ab", hold_id="H-2", reason="suspicion")
    (violation,) = (await harness.handle(hold)).results[0].violations
    assert (violation.code, violation.suggested) == ("lot_ambiguous", ["AB", "ab"])
    result = await harness.handle(hold.model_copy(update={"lot": "ab"}))
    (event,) = [event for event in result.data_of("serial.hold_placed.v1") if event.get("serials")]
    assert event["serials"] == serial_numbers(1, first=4)
    result = await harness.handle(hold.model_copy(update={"lot": "none", "hold_id": "H-3"}))
    assert result.results[0].body.unmatched_lots == ["none"]  # type: ignore[union-attr]
    result = await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(1, first=9), lot="NONE"))
    assert [event["hold_id"] for event in result.data_of("serial.hold_placed.v1")] == ["H-3"]


async def test_expiry_correction_allocates_backorders(harness: SerialsHarness) -> None:
    """An expiry correction is audited, and units that have not expired go to backorders (S22, S28)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), **label_expiring_in(-3))
    await harness.handle(messages.request_allocation(1, 1))
    assert await serials_by_demand(harness) == {}
    new_expiry = label_expiring_in(300)["expiry"]
    result = await harness.handle(
        CorrectSerialExpiry(sku=harness.sku, serials=serial_numbers(1), expiry=new_expiry, reason="misread"),
        actor="eve",
    )
    assert await serials_by_demand(harness) == {"1": serial_numbers(1)}
    [corrected] = result.data_of("serial.expiry_corrected.v1")
    assert (corrected["serials"], corrected["expiry"], corrected["actor"]) == (
        serial_numbers(1),
        str(new_expiry),
        "eve",
    )
    rows = await harness.fetch_all(
        "SELECT change, reason, actor FROM audit_operation AS o JOIN audit_entry ON o.id = operation_id "
        "JOIN serial ON serial.id = serial_id WHERE sku = :sku AND change = 'EXPIRY_CORRECTED'",
        sku=harness.sku,
    )
    old_expiry = label_expiring_in(-3)["expiry"]
    assert rows == [
        {"change": "EXPIRY_CORRECTED", "reason": f"misread (expiry {old_expiry}, now {new_expiry})", "actor": "eve"}
    ]
    result = await harness.handle(CorrectSerialExpiry(sku=harness.sku, serials=["SN-X"], expiry=None, reason="misread"))
    assert result.error_codes() == ["serial_not_found"]


async def test_required_expiry_cannot_be_removed(harness: SerialsHarness) -> None:
    """The expiry of a product that requires one cannot be removed (S24, S28)."""
    await harness.handle(shelf_life_policy(harness, 1, expiry_required=True))
    await put_away_units(harness, serial_numbers(1), **label_expiring_in(-3))
    result = await harness.handle(
        CorrectSerialExpiry(sku=harness.sku, serials=serial_numbers(1), expiry=None, reason="unreadable")
    )
    assert result.error_codes() == ["expiry_required"]
