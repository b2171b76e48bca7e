"""Counts in the database: books of their time, late movements, discrepancies, and what they cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx

from shared.contracts.envelope import Message
from shared.persistence.database import Transaction
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.auth import bearer
from tests.support.events import to_event
from tests.support.harness import ProcessingResult
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, OUTBOUND, RACK, SHELF, STAGE


async def play(harness: LotsHarness, minute: int, *messages: Message) -> ProcessingResult:
    """Handle messages that occurred at a minute of the last hours."""
    start = Transaction.clock() - timedelta(hours=10)
    return await harness.handle_events(
        [to_event(message, time=start + timedelta(minutes=minute)) for message in messages]
    )


async def put_away_hundred(harness: LotsHarness) -> OrderMessages:
    """Put a hundred of lot B-1 on the shelf."""
    messages = OrderMessages(harness.sku)
    await play(harness, 0, messages.receive(messages.received_lot("B-1", 100)))
    await play(harness, 1, messages.put_away("B-1", 100))
    return messages


async def quantities(harness: LotsHarness) -> dict[str, tuple[int, int]]:
    """The quantities on hand and allocated by location."""
    balances = await harness.balances()
    return {location: (int(on_hand), int(allocated)) for (_, location), (on_hand, allocated) in balances.items()}


async def stored_counts(harness: LotsHarness) -> list[tuple[Any, ...]]:
    """Location, counted quantity, books, variance and status of the counts."""
    rows = await harness.fetch_all(
        "SELECT location, counted, books, variance, status FROM stock_count WHERE sku = :sku ORDER BY id",
        sku=harness.sku,
    )
    return [tuple(row.values()) for row in rows]


async def test_a_late_count_and_a_late_movement(harness: LotsHarness) -> None:
    """A count is compared with the books of its time; an earlier movement that arrives later changes its variance."""
    messages = await put_away_hundred(harness)
    await play(harness, 2, messages.request_allocation(1, 40))
    await play(harness, 20, messages.pick(1, messages.lot_at_location("B-1", 40)))
    result = await play(harness, 10, messages.count("B-1", 100))
    assert (result.error_codes(), result.event_types()) == ([], ["lot.counted.v1"])
    assert await quantities(harness) == {SHELF: (60, 0)}
    await play(
        harness, 40, messages.count("B-1", 50), messages.count("B-1", 10, BIN), messages.count("B-1", 40, OUTBOUND)
    )
    result = await play(harness, 30, messages.move("B-1", 10, BIN))
    assert result.error_codes() == []
    assert [(event["location"], event["adjustment"]) for event in result.data_of("lot.adjusted.v1")] == [
        (SHELF, "COUNT_GAIN"), (BIN, "COUNT_LOSS"),
    ]  # fmt: skip
    assert await quantities(harness) == {SHELF: (50, 0), BIN: (10, 0)}
    assert await stored_counts(harness) == [
        (SHELF, 100, 100, 0, "SETTLED"),
        (SHELF, 50, 50, 0, "SETTLED"),
        (BIN, 10, 10, 0, "SETTLED"),
        (OUTBOUND, 40, 40, 0, "SETTLED"),
    ]
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_missing_stock_of_orders_is_published(harness: LotsHarness) -> None:
    """Missing picked stock and the allocations above the counted quantity are those of the lowest priority."""
    messages = await put_away_hundred(harness)
    for number, priority in ((1, 5), (2, 9), (3, 1)):
        await play(harness, 2, messages.request_allocation(number, 20, priority=priority))
        await play(harness, 3, messages.pick(number, messages.lot_at_location("B-1", 10)))
    result = await play(harness, 10, messages.count("B-1", 15), messages.count("B-1", 18, OUTBOUND))
    missing = {
        event["location"]: [(affected["order"], affected["quantity"]) for affected in event["stock"]]
        for event in result.data_of("lot.stock_missing.v1")
    }
    assert missing == {
        SHELF: [(messages.order_id(3), 10), (messages.order_id(1), 5)],
        OUTBOUND: [(messages.order_id(3), 10), (messages.order_id(1), 2)],
    }
    [counted] = [event for event in result.data_of("lot.counted.v1") if event["location"] == OUTBOUND]
    assert sorted(picked["order"] for picked in counted["picked"]) == [
        messages.order_id(number) for number in (1, 2, 3)
    ]
    assert await quantities(harness) == {SHELF: (15, 30)}
    await play(harness, 11, messages.dispatch(1, {"B-1": 10}))
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_late_movements_between_counts(harness: LotsHarness, second_harness: LotsHarness) -> None:
    """Each changes the first count after it, so that the next finds the books of its time; one statement loads them."""
    start, statement_counts = Transaction.clock() - timedelta(hours=10), []
    for current, size in ((harness, 1), (second_harness, 20)):
        messages, lots = OrderMessages(current.sku), [f"L-{number}" for number in range(size)]
        await play(current, 0, messages.receive(*(messages.received_lot(lot, 100) for lot in lots)))
        batches: list[tuple[int, list[Message]]] = [
            (minute, [messages.count(lot, counted, DOCK) for lot in lots])
            for minute, counted in ((12, 43), (12, 40), (16, 0))
        ]
        batches += [
            (minute, [messages.move(lot, quantity, location, DOCK) for lot in lots])
            for minute, quantity, location in ((10, 57, STAGE), (14, 40, OUTBOUND))
        ]
        for minute, batch in batches:
            at = start + timedelta(minutes=minute)
            result = await current.handle_events([to_event(message, time=at) for message in batch])
            assert result.error_codes() == []
        statement_counts.append(result.statement_count)
        variances = [int(count[3]) for count in await stored_counts(current)]
        assert sorted(variances) == sorted([0, -3, 0] * size)
    assert statement_counts[0] == statement_counts[1]
    assert await quantities(harness) == {STAGE: (57, 0), OUTBOUND: (40, 0)}


async def test_a_departure_from_before_the_count_of_its_stage(harness: LotsHarness) -> None:
    """The stock on hand that the count missed instead is back."""
    messages = await put_away_hundred(harness)
    await play(harness, 2, messages.request_allocation(1, 15))
    await play(harness, 3, messages.pick(1, messages.lot_at_location("B-1", 15)))
    await play(harness, 4, messages.count("B-1", 20, OUTBOUND))
    for minute in (20, 25):
        await play(harness, minute, messages.count("B-1", 5, OUTBOUND))
    await play(harness, 10, messages.dispatch(1, {"B-1": 15}))
    assert await quantities(harness) == {SHELF: (85, 0), OUTBOUND: (5, 0)}
    assert [count[3] for count in await stored_counts(harness)] == [5, 0, 0]
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_a_discrepancy_is_settled_by_a_later_count(harness: LotsHarness) -> None:
    """A loss that left with a later move is kept; the next count there ends it."""
    messages = await put_away_hundred(harness)
    await play(harness, 20, messages.move("B-1", 100, BIN))
    await play(harness, 10, messages.count("B-1", 90))
    assert await stored_counts(harness) == [(SHELF, 90, 100, -10, "DISCREPANCY")]
    await play(harness, 30, messages.count("B-1", 0))
    assert await stored_counts(harness) == [(SHELF, 90, 100, -10, "SUPERSEDED"), (SHELF, 0, 0, 0, "SETTLED")]


async def test_statements_are_constant(harness: LotsHarness, second_harness: LotsHarness) -> None:
    """A batch of counts takes the same number of statements whatever its size."""
    statement_counts = []
    for current, size in ((harness, 2), (second_harness, 20)):
        messages = OrderMessages(current.sku)
        lots = [f"L-{number}" for number in range(size)]
        await play(current, 0, messages.receive(*(messages.received_lot(lot, 10) for lot in lots), location=SHELF))
        result = await play(current, 10, *(messages.count(lot, Decimal(9)) for lot in lots))
        assert len(result.data_of("lot.adjusted.v1")) == size
        statement_counts.append(result.statement_count)
    assert statement_counts[0] == statement_counts[1]


async def test_counts_over_http(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A count says when it was taken and how wrong the clock is; counts and mixed locations are listed (S22, S30)."""
    messages = await put_away_hundred(harness)
    await play(harness, 5, messages.receive(messages.received_lot("B-2", 4)))
    await play(harness, 20, messages.move("B-1", 40, BIN))
    counted_at = Transaction.clock() - timedelta(hours=10) + timedelta(minutes=19)
    body = {
        "sku": harness.sku, "lot": "B-1", "location": SHELF, "counted": 98, "reason": "cycle count",
        "counted_at": (counted_at + timedelta(seconds=90)).isoformat(), "clock_error_seconds": 90,
    }  # fmt: skip
    headers = {"Idempotency-Key": harness.scoped_id("K"), **bearer("ann")}
    answer = await http.post("/counts", json=body, headers=headers)
    assert (answer.status_code, answer.json()["books"], answer.json()["variance"]) == (200, 100, -2)
    assert [place["on_hand"] for place in answer.json()["locations"]] == [58]
    await play(harness, 30, messages.count("B-2", 3, BIN))
    late_body = body | {"counted_at": (counted_at - timedelta(hours=70)).isoformat()}
    late = await http.post("/counts", json=late_body, headers=headers | {"Idempotency-Key": harness.scoped_id("K2")})
    assert (late.status_code, late.json()["code"]) == (409, "count_too_old")
    query = {"sku": harness.sku}
    counts = (await http.get("/counts", params=query)).json()["items"]
    assert [(row["lot"], row["location"], row["status"], row["code"]) for row in counts] == [
        ("B-2", BIN, "DISCREPANCY", "mixed_lots_not_allowed"),
        ("B-1", SHELF, "SETTLED", None),
    ]
    assert len((await http.get("/counts", params=query | {"status": "DISCREPANCY"})).json()["items"]) == 1
    assert (await http.get("/mixed-locations", params=query)).json()["items"] == []
    await play(harness, 40, messages.receive(messages.received_lot("B-2", 1), location=BIN))
    mixed = (await http.get("/mixed-locations", params=query)).json()["items"]
    assert [(row["location"], row["lot"], row["on_hand"]) for row in mixed] == [(BIN, "B-1", 40), (BIN, "B-2", 1)]
    assert (await http.get("/mixed-locations.csv", params=query)).text.count(harness.sku) == 2
    [result] = (await play(harness, 50, messages.adjust("B-1", 1, "FOUND", RACK))).results
    assert not result.violations
    [result] = (await play(harness, 50, messages.adjust("B-2", 1, "FOUND", RACK))).results
    assert result.violations[0].code == "mixed_lots_not_allowed"
