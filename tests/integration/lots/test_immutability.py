"""Database permissions, constraints, concurrent writes and statement counts."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.persistence.database import transaction
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.messages.lots import BIN, DOCK, LATE_EXPIRY, OUTBOUND, SHELF, STAGE
from tests.support.messages.reference import location_changed

FORBIDDEN_STATEMENTS = [
    "UPDATE ledger SET on_hand = on_hand + 1",
    "UPDATE ledger SET actor = 'other'",
    "DELETE FROM ledger",
    "TRUNCATE ledger",
    "UPDATE correction SET reason = 'other'",
    "DELETE FROM correction",
    "UPDATE hold SET reason = 'other'",
    "DELETE FROM hold",
    "UPDATE lot SET lot = 'B-2'",
    "UPDATE balance SET lot = 'B-2'",
    "DELETE FROM balance",
    "UPDATE variance SET reason = 'other'",
    "DELETE FROM variance",
    "ALTER TABLE ledger DISABLE TRIGGER ALL",
    "DROP TABLE ledger",
]


@pytest.mark.parametrize("statement", FORBIDDEN_STATEMENTS)
async def test_ledger_corrections_and_lots_are_immutable(harness: LotsHarness, statement: str) -> None:
    """The service's role cannot change ledger entries, corrections or lot numbers (S22, S25)."""
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner") as raised:
        async with transaction(harness.engine) as tx:
            await tx.execute(text(statement))
    assert getattr(raised.value.orig, "sqlstate", "") == "42501"


@pytest.mark.parametrize(
    "change", ["on_hand = -1, allocated = -1", "allocated = 11", "allocated = -1", "missing = 11", "missing = -1"]
)
async def test_balance_constraints(harness: LotsHarness, change: str) -> None:
    """The database rejects a negative balance and one below its allocated quantity."""
    await harness.handle(harness.messages.receive(harness.messages.received_lot("B-1", 10)))
    with pytest.raises(DBAPIError, match="balance_check"):
        async with transaction(harness.engine) as tx:
            await tx.execute(text(f"UPDATE balance SET {change} WHERE sku = :sku"), {"sku": harness.sku})  # noqa: S608


async def test_concurrent_putaways_to_one_location(harness: LotsHarness) -> None:
    """Of concurrent putaways of eight lots to one empty location, one succeeds (S30)."""
    messages, lots = harness.messages, [f"B-{number}" for number in range(8)]
    await harness.handle(messages.receive(*(messages.received_lot(lot) for lot in lots)))
    results = await asyncio.gather(*(harness.handle(messages.put_away(lot, 10, SHELF)) for lot in lots))
    assert sorted(code for result in results for code in result.error_codes()) == ["mixed_lots_not_allowed"] * 7
    stored = [
        lot for (lot, location), (quantity, _) in (await harness.balances()).items() if location == SHELF and quantity
    ]
    assert len(stored) == 1
    assert await assert_reconciled(harness) == [(lot, "EAST") for lot in lots]


async def test_concurrent_withdrawals_from_one_balance(harness: LotsHarness) -> None:
    """Of 20 concurrent putaways of three out of ten, three succeed and the ledger agrees (S36)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    results = await asyncio.gather(
        *(harness.handle(messages.put_away("B-1", 3, location)) for location in [SHELF, BIN] * 10)
    )
    assert sorted(code for result in results for code in result.error_codes()) == ["insufficient_stock"] * 17
    assert (await harness.balances())["B-1", DOCK] == (Decimal(1), Decimal(0))
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def _play_lifecycle(harness: LotsHarness, lots: int) -> list[int]:
    """The statement count of each batch in a lifecycle of a number of lots."""
    messages, lot_locations = harness.messages, [(f"B-{number}", f"EAST/R-{number}") for number in range(lots)]
    batches: list[list[Any]] = [
        [location_changed(location, pick_sequence=900) for _, location in lot_locations],
        [messages.receive(messages.received_lot(lot)) for lot, _ in lot_locations],
        [messages.receive(messages.received_lot(lot, 1, LATE_EXPIRY, hold_id=f"HS-{lot}")) for lot, _ in lot_locations],
        [messages.correct_dates(lot, LATE_EXPIRY) for lot, _ in lot_locations],
        [messages.release_hold(f"HS-{lot}") for lot, _ in lot_locations],
        [messages.put_away(lot, 5, location) for lot, location in lot_locations],
        [messages.move(lot, 4, STAGE, DOCK) for lot, _ in lot_locations],
        [messages.place_hold(lot, f"H-{lot}", STAGE) for lot, _ in lot_locations],
        [messages.move(lot, 1, OUTBOUND, STAGE) for lot, _ in lot_locations],
        [messages.release_hold(f"H-{lot}") for lot, _ in lot_locations],
        [messages.adjust(lot, 1, "LOST", location) for lot, location in lot_locations],
        [messages.count(lot, 1, location) for lot, location in lot_locations],
        [messages.return_from_customer(lot, 2, f"RMA-{lot}") for lot, _ in lot_locations],
        [messages.dispose_return(lot, 2, "SCRAP", f"RMA-{lot}") for lot, _ in lot_locations],
        [messages.put_away(lot_locations[0][0], 1, location) for _, location in lot_locations[1:]],
        [messages.put_away(f"unknown {lot}", 1, location) for lot, location in lot_locations],
    ]
    results = [await harness.handle(*batch) for batch in batches]
    assert [code for result in results for code in result.error_codes()] == ["mixed_lots_not_allowed"] * (lots - 1) + [
        "lot_not_found"
    ] * lots
    assert not [result for result in results[:-2] if "lot.rejected.v1" in result.event_types()]
    assert len(await assert_reconciled(harness)) == lots
    return [result.statement_count for result in results]


async def test_statement_count_is_independent_of_lots(harness: LotsHarness, second_harness: LotsHarness) -> None:
    """A transaction takes as many statements for 300 lots as for two (S26)."""
    assert await _play_lifecycle(harness, 2) == await _play_lifecycle(second_harness, 300)
