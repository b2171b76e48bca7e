"""Warranties of sold units: stored at the dispatch, shown with their buyers, and reported."""

import csv
import io
from datetime import date
from typing import Any

import httpx

from shared.contracts.product_attributes import Warranty
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.harness import ProcessingResult
from tests.support.messages.reference import product_changed


async def sell(harness: SerialsHarness, serials: list[str], number: int = 1) -> tuple[str, ProcessingResult]:
    """Sell units to a customer of the test; returns the customer and the result of the dispatch."""
    message, customer = ProductMessages(harness.sku), harness.scoped_id("C")
    await harness.handle(message.receive(serials))
    await harness.handle(message.put_away(serials))
    await harness.handle(message.request_allocation(number, len(serials), customer=customer))
    await harness.handle(message.pick(number, serials))
    sale = message.dispatch(number, serials).model_copy(update={"customer": customer, "customer_name": "Joe Doe"})
    return customer, await harness.handle(sale)


async def get_items(http: httpx.AsyncClient, path: str, **parameters: str) -> list[dict[str, Any]]:
    """Return the items of a list."""
    response = await http.get(path, params=parameters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_sold_unit_shows_buyer_and_warranty(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """A sold unit shows who bought it, when, how, and both ends of its warranty; a list shows what one owns (S46)."""
    await harness.handle(product_changed(harness.sku, "SERIAL", warranty=Warranty(months=24)))
    serials = serial_numbers(3)
    customer, sale = await sell(harness, serials)
    [event] = sale.data_of("serial.state_changed.v1")
    expected = {"warranty_starts_on": event["warranty_starts_on"], "warranty_ends_on": event["warranty_ends_on"]}
    starts_on, ends_on = map(date.fromisoformat, expected.values())
    assert (ends_on.year - starts_on.year, ends_on.month) == (2, starts_on.month)
    unit = (await http.get(f"/serials/{harness.sku}/{serials[0]}")).json()
    owned = await get_items(http, "/serials", customer=customer, status="SHIPPED")
    report = await get_items(http, "/reports/serial-warranty", customer=customer)
    assert [item["serial"] for item in owned] == [item["serial"] for item in report] == serials
    sold = {"order": f"SO-{harness.sku}-1", "shipment": "SH-1", "customer": customer, "customer_name": "Joe Doe"}
    for item in (unit, owned[0], report[0]):
        assert {name: item[name] for name in (*sold, *expected)} == sold | expected
        assert item["shipped_at"] == unit["history"][-1]["occurred_at"]
    message = ProductMessages(harness.sku)
    await harness.handle(message.return_from_customer(1, serials[:1], version=9))
    assert [item["serial"] for item in await get_items(http, "/serials", customer=customer)] == serials[1:]
    assert len(await get_items(http, "/reports/serial-warranty", customer=customer)) == 2
    returned = (await http.get(f"/serials/{harness.sku}/{serials[0]}")).json()
    assert {returned[name] for name in ("warranty_starts_on", "warranty_ends_on", "customer_name", "shipped_at")} == {
        None
    }


async def test_report_by_last_day(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """The report is in the order of the last days, by range, product and page, also as a file (S46)."""
    message = ProductMessages(harness.sku)
    serials = serial_numbers(4)
    await harness.handle(message.receive(serials))
    await harness.handle(message.put_away(serials))
    for number, (serial, months) in enumerate(zip(serials, (12, 24, 6, 600), strict=True), start=1):
        version = product_changed(harness.sku, "SERIAL", number, warranty=Warranty(months=months))
        await harness.handle(version)
        await harness.handle(message.request_allocation(number, serials=[serial]))
        await harness.handle(message.pick(number, [serial]))
        await harness.handle(message.dispatch(number, [serial]))
    path, filters = "/reports/serial-warranty", {"sku": harness.sku}
    rows = await get_items(http, path, **filters)
    assert [row["serial"] for row in rows] == [serials[2], serials[0], serials[1], serials[3]]
    first_page = (await http.get(path, params={**filters, "limit": "2"})).json()
    next_page = await get_items(http, path, **filters, limit="2", cursor=first_page["next"])
    assert [*first_page["items"], *next_page] == rows
    end = rows[1]["warranty_ends_on"]
    ending = await get_items(http, path, **filters, ending_from=end, ending_before=rows[3]["warranty_ends_on"])
    assert [row["serial"] for row in ending] == [serials[0], serials[1]]
    file = await http.get(f"{path}.csv", params={**filters, "ending_before": end})
    assert [row["serial"] for row in csv.DictReader(io.StringIO(file.text))] == [serials[2]]
    assert (await http.get(f"{path}.xlsx", params=filters)).content[:2] == b"PK"


async def test_dispatch_needs_no_further_statement(harness: SerialsHarness) -> None:
    """The warranty adds no statement to a dispatch: it is loaded with the units (S46)."""
    counts = []
    for months in (None, 24):
        harness.suffix += str(months)
        warranty = months and Warranty(months=months)
        await harness.handle(product_changed(harness.sku, "SERIAL", warranty=warranty))
        message, serials = ProductMessages(harness.sku), serial_numbers(2)
        await harness.handle(message.receive(serials))
        await harness.handle(message.put_away(serials))
        await harness.handle(message.request_allocation(1, 2))
        await harness.handle(message.pick(1, serials))
        counts.append((await harness.handle(message.dispatch(1, serials))).statement_count)
    assert counts[0] == counts[1]
