"""Days pass over serials on the real tables: what is due is found by its index, said once, held, and bounded."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import TextClause, text

from services.serials.allocation.store.stock import LOAD_FITTING, LOAD_FREE
from services.serials.units.domain.expiry import UnitsDue
from services.serials.units.store import expiry as sweeping
from shared.clock import Clock
from shared.contracts.commands.serials import Correct
from shared.database import Transaction, transaction
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.serials.test_expiry import policy
from tests.serials.test_queue import given, stock
from tests.unit.serials.making import SHELF

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it a day that is no other test's."""
    days_pass(monkeypatch, 0)


def days_pass(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let it be so many days later, by the clock that transactions take their time from."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON + timedelta(days=days)))


def clock(line: Line) -> Clock:
    """Make the registry's clock."""
    return Clock(line.map, line.map.finds[0], line.engine, lambda: None)


async def sweep(line: Line) -> None:
    """Take all that is due."""
    it = clock(line)
    await it.round()
    assert (it.ran, it.trouble) == (Transaction.clock(), None)


def good_for(days: int) -> dict[str, Any]:
    """A label."""
    return {"expiry": DAY + timedelta(days)}


async def said(line: Line, kind: str) -> list[dict[str, Any]]:
    """What stands in the outbox about the test's product, of one kind."""
    rows = await line.rows("SELECT value FROM outbox WHERE key = :sku ORDER BY id", sku=line.sku)
    events = [json.loads(row["value"]) for row in rows]
    return [event["data"] for event in events if event["type"] == kind]


async def thresholds(line: Line) -> list[int]:
    """Which thresholds were said, in order."""
    return [it["threshold"] for it in await said(line, "serial.expiring.v1")]


async def test_units_expire_as_days_pass(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each threshold is said on its day; on the day after its last it is said and held, its order told (S28, S29)."""
    say = Saying(line.sku)
    await stock(line, names(2), lot="L-1", **good_for(40))
    await line.say(say.want(1))
    by = {}
    for day in (0, 9, 10, 33, 40, 41, 42):
        days_pass(monkeypatch, day)
        await sweep(line)
        by[day] = await thresholds(line)
    every = [90, 60, 30, 7]
    assert by == {0: every[:2], 9: every[:2], 10: every[:3], 33: every, 40: every, 41: every, 42: every}
    (expired,) = await said(line, "serial.expired.v1")
    held = await said(line, "serial.held.v1")
    assert (sorted(expired["serials"]), expired["warehouse"]) == (names(2), "EAST")
    assert {(it["hold"], it["reason"], it["actor"]) for it in held} == {
        (expired["hold"], "expired", "tracelot/serials/clock")
    }
    units = [unit for it in held for unit in it["units"]]
    assert sorted((it["serial"], it.get("order")) for it in units) == [("SN-00001", say.order(1)), ("SN-00002", None)]


async def test_a_sweep_that_was_down_catches_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fell on days on which no clock ran is said afterwards, each threshold once (S29)."""
    await stock(line, names(1), **good_for(100))
    await sweep(line)
    assert await thresholds(line) == []
    days_pass(monkeypatch, 75)
    await sweep(line)
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30]
    assert [it["days"] for it in await said(line, "serial.expiring.v1")] == [25] * 3


async def test_a_corrected_date_is_watched_anew(line: Line) -> None:
    """A correction of held units frees them for who waits and arms their thresholds; the same date does not (S28)."""
    await stock(line, names(2), **good_for(-1))
    await line.say(Saying(line.sku).want(1))
    await sweep(line)
    held = await line.rows("SELECT holds FROM serial_state WHERE sku = :sku", sku=line.sku)
    assert held == [{"holds": 1}] * 2
    before = len(await thresholds(line))
    await line.say(Correct(sku=line.sku, serials=names(2), reason="looked again", **good_for(-1)))
    await sweep(line)
    assert (len(await thresholds(line)), await given(line)) == (before, {})
    told = await line.say(Correct(sku=line.sku, serials=names(2), reason="misread", **good_for(20)))
    assert [it["hold"] for it in told.data("serial.hold_lifted.v1")] == [f"EXPIRED-{DAY - timedelta(1)}-EAST"] * 2
    assert await given(line) == {"1": names(1)}
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30, 7, 90, 60, 30]


async def test_other_thresholds_count_from_tomorrow(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product whose thresholds are changed has its units looked at again; what was said is not said again (S29)."""
    await line.say(policy(line, 1))
    await stock(line, names(1), **good_for(50))
    await sweep(line)
    await line.say(policy(line, 2, expiring_days=[90, 60, 45]))
    for day in (1, 5, 20):
        days_pass(monkeypatch, day)
        await sweep(line)
    assert await thresholds(line) == [90, 60, 45]


async def test_two_clocks_say_everything_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of units, two replicas at once, few at a time: each unit is said and held once (S29)."""
    monkeypatch.setattr(sweeping, "LOAD_DUE", text(sweeping.LOAD_DUE.text.replace("LIMIT 5000", "LIMIT 70")))
    for days in range(1, 6):
        await stock(line, names(60, first=days * 100), **good_for(-days))
    for _ in range(6):
        await asyncio.gather(clock(line).round(), clock(line).round())
    for kind, times in (("serial.expiring.v1", 4), ("serial.expired.v1", 1)):
        assert set(Counter(it for fact in await said(line, kind) for it in fact["serials"]).values()) == {times}
    assert await line.rows("SELECT count(*) AS n FROM hold WHERE sku = :sku", sku=line.sku) == [{"n": 300}]


async def test_as_many_statements_for_many_units(line: Line) -> None:
    """Two units and four hundred in many groups: as many statements."""
    other = Line(line.engine)

    def due(sku: str, count: int) -> list[UnitsDue]:
        return [
            UnitsDue(sku=sku, warehouse="EAST", expiry=DAY - timedelta(1 + it), since=date.min) for it in range(count)
        ]

    await stock(line, names(2), **good_for(-1))
    for days in range(20):
        await stock(other, names(20, first=days * 100), **good_for(-1 - days))
    one, many = await line.say(*due(line.sku, 1)), await other.say(*due(other.sku, 20))
    assert sum(len(it["units"]) for it in many.data("serial.held.v1")) == 400
    assert one.statements == many.statements


async def fill(line: Line, sku: str) -> None:
    """Store thirty thousand units that expire late, of a hundred lots."""
    statement = text("""
        WITH known AS (
            INSERT INTO serial (sku, serial, known_at, known_by)
            SELECT :sku, 'F-' || n, now(), 'test' FROM generate_series(1, 30000) AS n RETURNING id, sku, serial
        )
        INSERT INTO serial_state (id, sku, serial, status, version, receiving_version, warehouse, location, holds,
                                  received_at, expiry, due, lot)
        SELECT id, sku, serial, 'IN_INVENTORY', 1, 1, 'EAST', :place, 0,
               now(), DATE '2099-06-01' + (id % 300)::int, '2099-01-01', 'L-' || id % 100
        FROM known
    """)
    async with transaction(line.engine) as tx:
        await tx.run(statement, {"sku": sku, "place": SHELF})


async def analyzed(environment: Mapping[str, str]) -> None:
    """Let the planner know what lies there, as the database would by itself in a minute."""
    owner = await asyncpg.connect(environment["SERIALS_OWNER_URL"])
    await owner.execute("ANALYZE serial_state")
    await owner.close()


async def scans(line: Line, statement: TextClause, values: dict[str, Any]) -> list[dict[str, Any]]:
    """How a statement reads the state of units: the nodes of its plan, after it ran."""
    async with transaction(line.engine) as tx:
        ((plan,),) = await tx.rows(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"), values)
    return [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "serial_state"]


def read(nodes: list[dict[str, Any]]) -> float:
    """How many rows were read."""
    return float(sum(node["Actual Rows"] * node["Actual Loops"] for node in nodes))


async def test_only_what_is_due_is_read(line: Line, environment: Mapping[str, str]) -> None:
    """Among thirty thousand units that are due later the index gives the few that are due now."""
    await sweep(line)
    await fill(line, f"{line.sku}-F")
    await analyzed(environment)
    await stock(line, names(1), **good_for(0))
    values = {
        "warehouses": ["EAST", "WEST"], "days": [DAY, DAY], "size": 200,
        "warehouse": "", "since": date.min, "sku": "", "expiry": date.min,
    }  # fmt: skip
    found = await scans(line, sweeping.DUE, values)
    assert [node.get("Index Name") for node in found] == ["serial_state_due"]
    assert read(found) < 10


async def test_what_expires_first_is_read_from_an_index(line: Line, environment: Mapping[str, str]) -> None:
    """Whatever lies there, as many units are read as are wanted, in the order in which they expire (S27)."""
    await fill(line, line.sku)
    await analyzed(environment)
    pool = {"skus": [line.sku], "warehouses": ["EAST"], "wanted": [5]}
    found = await scans(line, LOAD_FREE, pool)
    assert ({node.get("Index Name") for node in found}, read(found)) == ({"serial_state_free"}, 5)
    late = pool | {"earliest": [date(2099, 10, 1)]}
    for lot, index in ((None, "serial_state_free"), ("L-7", "serial_state_free_lot")):
        found = await scans(line, LOAD_FITTING, late | {"lots": [lot]})
        assert ({node.get("Index Name") for node in found if node["Actual Rows"]}, read(found)) == ({index}, 5)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a plan."""
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]
