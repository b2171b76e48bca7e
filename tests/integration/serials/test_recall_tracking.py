"""Later changes of recalled units are reported until the recall closes."""

from shared.contracts.commands.serials import AdjustSerials, CorrectSerialLot, ReleaseSerialHold
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.recalls import RecallClosed
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, recall_opened, serial_numbers, units_by_serial
from tests.integration.serials.test_backorders import put_away_units
from tests.integration.serials.test_expiry import label_expiring_in, shelf_life_policy


async def test_later_movements_of_recalled_units_are_published(harness: SerialsHarness) -> None:
    """Every later change of a recalled unit is reported with its location and hold (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(4), lot="L-1")
    await harness.handle(messages.request_allocation(1, 2))
    await harness.handle(messages.pick(1, serial_numbers(2)))
    await harness.handle(messages.dispatch(1, serial_numbers(1)))
    await harness.handle(recall_opened(harness, lots=["L-1"]))
    result = await harness.handle(messages.unpick(1, ["SN-00002"]))
    assert [
        (unit["status"], unit["held"]) for unit in units_by_serial(result.data_of("serial.recalled.v1")).values()
    ] == [("IN_INVENTORY", True)]
    result = await harness.handle(
        AdjustSerials(sku=harness.sku, serials=["SN-00003"], adjustment="SCRAPPED", reason="recall")
    )
    assert units_by_serial(result.data_of("serial.recalled.v1"))["SN-00003"]["adjustment"] == "SCRAPPED"
    result = await harness.handle(messages.return_from_customer(1, ["SN-00001"], 3))
    returned_unit = units_by_serial(result.data_of("serial.recalled.v1"))["SN-00001"]
    assert (returned_unit["status"], returned_unit["held"]) == ("RECEIVED", True)
    result = await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    assert {
        unit["serial"]: unit["held"] for unit in units_by_serial(result.data_of("serial.recalled.v1")).values()
    } == dict.fromkeys(serial_numbers(4), False)


async def test_released_units_are_tracked_until_the_recall_closes(harness: SerialsHarness) -> None:
    """Released units are reported, with the contact once shipped, until the recall closes (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(3), lot="L-1")
    await harness.handle(
        recall_opened(harness, lots=["L-1"]), recall_opened(harness, "RC-2", serials=serial_numbers(1))
    )
    await harness.handle(
        *(
            ReleaseSerialHold(sku=harness.sku, hold_id=f"{recall_id}-hold", reason="found good")
            for recall_id in ("RC-1", "RC-2")
        )
    )
    result = await harness.handle(messages.request_allocation(1, 1))
    assert sorted((event["recall"], event["units"][0]["status"]) for event in result.data_of("serial.recalled.v1")) == [
        ("RC-1", "ALLOCATED"), ("RC-2", "ALLOCATED"),
    ]  # fmt: skip
    await harness.handle(
        messages.pick(1, serial_numbers(1)), RecallClosed(recall="RC-2", sku=harness.sku, reason="done")
    )
    order_dispatched: OrderDispatched = messages.dispatch(1, serial_numbers(1))
    result = await harness.handle(
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
    await harness.handle(RecallClosed(recall="RC-1", sku=harness.sku, reason="done"))
    assert (await harness.handle(messages.request_allocation(2, 1))).data_of("serial.recalled.v1") == []
    assert (
        await harness.fetch_all(
            "SELECT serial FROM serial_state WHERE sku = :sku AND open_recall_count <> 0", sku=harness.sku
        )
        == []
    )


async def test_arrivals_after_closing_are_held_but_not_reported(harness: SerialsHarness) -> None:
    """Arrivals after the recall closed are held, but not reported (S46)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(
        recall_opened(harness, lots=["L-1"]), RecallClosed(recall="RC-1", sku=harness.sku, reason="done")
    )
    result = await harness.handle(messages.receive(serial_numbers(2), lot="L-1"))
    assert [(event["hold_id"], len(event["serials"])) for event in result.data_of("serial.hold_placed.v1")] == [
        ("RC-1-hold", 2)
    ]
    result = await harness.handle(
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
    await harness.handle(messages.expect(["E-1"]), messages.request_allocation(1, 1))
    await harness.handle(messages.pick(1, serial_numbers(1)))
    await harness.handle(messages.dispatch(1, serial_numbers(1)))
    await harness.handle(recall_opened(harness, serials=[*serial_numbers(1), "E-1"]))
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"))
    result = await harness.handle(messages.return_from_customer(1, serial_numbers(1), 3), messages.receive(["E-1"]))
    units = units_by_serial(result.data_of("serial.recalled.v1"))
    assert {serial: (unit["status"], unit["held"]) for serial, unit in units.items()} == {
        "SN-00001": ("RECEIVED", False),
        "E-1": ("RECEIVED", False),
    }


async def test_recalled_unit_allocated_by_a_policy_change_is_reported(harness: SerialsHarness) -> None:
    """A released recalled unit is reported when a relaxed policy allocates it (S46)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(shelf_life_policy(harness, 1, stop_allocation_days=60))
    await put_away_units(harness, serial_numbers(1), lot="L-1", **label_expiring_in(50))
    await harness.handle(
        recall_opened(harness, lots=["L-1"]),
        ReleaseSerialHold(sku=harness.sku, hold_id="RC-1-hold", reason="found good"),
    )
    await harness.handle(messages.request_allocation(1, 1))
    result = await harness.handle(shelf_life_policy(harness, 2))
    assert units_by_serial(result.data_of("serial.recalled.v1"))["SN-00001"]["status"] == "ALLOCATED"


async def test_units_that_get_the_lot_of_a_recall(harness: SerialsHarness) -> None:
    """Units whose right lot is recalled are held, and shipped ones are reported with the customer to call (S46)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(3), lot="L-1")
    await harness.handle(messages.request_allocation(1, 1))
    await harness.handle(messages.pick(1, serial_numbers(1)))
    await harness.handle(messages.dispatch(1, serial_numbers(1)))
    await harness.handle(recall_opened(harness, lots=["L-9"]))
    command = CorrectSerialLot(sku=harness.sku, serials=serial_numbers(2), lot="L-9", reason="misread")
    result = await harness.handle(command)
    assert result.error_codes() == []
    units = units_by_serial(result.data_of("serial.recalled.v1"))
    assert {serial: (unit["lot"], unit["status"], unit["held"]) for serial, unit in units.items()} == {
        "SN-00001": ("L-9", "SHIPPED", False), "SN-00002": ("L-9", "IN_INVENTORY", True),
    }  # fmt: skip
    assert units["SN-00001"]["customer"] == "C-1"
    rows = await harness.fetch_all("SELECT serial FROM serial_state WHERE sku = :sku AND lot = 'L-9'", sku=harness.sku)
    assert len(rows) == 2
