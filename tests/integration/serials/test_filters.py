"""Filters of the list of units by documents, customer, expiry and time of change, and the counts beside it."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from services.serials.lookup.queries import counts
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.messages.serials import SHELF


async def get(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """Return the JSON body of a successful response."""
    response = await http.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def listed(http: httpx.AsyncClient, **query: Any) -> list[str]:
    """Return the serials of a list, page by page."""
    serials: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(http, "/serials", limit=2, **query, **cursor)
        serials += [item["serial"] for item in page["items"]]
        if page["next"] is None:
            return serials
        cursor = {"cursor": page["next"]}


async def assert_listed(http: httpx.AsyncClient, serials: list[str], **query: Any) -> None:
    """Assert that the list has these serials, and that the counts agree with it."""
    assert await listed(http, **query) == serials, query
    total = sum(count["units"] for count in (await get(http, "/serials/counts", **query)).values())
    assert total == len(serials), query


@pytest.mark.usefixtures("forced_plan")
async def test_units_are_found_by_their_documents(
    harness: SerialsHarness, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customer, order, shipment, receipt and time of change find the same units by each plan (S31, S46)."""
    monkeypatch.setattr(counts, "ROW_CAP", 1)
    messages, customer = ProductMessages(harness.sku), harness.scoped_id("C")
    first_receipt, second_receipt = harness.scoped_id("R-1"), harness.scoped_id("R-2")
    shipped, allocated, stored, expected, moved = serials = serial_numbers(5)
    await harness.handle(messages.expect(serials, receipt=first_receipt))
    await harness.handle(messages.cancel_expectation([moved], 2, receipt=first_receipt))
    await harness.handle(messages.expect([moved], 3, receipt=second_receipt))
    await harness.handle(messages.receive([shipped, allocated, stored], receipt=first_receipt))
    await harness.handle(messages.put_away([shipped, allocated, stored]))
    await harness.handle(messages.request_allocation(1, serials=[shipped], customer=customer))
    await harness.handle(messages.pick(1, [shipped]))
    await harness.handle(messages.dispatch(1, [shipped]).model_copy(update={"customer": customer}))
    since = datetime.now(UTC).isoformat()
    await harness.handle(messages.request_allocation(2, serials=[allocated], customer=customer))
    await assert_listed(http, [shipped, allocated], customer=customer, sku=harness.sku)
    await assert_listed(http, [allocated], customer=customer, q=allocated[-3:])
    await assert_listed(http, [shipped], shipment="SH-1", sku=harness.sku)
    await assert_listed(http, [shipped, allocated, stored, expected], receipt=first_receipt)
    await assert_listed(http, [moved], receipt=second_receipt)
    await assert_listed(http, [allocated, stored], receipt=first_receipt, location=SHELF)
    await assert_listed(http, [allocated], changed_since=since, sku=harness.sku)
    await assert_listed(http, [allocated], changed_since=since, order=messages.order_id(2))
    assert await listed(http, receipt=first_receipt, status="EXPECTED") == [expected]
    assert (await http.get("/serials", params={"changed_since": "yesterday"})).status_code == 400


@pytest.mark.usefixtures("forced_plan")
async def test_units_are_found_by_their_expiry(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """A range of expiry dates includes its first day and excludes its end; undated units are in none (S29)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(4)
    for serial, expiry in zip(serials, (date(2091, 1, 1), date(2091, 1, 2), date(2091, 1, 3), None), strict=True):
        await harness.handle(messages.receive([serial], expiry=expiry))
    await assert_listed(http, serials[:2], sku=harness.sku, expiring_before="2091-01-03")
    await assert_listed(http, serials[1:3], sku=harness.sku, expiring_from="2091-01-02")
    await assert_listed(http, serials[1:2], sku=harness.sku, expiring_from="2091-01-02", expiring_before="2091-01-03")
    await assert_listed(http, serials, sku=harness.sku)


async def test_units_are_sorted(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Pages in each order neither skip nor repeat units; other orders are refused with the allowed ones (S31)."""
    messages = ProductMessages(harness.sku)
    first, second, third, undated = serials = serial_numbers(4)
    for serial, expiry in ((third, 1), (undated, None), (first, 2), (second, 2)):
        await harness.handle(messages.receive([serial], expiry=expiry and date(2092, 1, expiry)))
    orders = {
        "serial": serials, "expiry": [third, first, second], "-expiry": [second, first, third],
        "created_at": [third, undated, first, second], "-created_at": [second, first, undated, third],
    }  # fmt: skip
    for sort, expected in orders.items():
        assert await listed(http, sku=harness.sku, sort=sort) == expected
        assert await listed(http, sku=harness.sku, sort=sort, receipt="R-1", q="SN-0") == expected
    page = await get(http, "/serials", sku=harness.sku, sort="expiry", limit=1)
    for query in ({"sort": "-expiry", "cursor": page["next"]}, {"sort": "location"}):
        response = await http.get("/serials", params={"sku": harness.sku, **query})
        assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert all(f"'{sort}'" in response.text for sort in orders)
