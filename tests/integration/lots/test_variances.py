"""Variances of short picks with the database, and their report (S11, S20)."""

import httpx

from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.integration.lots.test_reports import csv_rows, report_rows
from tests.support.events import to_event
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import SHELF


async def stock_two_orders(harness: LotsHarness) -> OrderMessages:
    """Two orders of 5 and 4 on a shelf of 10."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("B-1")))
    await harness.handle(messages.put_away("B-1"))
    await harness.handle(messages.request_allocation(1, 5), messages.request_allocation(2, 4))
    return messages


async def test_variance_is_listed_until_a_count(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """The report names what is missing where, for whom and since when; the count settles it."""
    messages = await stock_two_orders(harness)
    missing = messages.lot_at_location("B-1", 2)
    result = await harness.handle(messages.deallocate(1, missing, reallocate=True, variance_id="V-1", remaining=7))
    assert result.event_types() == ["lot.deallocated.v1", "lot.variance_changed.v1", "lot.allocated.v1"]
    [row] = await report_rows(http, "variances", sku=harness.sku, status="OPEN")
    assert (row["variance_id"], row["lot"], row["location"], row["order"]) == (
        "V-1", "B-1", SHELF, messages.order_id(1),
    )  # fmt: skip
    assert (row["quantity"], row["missing"], row["remaining"], row["count_due"]) == (2, 3, 7, True)
    [stock] = await report_rows(http, "stock", sku=harness.sku)
    assert (stock["on_hand"], stock["allocated"], stock["available"], stock["missing"]) == (10, 7, 0, 3)
    lot = (await http.get(f"/lots/{harness.sku}/B-1")).json()
    assert [(place["location"], place["missing"]) for place in lot["locations"]] == [(SHELF, 3)]
    explanation = (await http.get(f"/demands/{messages.demand_id(1)}/explanation")).json()
    assert (SHELF, 3, "under investigation") in [
        (stock["location"], stock["quantity"], stock["reason"]) for stock in explanation["passed_over"]
    ]
    await harness.handle(messages.count("B-1", 7))
    assert await report_rows(http, "variances", sku=harness.sku, status="OPEN") == []
    [settled] = await csv_rows(http, "variances", sku=harness.sku, location=SHELF, order=messages.order_id(1))
    assert (settled["status"], settled["settlement"], settled["missing"]) == ("SETTLED", "COUNTED", "0")
    assert list(map(int, (await harness.balances())["B-1", SHELF])) == [7, 7]
    await assert_reconciled(harness)


async def test_report_is_applied_once(harness: LotsHarness) -> None:
    """The same report again changes nothing."""
    messages = await stock_two_orders(harness)
    missing = messages.lot_at_location("B-1", 2)
    event = to_event(messages.deallocate(1, missing, reallocate=True, variance_id="V-1"))
    await harness.handle_events([event])
    await harness.handle_events([event])
    rows = await harness.fetch_all("SELECT quantity, missing FROM variance WHERE sku = :sku", sku=harness.sku)
    assert [(row["quantity"], row["missing"]) for row in rows] == [(2, 2)]
