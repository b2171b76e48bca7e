"""Units that are not in use: adjusted ones, and serials that no receipt expects any more."""

from typing import Any, Literal

import httpx
import pytest

from shared.contracts.commands.serials import AdjustSerials, PlaceSerialHold
from shared.contracts.receiving import ReturnSerialsDisposed
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.messages.serials import DOCK, SHELF

ADJUSTMENTS: tuple[Literal["LOST", "SCRAPPED", "VOID"], ...] = ("LOST", "SCRAPPED", "VOID")


async def get(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """Return the JSON body of a successful response."""
    response = await http.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def listed(http: httpx.AsyncClient, harness: SerialsHarness, path: str = "/serials", **query: Any) -> list[str]:
    """Return the serials of the test's product in a list or report, page by page."""
    serials: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(http, path, sku=harness.sku, limit=2, **query, **cursor)
        serials += [item["serial"] for item in page["items"]]
        if page["next"] is None:
            return serials
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("stored", [False, True])
async def test_adjusted_units_are_in_no_stock_report(
    http: httpx.AsyncClient, harness: SerialsHarness, stored: bool
) -> None:
    """Lost, scrapped, void and returned units are at no location and counted in a column of their own (S39, S40)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(6)
    location, status = (SHELF, "IN_INVENTORY") if stored else (DOCK, "RECEIVED")
    await harness.handle(messages.receive(serials))
    if stored:
        await harness.handle(messages.put_away(serials))
    await harness.handle(PlaceSerialHold(sku=harness.sku, serials=serials[:2], hold_id="H-1", reason="look"))
    for serial, adjustment in zip(serials[1:], ADJUSTMENTS, strict=False):
        await harness.handle(AdjustSerials(sku=harness.sku, serials=[serial], adjustment=adjustment, reason="counted"))
    await harness.handle(
        ReturnSerialsDisposed(
            return_id="RMA-1", sku=harness.sku, hold_id="RMA-1", serials=[serials[4]], reason="broken",
            disposition="RETURN_TO_VENDOR",
        )
    )  # fmt: skip
    in_use = [serials[0], serials[5]]
    assert await listed(http, harness, "/reports/serial-location") == in_use
    assert (await http.get("/reports/serial-location.csv", params={"sku": harness.sku})).text.count("SN-") == 2
    (row,) = (await get(http, "/reports/serial-inventory", sku=harness.sku))["items"]
    assert (row["status"], row["units"], row["held"], row["out_of_use"]) == (status, 2, 1, 4)
    for query in ({"status": status}, {"warehouse": "EAST"}, {"location": location}, {"status": ["SHIPPED", status]}):
        assert await listed(http, harness, **query) == in_use, query
    assert (await get(http, "/serials/counts", sku=harness.sku))[status] == {"units": 2, "has_more": False}
    assert (await get(http, "/serials/counts", sku=harness.sku, location=location))[status]["units"] == 2
    for serial, any_adjustment in zip(serials[1:5], (*ADJUSTMENTS, "RETURNED_TO_VENDOR"), strict=True):
        for query in ({}, {"status": status}, {"location": location}, {"q": "SN-"}):
            assert await listed(http, harness, adjustment=any_adjustment, **query) == [serial], query
        unit = await get(http, f"/serials/{harness.sku}/{serial}")
        assert (unit["status"], unit["adjustment"], unit["location"], unit["last_location"]) == (
            status, any_adjustment, None, location,
        )  # fmt: skip
    assert await listed(http, harness) == serials
    items = (await get(http, "/serials", sku=harness.sku))["items"]
    assert [item["location"] for item in items] == [location, None, None, None, None, location]
    held = (await get(http, "/holds", sku=harness.sku))["items"]
    assert [(hold["serial"], hold["location"]) for hold in held] == [(serials[0], location), (serials[1], None)]
    counts = await get(http, "/serials/counts", sku=harness.sku, adjustment="VOID")
    assert counts[status]["units"] == 1


async def test_found_unit_is_at_its_last_location(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A lost unit that is found is in the stock again (S40)."""
    messages = ProductMessages(harness.sku)
    (serial,) = serial_numbers(1)
    await harness.handle(messages.receive([serial]))
    for adjustment, expected in (("LOST", []), ("FOUND", [serial])):
        command = AdjustSerials(sku=harness.sku, serials=[serial], adjustment=adjustment, reason="counted")
        await harness.handle(command)
        assert await listed(http, harness, "/reports/serial-location") == expected
        assert await listed(http, harness, location=DOCK) == expected
    unit = await get(http, f"/serials/{harness.sku}/{serial}")
    assert (unit["location"], unit["last_location"]) == (DOCK, None)


async def test_cancelled_expectations_are_not_listed(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Serials that no receipt expects any more are counted and listed nowhere; a filter shows them (S33, S39)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(5)
    await harness.handle(messages.expect(serials))
    await harness.handle(messages.cancel_expectation(serials[1:4], 2))
    await harness.handle(messages.expect(serials[3:4], 3, receipt="R-2"))
    expected = [serials[0], *serials[3:]]
    for query in ({}, {"status": "EXPECTED"}, {"status": ["EXPECTED", "RECEIVED"]}, {"q": "SN-"}, {"q": "sn"}):
        assert await listed(http, harness, **query) == expected, query
        assert await listed(http, harness, expectation_cancelled=True, **query) == serials[1:3], query
    counts = await get(http, "/serials/counts", sku=harness.sku)
    assert counts["EXPECTED"] == {"units": 3, "has_more": False}
    counts = await get(http, "/serials/counts", sku=harness.sku, expectation_cancelled=True)
    assert counts["EXPECTED"]["units"] == 2
    (row,) = (await get(http, "/reports/serial-inventory", sku=harness.sku))["items"]
    assert (row["status"], row["units"]) == ("EXPECTED", 3)
    unit = await get(http, f"/serials/{harness.sku}/{serials[1]}")
    assert (unit["status"], unit["receipt"], unit["expectation_cancelled"]) == ("EXPECTED", None, True)
    assert (await get(http, f"/serials/{harness.sku}/{serials[3]}"))["expectation_cancelled"] is False
