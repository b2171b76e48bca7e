"""Long queues and full shelves: what is loaded is bounded, and nobody who could be served is missed."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, TextClause

from shared.contracts.commands.serials import Adjust, Hold, Lift
from shared.database import Transaction
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names, parts


async def stock(line: Line, serials: list[str], **label: Any) -> None:
    """Put units into storage."""
    say = Saying(line.sku)
    for run in parts(serials):
        await line.say(say.receive(run, **label))
        await line.say(say.put_away(run))


async def given(line: Line) -> dict[str, list[str]]:
    """What stands under each demand."""
    rows = await line.rows(
        "SELECT demand, array_agg(serial ORDER BY serial) AS units FROM serial_state WHERE sku = :sku AND demand <> '' "
        "GROUP BY demand",
        sku=line.sku,
    )
    return {row["demand"].rpartition("-")[2]: row["units"] for row in rows}


async def test_a_withdrawn_demand_does_not_stand_in_the_way(line: Line) -> None:
    """What a withdrawn demand gives back goes to the next, though the withdrawn one still stood first in line (S11)."""
    say = Saying(line.sku)
    await stock(line, names(1))
    await line.say(say.want(1, 2), say.want(2, 1))
    await line.say(say.give_up(1))
    assert await given(line) == {"2": names(1)}


async def test_a_single_lot_counts_what_lies_there_already(line: Line) -> None:
    """A demand for one lot alone is served when stored and new units of a lot together fill it, not before (S27)."""
    say = Saying(line.sku)
    await stock(line, names(2), lot="L-1")
    await stock(line, names(2, first=11), lot="L-2")
    await line.say(say.want(1, 4, single_lot=True), say.want(2, 3, single_lot=True, lots=["L-1", "L-3"]))
    assert await given(line) == {}
    await stock(line, names(1, first=13), lot="L-2")
    assert await given(line) == {}
    await stock(line, names(1, first=3), lot="L-1")
    assert await given(line) == {"2": names(3)}
    await line.say(say.deallocate(2, names(1), again=True, hold="SP-1"))
    await stock(line, names(1, first=14), lot="L-2")
    assert await given(line) == {"1": names(4, first=11), "2": names(2, first=2)}
    await stock(line, names(1, first=4), lot="L-1")
    assert await given(line) == {"1": names(4, first=11), "2": names(3, first=2)}


async def test_named_units_are_found_by_their_names(line: Line) -> None:
    """A unit that a demand names goes to it when it comes free, past a queue that it does not fit."""
    say = Saying(line.sku)
    await line.say(*(say.want(number, 1, serials=[f"SN-{number:05}"]) for number in range(100, 400)))
    await stock(line, ["SN-00250", "SN-00002", "SN-90000"])
    assert await given(line) == {"250": ["SN-00250"]}
    await stock(line, ["SN-00003"])
    assert await given(line) == {"250": ["SN-00250"]}


async def test_a_hold_is_lifted_into_the_queue(line: Line) -> None:
    """What a lifted hold or a found unit frees goes to who waits, the higher priority first."""
    say = Saying(line.sku)
    await stock(line, names(2))
    await line.say(Hold(sku=line.sku, serials=names(1), hold="H-1", reason="suspicion"))
    await line.say(Adjust(sku=line.sku, serials=names(1, first=2), adjustment="LOST", reason="count"))
    told = await line.say(say.want(1), say.want(2, priority=9))
    skipped = [it["skipped"] for it in told.data("serial.allocated.v1")]
    assert skipped == [[{"reason": "on hold", "count": 1}]] * 2
    await line.say(Adjust(sku=line.sku, serials=names(1, first=2), adjustment="FOUND", reason="count"))
    assert await given(line) == {"2": ["SN-00002"]}
    await line.say(Lift(sku=line.sku, hold="H-1", reason="cleared"))
    assert await given(line) == {"1": ["SN-00001"], "2": ["SN-00002"]}


async def test_loads_are_bounded(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit put away into a queue of a thousand, one order to a shelf of a thousand: few rows are read."""
    say = Saying(line.sku)
    full = Line(line.engine)
    await stock(full, names(1000))
    for start in range(0, 1000, 500):
        await line.say(*(say.want(number) for number in range(start, start + 500)))
    await line.say(say.receive(names(1)))
    rows, most = Transaction.rows, 0

    async def counted(self: Transaction, statement: TextClause, values: Any = None) -> Sequence[Row[Any]]:
        nonlocal most
        found = await rows(self, statement, values)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(Transaction, "rows", counted)
    await line.say(say.put_away(names(1)))
    assert await given(line) == {"0": names(1)}
    await full.say(Saying(full.sku).want(1, 2))
    assert most < 10
