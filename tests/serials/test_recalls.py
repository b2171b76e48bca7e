"""Lot holds, expiry corrections and recalls on the real tables."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from shared.contracts.commands.serials import AdjustSerials, CorrectSerialExpiry, PlaceSerialHold, ReleaseSerialHold
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.lots import RecallClosed, RecallOpened, RecallRange
from shared.persistence.database import Transaction
from tests.serials.conftest import SerialsHarness
from tests.serials.messages import ProductMessages, serial_numbers
from tests.serials.test_backorders import put_away_units, serials_by_demand
from tests.serials.test_expiry import label_expiring_in, shelf_life_policy
from tests.unit.serials.messages import SHELF


def recall_opened(harness: SerialsHarness, recall: str = "RC-1", **criteria: Any) -> RecallOpened:
    """Build a recall of the test's product."""
    return RecallOpened(recall=recall, sku=harness.sku, hold_id=f"{recall}-hold", reason="sharp edges", **criteria)


def units_by_serial(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the units in recall events by serial; the last event counts."""
    return {unit["serial"]: unit for event in events for unit in event["units"]}


async def test_lot_hold_covers_present_and_arriving_units(harness: SerialsHarness) -> None:
    """A lot hold covers units on hand and later arrivals, names orders, and releases all units at once."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), lot="L-1")
    await put_away_units(harness, serial_numbers(1, first=3), lot="l-1")
    await harness.publish(messages.request_allocation(1, 1))
    result = await harness.publish(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="H-1", reason="suspicion"))
    held_units = [
        (unit["serial"], unit.get("order"))
        for event in result.data_of("serial.hold_placed.v1")
        for unit in event["units"]
    ]
    assert sorted(held_units) == [("SN-00001", messages.order_id(1)), ("SN-00002", None)]
    assert [event["lots"] for event in result.data_of("serial.hold_placed.v1") if event.get("lots")] == [["L-1"]]
    result = await harness.publish(
        messages.receive(serial_numbers(1, first=4), lot="L-1"), messages.put_away(serial_numbers(1, first=4))
    )
    assert [(event["hold_id"], event["reason"]) for event in result.data_of("serial.hold_placed.v1")] == [
        ("H-1", "suspicion")
    ]
    await harness.publish(messages.request_allocation(2, 3))
    assert await serials_by_demand(harness) == {"1": serial_numbers(1), "2": serial_numbers(1, first=3)}
    duplicate_result = await harness.publish(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="H-1", reason="again"))
    assert duplicate_result.error_codes() == ["hold_exists"]
    await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="H-1", reason="cleared"))
    assert await serials_by_demand(harness) == {"1": serial_numbers(1), "2": serial_numbers(3, first=2)}
    result = await harness.publish(messages.receive(serial_numbers(1, first=5), lot="L-1"))
    assert result.data_of("serial.hold_placed.v1") == []


async def test_hold_on_an_unknown_lot_covers_later_arrivals(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """A hold on a lot without units is accepted and covers later arrivals."""
    result = await harness.publish(PlaceSerialHold(sku=harness.sku, lot="L-9", hold_id="H-9", reason="warning"))
    assert (result.error_codes(), result.results[0].body is not None) == ([], True)
    items = (await http.get("/standing-holds", params={"sku": harness.sku})).json()["items"]
    assert [(item["hold_id"], item["lots"], item["reason"], item["opened_by"]) for item in items] == [
        ("H-9", ["L-9"], "warning", "anna")
    ]
    result = await harness.publish(ProductMessages(harness.sku).receive(serial_numbers(1), lot="L-9"))
    assert [event["hold_id"] for event in result.data_of("serial.hold_placed.v1")] == ["H-9"]
    assert (
        await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="H-9", reason="cleared"))
    ).error_codes() == []
    assert (
        await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="H-9", reason="cleared"))
    ).error_codes() == ["hold_not_found"]


async def test_expiry_correction_allocates_backorders(harness: SerialsHarness) -> None:
    """An expiry correction is audited, and units that have not expired go to backorders (S22, S28)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), **label_expiring_in(-3))
    await harness.publish(messages.request_allocation(1, 1))
    assert await serials_by_demand(harness) == {}
    new_expiry = label_expiring_in(300)["expiry"]
    result = await harness.publish(
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
        "JOIN serial ON serial.id = serial_id WHERE sku = :sku AND change = 'expiry corrected'",
        sku=harness.sku,
    )
    old_expiry = label_expiring_in(-3)["expiry"]
    assert rows == [
        {"change": "expiry corrected", "reason": f"misread (expiry {old_expiry}, now {new_expiry})", "actor": "eve"}
    ]
    result = await harness.publish(
        CorrectSerialExpiry(sku=harness.sku, serials=["SN-X"], expiry=None, reason="misread")
    )
    assert result.error_codes() == ["not_yet_available"]


async def test_required_expiry_cannot_be_removed(harness: SerialsHarness) -> None:
    """The expiry of a product that requires one cannot be removed (S24, S28)."""
    await harness.publish(shelf_life_policy(harness, 1, expiry_required=True))
    await put_away_units(harness, serial_numbers(1), **label_expiring_in(-3))
    result = await harness.publish(
        CorrectSerialExpiry(sku=harness.sku, serials=serial_numbers(1), expiry=None, reason="unreadable")
    )
    assert result.error_codes() == ["expiry_required"]


async def test_recall_reports_and_holds_matching_units(harness: SerialsHarness) -> None:
    """All matching units are held and reported with location, order, shipment and customer (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(8), lot="L-1")
    await put_away_units(harness, ["ab-7", "SN-1", "X-1"])
    await harness.publish(messages.expect(["E-1"]))
    await harness.publish(
        messages.request_allocation(1, 1, serials=["SN-00001"]), messages.request_allocation(2, 1, serials=["SN-00002"])
    )
    await harness.publish(messages.pick(1, ["SN-00001"]))
    order_dispatched: OrderDispatched = messages.dispatch(1, ["SN-00001"])
    await harness.publish(order_dispatched.model_copy(update={"customer_name": "Clinic", "contact": "+1 555 0100"}))
    ranges = [RecallRange(first="SN-00002", last="SN-00003")]
    result = await harness.publish(
        recall_opened(
            harness, ranges=ranges, serials=["SN-00001", "E-1", "unknown"], search_terms=["AB-7", "the"], lots=["L-2"]
        )
    )
    events = result.data_of("serial.recalled.v1")
    units = units_by_serial(events)
    assert sorted(units) == ["E-1", "SN-00001", "SN-00002", "SN-00003", "ab-7"]
    assert [(event.get("is_last"), event["recall"]) for event in events] == [(True, "RC-1")]
    shipped_unit = units["SN-00001"]
    assert (shipped_unit["status"], shipped_unit["held"], shipped_unit["shipment"], shipped_unit["customer"]) == (
        "SHIPPED",
        False,
        "SH-1",
        "C-1",
    )
    assert (shipped_unit["customer_name"], shipped_unit["contact"], "shipped_at" in shipped_unit) == (
        "Clinic",
        "+1 555 0100",
        True,
    )
    assert (units["SN-00002"]["order"], units["SN-00002"]["held"]) == (messages.order_id(2), True)
    assert (units["SN-00003"]["location"], units["SN-00003"]["lot"]) == (SHELF, "L-1")
    assert (units["E-1"]["status"], units["E-1"]["held"]) == ("EXPECTED", False)
    held_serials = [unit["serial"] for event in result.data_of("serial.hold_placed.v1") for unit in event["units"]]
    assert sorted(held_serials) == ["SN-00002", "SN-00003", "ab-7"]


async def test_serial_ranges_are_case_insensitive(harness: SerialsHarness) -> None:
    """Ranges and search terms ignore case, for units on hand and for arrivals (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, ["SN-15", "sn-16", "sn-20", "SN-150"])
    result = await harness.publish(recall_opened(harness, ranges=[RecallRange(first="sn-10", last="SN-19")]))
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["SN-15", "sn-16"]
    result = await harness.publish(messages.receive(["Sn-17", "Sn-21"]))
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["Sn-17"]


async def test_recall_whose_hold_id_already_exists(harness: SerialsHarness) -> None:
    """An existing hold with the recall's hold id does not restrict the recall (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(1), lot="L-1")
    await harness.publish(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="RC-1-hold", reason="suspicion"))
    await harness.publish(recall_opened(harness, lots=["L-1", "L-2"]))
    result = await harness.publish(messages.receive(["A1"], lot="L-2"))
    assert [unit["serial"] for event in result.data_of("serial.hold_placed.v1") for unit in event["units"]] == ["A1"]
    result = await harness.publish(messages.receive(["A2"], lot="L-1"))
    assert units_by_serial(result.data_of("serial.recalled.v1"))["A2"]["held"]
    assert (await harness.fetch_all("SELECT open_hold_count FROM serial_state WHERE sku = :sku", sku=harness.sku)) == [
        {"open_hold_count": 1}
    ] * 3
    await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    assert (await harness.publish(messages.receive(["A3"], lot="L-2"))).event_types() == ["serial.state_changed.v1"]


async def test_recall_without_matches_is_answered(harness: SerialsHarness) -> None:
    """A recall without matches gets an empty answer; later arrivals are held and reported (S46)."""
    result = await harness.publish(recall_opened(harness, lots=["L-5"], serials=["SN-77777"], search_terms=["l-6"]))
    assert [(event["units"], event["is_last"]) for event in result.data_of("serial.recalled.v1")] == [([], True)]
    messages = ProductMessages(harness.sku)
    result = await harness.publish(
        messages.receive(["A1"], lot="L-5"),
        messages.receive(["SN-77777"]),
        messages.receive(["A2"], lot="L-6"),
        messages.receive(["A3"]),
    )
    units = units_by_serial(result.data_of("serial.recalled.v1"))
    assert {serial: unit["held"] for serial, unit in units.items()} == {"A1": True, "SN-77777": True, "A2": True}
    assert [event.get("is_last", False) for event in result.data_of("serial.recalled.v1")] == [False]


async def test_mock_recall_places_no_holds(harness: SerialsHarness) -> None:
    """A mock recall reports the same units as a real one, in batches, and places no holds (S46)."""
    for start in (1, 501):
        await harness.publish(ProductMessages(harness.sku).receive(serial_numbers(500, first=start), lot="L-1"))
    result = await harness.publish(recall_opened(harness, lots=["L-1"], mock=True))
    events = result.data_of("serial.recalled.v1")
    assert [(len(event["units"]), event.get("is_last", False)) for event in events] == [(500, False), (500, True)]
    assert not any(unit["held"] for unit in units_by_serial(events).values())
    assert result.event_types() == ["serial.recalled.v1"] * 2
    assert (await harness.publish(ProductMessages(harness.sku).receive(["A1"], lot="L-1"))).event_types() == [
        "serial.state_changed.v1"
    ]


async def test_later_movements_of_recalled_units_are_published(harness: SerialsHarness) -> None:
    """Every later change of a recalled unit is reported with its location and hold (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(4), lot="L-1")
    await harness.publish(messages.request_allocation(1, 2), messages.pick(1, serial_numbers(2)))
    await harness.publish(messages.dispatch(1, serial_numbers(1)))
    await harness.publish(recall_opened(harness, lots=["L-1"]))
    result = await harness.publish(messages.unpick(1, ["SN-00002"]))
    assert [
        (unit["status"], unit["held"]) for unit in units_by_serial(result.data_of("serial.recalled.v1")).values()
    ] == [("IN_INVENTORY", True)]
    result = await harness.publish(
        AdjustSerials(sku=harness.sku, serials=["SN-00003"], adjustment="SCRAPPED", reason="recall")
    )
    assert units_by_serial(result.data_of("serial.recalled.v1"))["SN-00003"]["adjustment"] == "SCRAPPED"
    result = await harness.publish(messages.return_from_customer(1, ["SN-00001"], 3))
    returned_unit = units_by_serial(result.data_of("serial.recalled.v1"))["SN-00001"]
    assert (returned_unit["status"], returned_unit["held"]) == ("RECEIVED", True)
    result = await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    assert {
        unit["serial"]: unit["held"] for unit in units_by_serial(result.data_of("serial.recalled.v1")).values()
    } == dict.fromkeys(serial_numbers(4), False)


async def test_released_units_are_tracked_until_the_recall_closes(harness: SerialsHarness) -> None:
    """Released units are reported, with the contact once shipped, until the recall closes (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(3), lot="L-1")
    await harness.publish(
        recall_opened(harness, lots=["L-1"]), recall_opened(harness, "RC-2", serials=serial_numbers(1))
    )
    await harness.publish(
        *(
            ReleaseSerialHold(sku=harness.sku, hold_id=f"{recall_id}-hold", reason="found good")
            for recall_id in ("RC-1", "RC-2")
        )
    )
    result = await harness.publish(messages.request_allocation(1, 1))
    assert sorted((event["recall"], event["units"][0]["status"]) for event in result.data_of("serial.recalled.v1")) == [
        ("RC-1", "ALLOCATED"), ("RC-2", "ALLOCATED"),
    ]  # fmt: skip
    await harness.publish(
        messages.pick(1, serial_numbers(1)), RecallClosed(recall="RC-2", sku=harness.sku, reason="done")
    )
    order_dispatched: OrderDispatched = messages.dispatch(1, serial_numbers(1))
    result = await harness.publish(
        order_dispatched.model_copy(update={"customer_name": "Clinic", "contact": "+1 555 0100"})
    )
    [event] = result.data_of("serial.recalled.v1")
    [shipped_unit] = event["units"]
    assert (event["recall"], shipped_unit["status"], shipped_unit["held"], shipped_unit["customer_name"]) == (
        "RC-1",
        "SHIPPED",
        False,
        "Clinic",
    )
    await harness.publish(RecallClosed(recall="RC-1", sku=harness.sku, reason="done"))
    assert (await harness.publish(messages.request_allocation(2, 1))).data_of("serial.recalled.v1") == []
    assert (
        await harness.fetch_all(
            "SELECT serial FROM serial_state WHERE sku = :sku AND open_recall_count <> 0", sku=harness.sku
        )
        == []
    )


async def test_arrivals_after_closing_are_held_but_not_reported(harness: SerialsHarness) -> None:
    """Arrivals after the recall closed are held, but not reported (S46)."""
    messages = ProductMessages(harness.sku)
    await harness.publish(
        recall_opened(harness, lots=["L-1"]), RecallClosed(recall="RC-1", sku=harness.sku, reason="done")
    )
    result = await harness.publish(messages.receive(serial_numbers(2), lot="L-1"))
    assert [(event["hold_id"], len(event["units"])) for event in result.data_of("serial.hold_placed.v1")] == [
        ("RC-1-hold", 2)
    ]
    result = await harness.publish(
        messages.put_away(serial_numbers(2)),
        ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"),
    )
    assert result.data_of("serial.recalled.v1") == []
    assert (
        await harness.fetch_all(
            "SELECT serial FROM serial_state WHERE sku = :sku AND open_recall_count <> 0", sku=harness.sku
        )
        == []
    )


async def test_returned_recalled_unit_is_reported(harness: SerialsHarness) -> None:
    """A unit matched while shipped or expected is reported when it is received, on hold or not (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(1), lot="L-1")
    await harness.publish(
        messages.expect(["E-1"]), messages.request_allocation(1, 1), messages.pick(1, serial_numbers(1))
    )
    await harness.publish(messages.dispatch(1, serial_numbers(1)))
    await harness.publish(recall_opened(harness, serials=[*serial_numbers(1), "E-1"]))
    await harness.publish(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    result = await harness.publish(messages.return_from_customer(1, serial_numbers(1), 3), messages.receive(["E-1"]))
    units = units_by_serial(result.data_of("serial.recalled.v1"))
    assert {serial: (unit["status"], unit["held"]) for serial, unit in units.items()} == {
        "SN-00001": ("RECEIVED", False),
        "E-1": ("RECEIVED", False),
    }


async def test_duplicate_recall_event_is_idempotent(harness: SerialsHarness) -> None:
    """A duplicate recall is answered again, without duplicate holds or tracking (S46)."""
    await put_away_units(harness, serial_numbers(2), lot="L-1")
    await harness.publish(recall_opened(harness, lots=["L-1"]))
    result = await harness.publish(recall_opened(harness, lots=["L-1"]))
    assert (result.event_types(), sorted(units_by_serial(result.data_of("serial.recalled.v1")))) == (
        ["serial.recalled.v1"],
        serial_numbers(2),
    )
    rows = await harness.fetch_all(
        "SELECT open_hold_count, open_recall_count FROM serial_state WHERE sku = :sku", sku=harness.sku
    )
    assert rows == [{"open_hold_count": 1, "open_recall_count": 1}] * 2


async def test_recalled_unit_allocated_by_a_policy_change_is_reported(harness: SerialsHarness) -> None:
    """A released recalled unit is reported when a relaxed policy allocates it (S46)."""
    messages = ProductMessages(harness.sku)
    await harness.publish(shelf_life_policy(harness, 1, stop_allocation_days=60))
    await put_away_units(harness, serial_numbers(1), lot="L-1", **label_expiring_in(50))
    await harness.publish(
        recall_opened(harness, lots=["L-1"]),
        ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"),
    )
    await harness.publish(messages.request_allocation(1, 1))
    result = await harness.publish(shelf_life_policy(harness, 2))
    assert units_by_serial(result.data_of("serial.recalled.v1"))["SN-00001"]["status"] == "ALLOCATED"


async def test_recall_concurrent_with_a_receipt_of_its_lot(harness: SerialsHarness) -> None:
    """A recall concurrent with receipts of its lot leaves no unit of the lot allocatable (S46)."""
    messages = ProductMessages(harness.sku)
    concurrent_calls = [harness.publish(messages.receive([serial], lot="L-1")) for serial in serial_numbers(20)]
    concurrent_calls.insert(10, harness.publish(recall_opened(harness, lots=["L-1"])))
    results = await asyncio.gather(*concurrent_calls)
    await harness.publish(messages.put_away(serial_numbers(20)))
    await harness.publish(messages.request_allocation(1, 20))
    assert await serials_by_demand(harness) == {}
    assert set(units_by_serial([event for result in results for event in result.data_of("serial.recalled.v1")])) == set(
        serial_numbers(20)
    )


async def test_recall_uses_constant_statement_count(harness: SerialsHarness) -> None:
    """A recall of 600 units by all criteria sends as many statements as one of two units (S46)."""
    statement_counts = []
    for current_harness, count in ((SerialsHarness(harness.engine), 2), (harness, 600)):
        messages = ProductMessages(current_harness.sku)
        await put_away_units(current_harness, serial_numbers(count), lot="L-1", **label_expiring_in(50))
        await current_harness.publish(shelf_life_policy(current_harness, 1))
        await current_harness.publish(messages.request_allocation(1, 1), messages.pick(1, serial_numbers(1)))
        await current_harness.publish(messages.dispatch(1, serial_numbers(1)))
        recall_result = await current_harness.publish(
            recall_opened(current_harness, lots=["L-1"], search_terms=["sn-00002"], serials=serial_numbers(1))
        )
        expiry = Transaction.clock().date() + timedelta(9)
        correction_result = await current_harness.publish(
            CorrectSerialExpiry(
                sku=current_harness.sku, serials=serial_numbers(min(count - 1, 499), first=2), expiry=expiry, reason="x"
            )
        )
        statement_counts.append((recall_result.statement_count, correction_result.statement_count))
    assert statement_counts[0] == statement_counts[1]
