"""Lot number and expiry from the labels of units: stored, published, searched and reported."""

from datetime import date

import httpx

from shared.contracts.commands.serials import ReleaseSerialHold
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.messages.serials import SHELF

LAST_DAY = date(2031, 3, 31)


async def test_label_data_is_stored_and_published(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Lot and expiry are stored verbatim, published and shown; a search takes any spelling (S24, S25, S34)."""
    messages, unlabelled = ProductMessages(harness.sku), serial_numbers(1, first=9)
    await harness.handle(messages.expect(serial_numbers(2)))
    result = await harness.handle(
        messages.receive(serial_numbers(1), lot="00a/7", expiry=LAST_DAY),
        messages.receive(serial_numbers(1, first=2), lot="00A/7", expiry=LAST_DAY),
        messages.receive(unlabelled),
    )
    assert [(event.get("lot"), event.get("expiry")) for event in result.data_of("serial.state_changed.v1")] == [
        ("00a/7", "2031-03-31"), ("00A/7", "2031-03-31"), (None, None)
    ]  # fmt: skip
    result = await harness.handle(messages.put_away([*serial_numbers(2), *unlabelled]))
    assert {(event.get("lot"), tuple(event["serials"])) for event in result.data_of("serial.state_changed.v1")} == {
        ("00a/7", ("SN-00001",)), ("00A/7", ("SN-00002",)), (None, ("SN-00009",))
    }  # fmt: skip
    unit = (await http.get(f"/serials/{harness.sku}/SN-00001")).json()
    assert (unit["lot"], unit["expiry"]) == ("00a/7", "2031-03-31")
    query = {"sku": harness.sku, "lot": "00a/7"}
    items = (await http.get("/serials", params=query)).json()["items"]
    assert [(item["serial"], item["lot"], item["expiry"]) for item in items] == [
        ("SN-00001", "00a/7", "2031-03-31"), ("SN-00002", "00A/7", "2031-03-31")
    ]  # fmt: skip
    assert (await http.get("/serials/counts", params=query)).json()["IN_INVENTORY"] == {"units": 2, "has_more": False}


async def test_reports_contain_label_data(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Location and history reports contain lot and expiry, as JSON pages and CSV (S40, S41)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(messages.receive(serial_numbers(1), lot="L-1", expiry=LAST_DAY))
    await harness.handle(messages.put_away(serial_numbers(1)))
    for report, rows in (("serial-location", 1), ("serial-history", 2)):
        items = (await http.get(f"/reports/{report}", params={"sku": harness.sku})).json()["items"]
        assert [(item["lot"], item["expiry"]) for item in items] == [("L-1", "2031-03-31")] * rows
        csv_text = (await http.get(f"/reports/{report}.csv", params={"sku": harness.sku})).text
        assert csv_text.splitlines()[1].endswith("L-1,2031-03-31")


async def test_short_shelf_life_units_are_received_on_hold(harness: SerialsHarness) -> None:
    """Units with too short a shelf life are received on hold, until the hold is released."""
    messages = ProductMessages(harness.sku)
    await harness.handle(messages.request_allocation(1))
    result = await harness.handle(messages.receive(serial_numbers(2), expiry=LAST_DAY, hold_id="H-IN"))
    assert [(event["hold_id"], len(event["serials"])) for event in result.data_of("serial.hold_placed.v1")] == [
        ("H-IN", 2)
    ]
    await harness.handle(messages.put_away(serial_numbers(2), SHELF))
    assert await harness.statuses() == {"IN_INVENTORY": 2}
    await harness.handle(ReleaseSerialHold(sku=harness.sku, hold_id="H-IN", reason="sold as it is"))
    assert await harness.statuses() == {"IN_INVENTORY": 1, "ALLOCATED": 1}
