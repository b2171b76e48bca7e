"""Recalls on the real tables: matching units are reported and held."""

import asyncio
from datetime import timedelta

from shared.contracts.commands.serials import CorrectSerialExpiry, PlaceSerialHold, ReleaseSerialHold
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.recalls import RecallPeriod, RecallRange
from shared.persistence.database import Transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, recall_opened, serial_numbers, units_by_serial
from tests.integration.serials.test_backorders import put_away_units, serials_by_demand
from tests.integration.serials.test_expiry import label_expiring_in, shelf_life_policy
from tests.support.messages.serials import SHELF


async def test_recall_reports_and_holds_matching_units(harness: SerialsHarness) -> None:
    """All matching units are held and reported with location, order, shipment and customer (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(8), lot="L-1")
    await put_away_units(harness, ["ab-7", "SN-1", "X-1"])
    await harness.handle(messages.expect(["E-1"]))
    await harness.handle(
        messages.request_allocation(1, 1, serials=["SN-00001"]), messages.request_allocation(2, 1, serials=["SN-00002"])
    )
    await harness.handle(messages.pick(1, ["SN-00001"]))
    order_dispatched: OrderDispatched = messages.dispatch(1, ["SN-00001"])
    await harness.handle(order_dispatched.model_copy(update={"customer_name": "Clinic", "contact": "+1 555 0100"}))
    ranges = [RecallRange(first="SN-00002", last="SN-00003")]
    result = await harness.handle(
        recall_opened(
            harness, ranges=ranges, serials=["SN-00001", "E-1", "unknown"], notice="AB-7 of the maker", lots=["L-2"]
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
    held_serials = [serial for event in result.data_of("serial.hold_placed.v1") for serial in event["serials"]]
    assert sorted(held_serials) == ["SN-00002", "SN-00003", "ab-7"]


async def test_serial_ranges_are_case_insensitive(harness: SerialsHarness) -> None:
    """Ranges and search terms ignore case, for units on hand and for arrivals (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, ["SN-15", "sn-16", "sn-20", "SN-150"])
    result = await harness.handle(recall_opened(harness, ranges=[RecallRange(first="sn-10", last="SN-19")]))
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["SN-15", "sn-16"]
    result = await harness.handle(messages.receive(["Sn-17", "Sn-21"]))
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["Sn-17"]


async def test_recall_whose_hold_id_already_exists(harness: SerialsHarness) -> None:
    """An existing hold with the recall's hold id does not restrict the recall (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(1), lot="L-1")
    await harness.handle(PlaceSerialHold(sku=harness.sku, lot="L-1", hold_id="RC-1-hold", reason="suspicion"))
    await harness.handle(recall_opened(harness, lots=["L-1", "L-2"]))
    result = await harness.handle(messages.receive(["A1"], lot="L-2"))
    assert [serial for event in result.data_of("serial.hold_placed.v1") for serial in event["serials"]] == ["A1"]
    result = await harness.handle(messages.receive(["A2"], lot="L-1"))
    assert units_by_serial(result.data_of("serial.recalled.v1"))["A2"]["held"]
    assert (await harness.fetch_all("SELECT open_hold_count FROM serial_state WHERE sku = :sku", sku=harness.sku)) == [
        {"open_hold_count": 1}
    ] * 3
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    assert (await harness.handle(messages.receive(["A3"], lot="L-2"))).event_types() == ["serial.state_changed.v1"]


async def test_recall_without_matches_is_answered(harness: SerialsHarness) -> None:
    """A recall without matches gets an empty answer; later arrivals are held and reported (S46)."""
    result = await harness.handle(recall_opened(harness, lots=["L-5"], serials=["SN-77777"], notice="l-6"))
    assert [(event["units"], event["is_last"]) for event in result.data_of("serial.recalled.v1")] == [([], True)]
    messages = ProductMessages(harness.sku)
    result = await harness.handle(
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
        await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(500, first=start), lot="L-1"))
    result = await harness.handle(recall_opened(harness, lots=["L-1"], mock=True))
    events = result.data_of("serial.recalled.v1")
    assert [(len(event["units"]), event.get("is_last", False)) for event in events] == [(500, False), (500, True)]
    assert not any(unit["held"] for unit in units_by_serial(events).values())
    assert result.event_types() == ["serial.recalled.v1"] * 2
    assert (await harness.handle(ProductMessages(harness.sku).receive(["A1"], lot="L-1"))).event_types() == [
        "serial.state_changed.v1"
    ]


async def test_duplicate_recall_event_is_idempotent(harness: SerialsHarness) -> None:
    """A duplicate recall is answered again, without duplicate holds or tracking (S46)."""
    await put_away_units(harness, serial_numbers(2), lot="L-1")
    await harness.handle(recall_opened(harness, lots=["L-1"]))
    result = await harness.handle(recall_opened(harness, lots=["L-1"]))
    assert (result.event_types(), sorted(units_by_serial(result.data_of("serial.recalled.v1")))) == (
        ["serial.recalled.v1"],
        serial_numbers(2),
    )
    rows = await harness.fetch_all(
        "SELECT open_hold_count, open_recall_count FROM serial_state WHERE sku = :sku", sku=harness.sku
    )
    assert rows == [{"open_hold_count": 1, "open_recall_count": 1}] * 2


async def test_recall_concurrent_with_a_receipt_of_its_lot(harness: SerialsHarness) -> None:
    """A recall concurrent with receipts of its lot leaves no unit of the lot allocatable (S46)."""
    messages = ProductMessages(harness.sku)
    concurrent_calls = [harness.handle(messages.receive([serial], lot="L-1")) for serial in serial_numbers(20)]
    concurrent_calls.insert(10, harness.handle(recall_opened(harness, lots=["L-1"])))
    results = await asyncio.gather(*concurrent_calls)
    await harness.handle(messages.put_away(serial_numbers(20)))
    await harness.handle(messages.request_allocation(1, 20))
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
        await current_harness.handle(shelf_life_policy(current_harness, 1))
        await current_harness.handle(messages.request_allocation(1, 1))
        await current_harness.handle(messages.pick(1, serial_numbers(1)))
        await current_harness.handle(messages.dispatch(1, serial_numbers(1)))
        recall_result = await current_harness.handle(
            recall_opened(current_harness, lots=["L-1"], notice="sn-00002", serials=serial_numbers(1))
        )
        expiry = Transaction.clock().date() + timedelta(9)
        correction_result = await current_harness.handle(
            CorrectSerialExpiry(
                sku=current_harness.sku, serials=serial_numbers(min(count - 1, 499), first=2), expiry=expiry, reason="x"
            )
        )
        statement_counts.append((recall_result.statement_count, correction_result.statement_count))
    assert statement_counts[0] == statement_counts[1]


async def test_units_with_a_date_in_a_period_are_recalled(harness: SerialsHarness) -> None:
    """A period recalls the units with an expiry in it and those without, also units that arrive later (S46)."""
    for serial, days in (("A1", 10), ("A2", 90)):
        await put_away_units(harness, [serial], **label_expiring_in(days))
    await put_away_units(harness, ["A3"])
    last_day = Transaction.clock().date() + timedelta(30)
    result = await harness.handle(recall_opened(harness, periods=[RecallPeriod(kind="EXPIRY", last_day=last_day)]))
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["A1", "A3"]
    messages = ProductMessages(harness.sku)
    arrivals = [messages.receive([serial], **label_expiring_in(days)) for serial, days in (("A4", 20), ("A5", 60))]
    result = await harness.handle(*arrivals)
    assert sorted(units_by_serial(result.data_of("serial.recalled.v1"))) == ["A4"]
