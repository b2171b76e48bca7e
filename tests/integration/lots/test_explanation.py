"""Explanation of an allocation: why this stock, which was passed over, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, OUTBOUND, RACK, SHELF

TODAY = datetime.now(UTC).date()


async def receive(harness: LotsHarness, **days_by_lot: int) -> None:
    """Receive ten of each lot, which expires after a number of days."""
    messages = harness.messages
    await harness.handle(
        messages.receive(
            *(messages.received_lot(lot, 10, TODAY + timedelta(days=days)) for lot, days in days_by_lot.items())
        )
    )


async def explain(http: httpx.AsyncClient, messages: OrderMessages, number: int) -> Any:
    """Return the explanation of a demand."""
    response = await http.get(f"/demands/{messages.demand_id(number)}/explanation")
    assert response.status_code == 200, response.text
    return response.json()


def passed_over(explanation: Any) -> list[tuple[str, str | None, float, str]]:
    """Return lot, location, quantity and reason of the stock passed over."""
    return [(row["lot"], row["location"], row["quantity"], row["reason"]) for row in explanation["passed_over"]]


async def test_full_line_names_the_stock_passed_over(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A filled line shows its stock in FEFO order, and each quantity that came before it with the reason (S27)."""
    messages = OrderMessages(harness.sku)
    await receive(harness, E=-2, H=40, D=50, T=60, C=70, L=80)
    await harness.handle(
        messages.put_away("E", 10, "EAST/A-04"), messages.put_away("H", 10), messages.place_hold("H", "H-1"),
        messages.adjust("D", 2.5, "LOST", DOCK), messages.put_away("T", 4, BIN), messages.put_away("C", 10, RACK),
    )  # fmt: skip
    await harness.handle(messages.request_allocation(1, 4))
    await harness.handle(messages.request_allocation(2, 3))
    explanation = await explain(http, messages, 2)
    assert (explanation["rule"], explanation["open_quantity"]) == ("FEFO", 0)
    (row,) = explanation["allocated"]
    assert (row["lot"], row["location"], row["quantity"], row["status"]) == ("C", RACK, 3, "ALLOCATED")
    assert row["expiry"] == str(TODAY + timedelta(days=70))
    expected = [
        ("E", "EAST/A-04", 10, "expired"), ("H", SHELF, 10, "on hold"), ("D", None, 2.5, "lost"),
        ("D", DOCK, 7.5, "not in an active storage location"), ("T", DOCK, 6, "not in an active storage location"),
        ("T", BIN, 4, "allocated to another order line"),
    ]  # fmt: skip
    assert set(passed_over(explanation)) == set(expected)
    assert [row["lot"] for row in explanation["passed_over"]] == ["E", "H", "D", "D", "T", "T"]
    taken = next(row for row in explanation["passed_over"] if row["location"] == BIN)
    assert (taken["order"], taken["order_line"]) == (messages.order_id(1), "1")
    assert {"reason": "not in an active storage location", "quantity": 13.5} in explanation["passed_over_totals"]
    await harness.handle(messages.pick(2, messages.lot_at_location("C", 3, RACK)))
    await harness.handle(messages.dispatch(2, {"C": 1}))
    after = await explain(http, messages, 2)
    assert {row["status"]: (row["quantity"], row["location"]) for row in after["allocated"]} == {
        "PICKED": (2, OUTBOUND), "SHIPPED": (1, None),
    }  # fmt: skip
    assert passed_over(after) == passed_over(explanation)


async def test_short_line_names_all_other_stock(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A short line shows all stock that it has not got; a cancelled one shows none (S27)."""
    messages = OrderMessages(harness.sku)
    await receive(harness, S=20, O=40, W=50)
    await harness.handle(
        messages.put_away("S", 10), messages.put_away("O", 10, BIN), messages.put_away("W", 2.5, RACK),
        messages.adjust("W", 7.5, "LOST", DOCK), messages.adjust("W", 1.5, "FOUND", RACK),
    )  # fmt: skip
    await harness.handle(messages.request_allocation(1, 5, lots=["W", "S"], min_remaining_shelf_life_days=30))
    explanation = await explain(http, messages, 1)
    assert (explanation["rule"], explanation["open_quantity"]) == ("NAMED_LOTS", 1)
    assert explanation["min_expiry"] == str(TODAY + timedelta(days=30))
    assert passed_over(explanation) == [
        ("S", SHELF, 10, "remaining shelf life too short for this order"), ("O", BIN, 10, "lot not requested"),
        ("W", None, 6, "lost"),
    ]  # fmt: skip
    await harness.handle(messages.cancel_allocation(1), messages.cancel_allocation(9))
    assert passed_over(await explain(http, messages, 1)) == []
    assert (await explain(http, messages, 9))["quantity"] is None
    assert (await http.get("/demands/none/explanation")).status_code == 404


async def test_single_lot_line_names_the_other_lots(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A single-lot line passes over lots that are too small, and later all lots but its own (S27)."""
    messages = OrderMessages(harness.sku)
    await receive(harness, S=20, W=50)
    await harness.handle(messages.put_away("S", 4))
    await harness.handle(messages.request_allocation(1, 6, single_lot=True))
    explanation = await explain(http, messages, 1)
    assert explanation["rule"] == "SINGLE_LOT"
    assert ("S", SHELF, 4, "lot cannot fill the line alone") in passed_over(explanation)
    await harness.handle(messages.put_away("W", 10, BIN))
    explanation = await explain(http, messages, 1)
    assert [(row["lot"], row["quantity"]) for row in explanation["allocated"]] == [("W", 6)]
    assert ("S", SHELF, 4, "other lot than that of the line") in passed_over(explanation)


async def test_stock_under_investigation_is_named(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A quantity that a picker did not find is passed over as under investigation (S27)."""
    messages = OrderMessages(harness.sku)
    await receive(harness, S=20, W=50)
    await harness.handle(
        messages.put_away("S", 10), messages.put_away("W", 10, BIN), messages.request_allocation(1, 12)
    )
    await harness.handle(messages.deallocate(1, messages.lot_at_location("S", 3), variance_id="V-1", reallocate=True))
    explanation = await explain(http, messages, 1)
    assert [(row["lot"], row["quantity"]) for row in explanation["allocated"]] == [("S", 7), ("W", 5)]
    assert passed_over(explanation) == [("S", SHELF, 3, "under investigation")]
