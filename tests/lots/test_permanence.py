"""What the tables themselves refuse, and how many statements they are written with."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.reference import LocationChanged
from shared.database import transaction
from tests.lots.conftest import Line
from tests.lots.test_receipts import agree
from tests.unit.lots.making import BIN, DOCK, OUT, SHELF, STAGE, SUMMER

FORBIDDEN = [
    "UPDATE ledger SET on_hand = on_hand + 1",
    "UPDATE ledger SET actor = 'somebody else'",
    "DELETE FROM ledger",
    "TRUNCATE ledger",
    "UPDATE correction SET reason = 'another'",
    "DELETE FROM correction",
    "UPDATE hold SET reason = 'another'",
    "DELETE FROM hold",
    "UPDATE lot SET lot = 'B-2'",
    "UPDATE balance SET lot = 'B-2'",
    "DELETE FROM balance",
    "ALTER TABLE ledger DISABLE TRIGGER ALL",
    "DROP TABLE ledger",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_nobody_changes_what_has_been(line: Line, statement: str) -> None:
    """The service's own role can change no row of the ledger, no correction, no lot's number (S22, S25)."""
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner") as refused:
        async with transaction(line.engine) as tx:
            await tx.run(text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") == "42501"


@pytest.mark.parametrize("change", ["on_hand = -1, allocated = -1", "allocated = 11", "allocated = -1"])
async def test_no_balance_below_what_orders_have(line: Line, change: str) -> None:
    """The table itself refuses a balance below nothing, and one below what is allocated."""
    await line.say(line.saying.receive(line.saying.came("B-1", 10)))
    with pytest.raises(DBAPIError, match="balance_check"):
        async with transaction(line.engine) as tx:
            await tx.run(text(f"UPDATE balance SET {change} WHERE sku = :sku"), {"sku": line.sku})  # noqa: S608


async def test_two_putaways_race_for_a_place(line: Line) -> None:
    """Two lots are brought to one empty place at once: one is stored, the other refused and sent elsewhere (S30)."""
    say, lots = line.saying, [f"B-{number}" for number in range(8)]
    await line.say(say.receive(*(say.came(lot) for lot in lots)))
    told = await asyncio.gather(*(line.say(say.put_away(lot, 10, SHELF)) for lot in lots))
    assert sorted(code for it in told for code in it.codes()) == ["lots_mixed"] * 7
    stored = [
        lot for (lot, location), (quantity, _) in (await line.balances()).items() if location == SHELF and quantity
    ]
    assert len(stored) == 1
    assert await agree(line) == [(lot, "EAST") for lot in lots]


async def test_everybody_takes_from_one_balance(line: Line) -> None:
    """Of twenty who take three of ten each, three succeed, and the books agree (S36)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 10)))
    told = await asyncio.gather(*(line.say(say.put_away("B-1", 3, place)) for place in [SHELF, BIN] * 10))
    assert sorted(code for it in told for code in it.codes()) == ["not_enough"] * 17
    assert (await line.balances())["B-1", DOCK] == (Decimal(1), Decimal(0))
    assert await agree(line) == [("B-1", "EAST")]


async def _a_life(line: Line, lots: int) -> list[int]:
    """Play every message with so many lots; how many statements each batch took."""
    say, names = line.saying, [(f"B-{number}", f"EAST/R-{number}") for number in range(lots)]
    batches: list[list[Any]] = [
        [LocationChanged(location=place, version=1, type="STORAGE", pick_sequence=900) for _, place in names],
        [say.receive(say.came(lot)) for lot, _ in names],
        [say.receive(say.came(lot, 1, SUMMER, hold=f"HS-{lot}")) for lot, _ in names],
        [say.correct(lot, SUMMER) for lot, _ in names],
        [say.lift(f"HS-{lot}") for lot, _ in names],
        [say.put_away(lot, 5, place) for lot, place in names],
        [say.move(lot, 4, STAGE, DOCK) for lot, _ in names],
        [say.hold(lot, f"H-{lot}", STAGE) for lot, _ in names],
        [say.move(lot, 1, OUT, STAGE) for lot, _ in names],
        [say.lift(f"H-{lot}") for lot, _ in names],
        [say.adjust(lot, 1, "LOST", place) for lot, place in names],
        [say.count(lot, 1, place) for lot, place in names],
        [say.back(lot, 2, f"RMA-{lot}") for lot, _ in names],
        [say.dispose(lot, 2, "SCRAP", f"RMA-{lot}") for lot, _ in names],
        [say.put_away(names[0][0], 1, place) for _, place in names[1:]],
        [say.put_away(f"no {lot}", 1, place) for lot, place in names],
    ]
    told = [await line.say(*batch) for batch in batches]
    assert [code for it in told for code in it.codes()] == ["lots_mixed"] * (lots - 1) + ["not_yet_known"] * lots
    assert not [it for it in told[:-2] if "lot.rejected.v1" in it.types()]
    assert len(await agree(line)) == lots
    return [it.statements for it in told]


async def test_statements_do_not_grow_with_lots(line: Line, line_too: Line) -> None:
    """A transaction sends as many statements for 300 messages of as many lots as for two (S26)."""
    assert await _a_life(line, 2) == await _a_life(line_too, 300)
