"""Adjustments, counts and holds, with the database."""

from decimal import Decimal

from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.messages.lots import BIN, DOCK, SHELF
from tests.support.messages.reference import product_changed


async def put_away_lot(harness: LotsHarness, quantity: int = 10) -> None:
    """Receive a lot and put it away on the shelf."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", quantity)))
    await harness.handle(messages.put_away("B-1", quantity))


async def test_adjustments_and_counts_are_recorded_in_the_ledger(harness: LotsHarness) -> None:
    """Every quantity change is a ledger entry with reason and actor; the entries sum to the balance (S22)."""
    await put_away_lot(harness)
    messages = harness.messages
    result = await harness.handle(
        messages.adjust("B-1", "1.25", "SCRAPPED"), messages.adjust("B-1", 2, "LOST"),
        messages.adjust("B-1", "0.5", "FOUND"), messages.count("B-1", 8), messages.count("B-1", 5),
        messages.count("B-1", 5),
    )  # fmt: skip
    assert [(event["adjustment"], event["quantity"]) for event in result.data_of("lot.adjusted.v1")] == [
        ("SCRAPPED", 1.25), ("LOST", 2), ("FOUND", 0.5), ("COUNT_GAIN", 0.75), ("COUNT_LOSS", 3),
    ]  # fmt: skip
    assert await harness.balances() == {("B-1", SHELF): (Decimal(5), Decimal(0))}
    rows = await harness.fetch_all("SELECT * FROM ledger WHERE sku = :sku ORDER BY id", sku=harness.sku)
    assert [row["change"] for row in rows][:4] == ["RECEIVED", "PUT_AWAY", "PUT_AWAY", "SCRAPPED"]
    assert {(row["reason"], row["actor"]) for row in rows[3:6]} == {("damaged", "anna")}
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_held_stock_can_be_moved_and_counted(harness: LotsHarness) -> None:
    """Held stock can be moved and counted; the hold on a location follows the stock moved from it."""
    await put_away_lot(harness)
    messages = harness.messages
    await harness.handle(messages.place_hold("B-1", "H-1", SHELF))
    result = await harness.handle(
        messages.move("B-1", 4, BIN), messages.count("B-1", 5), messages.adjust("B-1", 1, "SCRAPPED")
    )
    assert result.error_codes() == []
    [hold_event] = result.data_of("lot.hold_placed.v1")
    assert (hold_event["hold_id"], hold_event["location"]) == ("H-1", BIN)
    release_result = await harness.handle(messages.release_hold("H-1"))
    assert [event["location"] for event in release_result.data_of("lot.hold_released.v1")] == [SHELF, BIN]


async def test_hold_ids_are_unique(harness: LotsHarness) -> None:
    """A hold id is used once, even after the release; an unknown hold cannot be released."""
    await put_away_lot(harness)
    messages = harness.messages
    result = await harness.handle(messages.place_hold("B-1", "H-1"), messages.place_hold("B-1", "H-1", SHELF))
    assert result.error_codes() == ["hold_exists"]
    assert (await harness.handle(messages.release_hold("H-1"))).error_codes() == []
    assert (await harness.handle(messages.release_hold("H-1"))).error_codes() == ["hold_not_found"]
    assert (await harness.handle(messages.place_hold("B-1", "H-1"))).error_codes() == ["hold_exists"]


async def test_insufficient_stock_is_rejected(harness: LotsHarness) -> None:
    """More than the available quantity is rejected, and the rejection states that quantity."""
    await put_away_lot(harness)
    messages = harness.messages
    result = await harness.handle(
        messages.move("B-1", 11, BIN),
        messages.adjust("B-1", "10.000001", "LOST"),
        messages.adjust("B-1", 1, "LOST", DOCK),
    )
    assert result.error_codes() == ["insufficient_stock"] * 3
    assert "10 on hand, 10 available, 0 allocated" in result.results[0].violations[0].detail


async def test_large_quantities_are_split_over_messages(harness: LotsHarness) -> None:
    """A change of more than a million is published in parts; a balance may exceed the largest count."""
    await put_away_lot(harness)
    messages = harness.messages
    result = await harness.handle(
        messages.count("B-1", "2500000.5"), messages.count("B-1", 999_999_999), messages.adjust("B-1", 10**6, "FOUND")
    )
    assert result.error_codes() == []
    assert [event["quantity"] for event in result.data_of("lot.adjusted.v1")][:3] == [10**6, 10**6, 499990.5]
    assert await harness.balances() == {("B-1", SHELF): (Decimal(1_000_999_999), Decimal(0))}
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_untracked_product_can_be_counted(untracked_harness: LotsHarness) -> None:
    """Untracked stock is a lot without number and dates, with the same commands and ledger (S01)."""
    harness, messages = untracked_harness, untracked_harness.messages
    received_lot = messages.received_lot("", "7.5", None)
    result = await harness.handle(messages.receive(received_lot, received_lot).model_copy(update={"tracking": "NONE"}))
    assert [event["quantity"] for event in result.data_of("lot.received.v1")] == [7.5, 7.5]
    result = await harness.handle(
        messages.put_away("", 10), messages.move("", 4, BIN), messages.count("", 3, BIN),
        messages.place_hold("", "H-1", BIN), messages.correct_dates("", None), messages.put_away("B-1", 1),
    )  # fmt: skip
    assert result.error_codes() == ["lot_not_found", "lot_not_found"]
    assert await harness.balances() == {
        ("", DOCK): (Decimal(5), Decimal(0)), ("", SHELF): (Decimal(6), Decimal(0)),
        ("", BIN): (Decimal(3), Decimal(0)),
    }  # fmt: skip
    assert await assert_reconciled(harness) == [("", "EAST")]


async def test_quantity_precision_of_the_product(harness: LotsHarness) -> None:
    """A quantity finer than the product's precision cannot be moved, counted or adjusted (S14)."""
    messages = harness.messages
    await harness.handle(product_changed(harness.sku, "LOT", version=2, decimals=0))
    await put_away_lot(harness)
    fractional_commands = [
        messages.move("B-1", "0.5", BIN), messages.count("B-1", "9.5"), messages.adjust("B-1", "0.5", "SCRAPPED"),
        messages.put_away("B-1", "0.5"),
    ]  # fmt: skip
    result = await harness.handle(*fractional_commands)
    assert result.error_codes() == ["quantity_precision"] * 4
    assert result.event_types() == ["lot.rejected.v1"] * 4
    assert (await harness.handle(messages.count("B-1", "9.000"))).error_codes() == []
    await harness.handle(product_changed(harness.sku, "LOT", version=3, decimals=1))
    assert (await harness.handle(*fractional_commands[:3])).error_codes() == []
    on_hand = {location: quantity for (_, location), (quantity, _) in (await harness.balances()).items()}
    assert on_hand == {SHELF: 9, BIN: Decimal("0.5")}
