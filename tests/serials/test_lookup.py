"""Looking units up, against an oracle that looks at every unit."""

from itertools import product as combinations
from typing import Any

import pytest

from services.serials.lookup.queries import search as looking
from services.serials.lookup.queries import unit as one
from services.serials.lookup.queries.search import Filters, counts, search
from services.serials.units.domain.transitions import STATUSES
from shared.contracts.commands.serials import Hold, Move, PutAway
from shared.contracts.receiving import ReceiptPlanned, UnitReceived
from shared.database import reading
from tests.serials.conftest import Line
from tests.unit.serials.making import BIN, DOCK, SHELF

ODD = ["AB-001", "ab-002", "Ab_003", "100%", "a\\b", "X/9", "0007", "zz ab 1"]


async def _stocked(line: Line) -> dict[str, str]:
    """Units of one product in three statuses; each unit's status by its serial."""
    serials = [*ODD, *(f"N-{n:04}" for n in range(60))]
    versions = [1] * len(serials)
    await line.say(
        ReceiptPlanned(
            receipt="R-1",
            warehouse="EAST",
            line="1",
            sku=line.sku,
            quantity=len(serials),
            serials=serials,
            versions=versions,
        )
    )
    came = serials[:40]
    await line.say(
        UnitReceived(receipt="R-1", line="1", sku=line.sku, serials=came, versions=[2] * 40, location=DOCK, session="S")
    )
    await line.say(PutAway(sku=line.sku, serials=came[:20], location=SHELF))
    return {
        serial: "IN_INVENTORY" if n < 20 else "RECEIVED" if n < 40 else "EXPECTED" for n, serial in enumerate(serials)
    }


async def _all(line: Line, filters: Filters, size: int) -> list[str]:
    """Every page of a search, as one list."""
    found: list[str] = []
    after = ("", "")
    async with reading(line.engine) as tx:
        while rows := await search(tx, filters, after, size):
            found += [row.serial for row in rows]
            after = (rows[-1].sku, rows[-1].serial)
    return found


@pytest.mark.parametrize("walk", [8000, 7])
async def test_search_finds_what_an_oracle_finds(line: Line, monkeypatch: pytest.MonkeyPatch, walk: int) -> None:
    """Part, beginning, case, wildcards, product and each status find exactly what they should (S31, S32, S33)."""
    monkeypatch.setattr(looking, "WALK", walk)
    units = await _stocked(line)
    needles = [None, "a", "AB", "ab-00", "%", "_00", "\\", "N-00", "-000", "0007", "zz AB", "nothing", "N-0059"]
    for q, status in combinations(needles, [None, *STATUSES]):
        expected = sorted(
            serial
            for serial, has in units.items()
            if (q is None or (q.lower() in serial.lower() if len(q) >= 3 else serial.lower().startswith(q.lower())))
            and status in (None, has)
        )
        for size in (7, 500):
            found = await _all(line, Filters(q=q, sku=line.sku, status=status), size)
            assert found == expected, (q, status, size)


async def test_search_by_place_order_and_hold(line: Line) -> None:
    """Warehouse, location and hold narrow the list, and the counts a status agree with it (S33, S35)."""
    units = await _stocked(line)
    here = [serial for serial, status in units.items() if status != "EXPECTED"][::9]
    await line.say(Hold(sku=line.sku, serials=here, hold="H-1", reason="look"))
    assert await _all(line, Filters(sku=line.sku, held=True), 50) == sorted(here)
    stored = sorted(serial for serial, status in units.items() if status == "IN_INVENTORY")
    assert await _all(line, Filters(sku=line.sku, location=SHELF), 50) == stored
    assert await _all(line, Filters(sku=line.sku, warehouse="WEST"), 50) == []
    async with reading(line.engine) as tx:
        assert await counts(tx, Filters(sku=line.sku)) == {
            status: list(units.values()).count(status) for status in STATUSES
        }
        found = await counts(tx, Filters(sku=line.sku, q="N-00"))
    assert sum(found.values()) == 60


async def test_a_unit_tells_its_whole_life(line: Line) -> None:
    """A unit opens with its place and history; its movements are the steps that took it elsewhere (S34, S35, S36)."""
    await _stocked(line)
    await line.say(Move(sku=line.sku, serials=["X/9"], location=BIN), actor="ben")
    async with reading(line.engine) as tx:
        unit = await one.unit(tx, f"{line.sku}/X/9")
        assert unit is not None
        steps = await one.history(tx, unit.id, after=0, movements=False, size=100)
        moves = await one.history(tx, unit.id, after=0, movements=True, size=100)
        assert await one.unit(tx, f"{line.sku}/x/9") is None
    assert (unit.status, unit.warehouse, unit.location) == ("IN_INVENTORY", "EAST", BIN)
    told: list[Any] = [(step.change, step.from_location, step.location) for step in steps]
    assert told == [
        ("planned", None, None),
        ("received", None, DOCK),
        ("put away", DOCK, SHELF),
        ("moved", SHELF, BIN),
    ]
    assert [step.version for step in moves] == [2, 3, 4]
    assert steps[-1].actor == "ben"
