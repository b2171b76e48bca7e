"""Days pass over lots on the real tables: what is due is found by its index, said once, held, and bounded."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.expiry.domain import LotDue
from services.lots.expiry.store import DUE
from shared import clock as clocks
from shared.clock import Clock
from shared.contracts.commands.lots import CorrectLot
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import LifePolicy
from shared.database import Transaction, create_engine, transaction
from tests.lots.conftest import Line
from tests.unit.lots.making import DOCK, SHELF
from tests.unit.lots.ordering import Ordering

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it a day that is no other test's."""
    days_pass(monkeypatch, 0)


def days_pass(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let it be so many days later, by the clock that transactions take their time from."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON + timedelta(days=days)))


def replica(line: Line) -> Clock:
    """The clock of a replica."""
    return Clock(line.map, line.map.finds[0], line.engine, lambda: None)


async def sweep(line: Line) -> None:
    """Take all that is due."""
    clock = replica(line)
    await clock.round()
    assert (clock.ran, clock.trouble) == (Transaction.clock(), None)


async def said(line: Line, kind: str) -> list[dict[str, Any]]:
    """What stands in the outbox about the test's product, of one kind."""
    rows = await line.rows("SELECT value FROM outbox WHERE key = :sku ORDER BY id", sku=line.sku)
    events = [json.loads(row["value"]) for row in rows]
    return [event["data"] for event in events if event["type"] == kind]


async def thresholds(line: Line) -> list[int]:
    """Which thresholds were said, in order."""
    return [it["threshold"] for it in await said(line, "lot.expiring.v1")]


async def arrive(line: Line, *days: int, prefix: str = "B") -> None:
    """Receive lots that expire in so many days."""
    say = line.saying
    lots = [say.came(f"{prefix}-{place}", 10, DAY + timedelta(days=it)) for place, it in enumerate(days)]
    for start in range(0, len(lots), 500):
        await line.say(say.receive(*lots[start : start + 500], receipt=f"R-{prefix}-{start}"))


async def test_a_lot_expires_as_days_pass(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each threshold is said on its day; on the day after its last it is said, held, and told what orders have."""
    say = Ordering(line.sku)
    await arrive(line, 40)
    await line.say(say.put_away("B-0"), say.want(1, 4))
    by = {}
    for day in (0, 9, 10, 33, 40, 41, 42):
        days_pass(monkeypatch, day)
        await sweep(line)
        by[day] = await thresholds(line)
    every = [90, 60, 30, 7]
    assert by == {0: every[:2], 9: every[:2], 10: every[:3], 33: every, 40: every, 41: every, 42: every}
    (expired,) = await said(line, "lot.expired.v1")
    (held,) = await said(line, "lot.held.v1")
    assert (expired["lot"], expired["warehouse"], expired["on_hand"]) == ("B-0", "EAST", 10)
    assert (held["hold"], held["reason"], held["actor"]) == (expired["hold"], "expired", "tracelot/lots/clock")
    assert [(it["order"], it["quantity"]) for it in held["stock"]] == [(say.order(1), 4)]
    (hold,) = await line.rows("SELECT kind, lifted_at FROM hold WHERE sku = :sku", sku=line.sku)
    assert hold == {"kind": "EXPIRED", "lifted_at": None}


async def test_all_of_it_is_picked(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a lot lies there and all of it is picked: told of, held, until it has left or is good again (S28)."""
    say = Ordering(line.sku)
    await arrive(line, 40)
    await line.say(say.put_away("B-0"), say.want(1, 10))
    await line.say(say.pick(1, say.at("B-0", 10)))
    for day in (0, 10, 41, 42):
        days_pass(monkeypatch, day)
        await sweep(line)
    assert [(it["threshold"], it.get("on_hand"), it["picked"]) for it in await said(line, "lot.expiring.v1")] == [
        (days, 0, 10) for days in (90, 60, 30, 7)
    ]
    (expired,) = await said(line, "lot.expired.v1")
    (held,) = await said(line, "lot.held.v1")
    assert (expired["hold"], expired["picked"]) == (held["hold"], 10)
    assert [(it["order"], it["quantity"], it.get("location")) for it in held["stock"]] == [(say.order(1), 10, None)]
    await line.say(CorrectLot(sku=line.sku, lot="B-0", expiry=DAY + timedelta(days=60), reason="misread"))
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30, 7, 90, 60, 30]
    await line.say(say.dispatch(1, {"B-0": 10}))
    days_pass(monkeypatch, 99)
    await sweep(line)
    assert len(await said(line, "lot.expired.v1")) == 1


async def test_a_pick_is_no_news(line: Line) -> None:
    """A lot of which some is picked is looked at when it was due anyway, and not for the pick (S29)."""
    say = Ordering(line.sku)
    await arrive(line, 20)
    await line.say(say.put_away("B-0"), say.want(1, 4))
    await sweep(line)
    await line.say(say.pick(1, say.at("B-0", 4)))
    dues = "SELECT due FROM picked WHERE sku = :sku"
    assert [row["due"] for row in await line.rows(dues, sku=line.sku)] == [DAY + timedelta(days=13)]
    await line.say(say.unpick(1, "B-0", 4, SHELF, again=True))
    await line.say(CorrectLot(sku=line.sku, lot="B-0", expiry=DAY + timedelta(days=50), reason="misread"))
    await sweep(line)
    await line.say(say.pick(1, say.at("B-0", 4)))
    assert [row["due"] for row in await line.rows(dues, sku=line.sku)] == [DAY + timedelta(days=20)]


async def test_midnight_is_the_warehouse_s(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 22:30 in London it is the next day in Berlin, where the lot has expired (S28)."""
    await arrive(line, 0)
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=21, minute=59)))
    await sweep(line)
    assert await said(line, "lot.expired.v1") == []
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=22, minute=1)))
    await sweep(line)
    assert [it["lot"] for it in await said(line, "lot.expired.v1")] == ["B-0"]


async def test_a_corrected_date_is_watched_anew(line: Line) -> None:
    """A correction of a held lot frees it and arms its thresholds for the new date; the same date changes nothing."""
    await arrive(line, -1)
    await sweep(line)
    held = await line.rows("SELECT hold FROM hold WHERE sku = :sku AND lifted_at IS NULL", sku=line.sku)
    assert len(held) == 1
    same = CorrectLot(sku=line.sku, lot="B-0", expiry=DAY - timedelta(days=1), reason="looked again")
    await line.say(same)
    assert await line.rows("SELECT hold FROM hold WHERE sku = :sku AND lifted_at IS NULL", sku=line.sku) == held
    await line.say(CorrectLot(sku=line.sku, lot="B-0", expiry=DAY + timedelta(days=20), reason="misread"))
    assert await line.rows("SELECT hold FROM hold WHERE sku = :sku AND lifted_at IS NULL", sku=line.sku) == []
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30, 7, 90, 60, 30]


async def test_a_lot_is_not_without_its_date(line: Line) -> None:
    """What must have an expiry is not freed by taking it off: the hold of what has expired stands (S24, S28)."""
    life = LifePolicy(expiry_required=True)
    await line.say(ProductChanged(sku=line.sku, version=2, name="yoghurt", unit="each", tracking="LOT", life=life))
    await arrive(line, -1)
    await sweep(line)
    told = await line.say(CorrectLot(sku=line.sku, lot="B-0", expiry=None, reason="unreadable"))
    assert told.codes() == ["expiry_missing"]
    assert len(await line.rows("SELECT 1 FROM hold WHERE sku = :sku AND lifted_at IS NULL", sku=line.sku)) == 1


async def test_a_date_that_is_in_force_again_is_said_again(line: Line) -> None:
    """Corrected to another date and back, a lot is told of anew, and held; another best-before is no news (S29)."""
    await arrive(line, -1)
    await sweep(line)
    for days in (20, -1):
        await line.say(CorrectLot(sku=line.sku, lot="B-0", expiry=DAY + timedelta(days=days), reason="misread"))
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30, 7] * 2
    assert [it["expiry"] for it in await said(line, "lot.expired.v1")] == [str(DAY - timedelta(days=1))] * 2
    assert len(await line.rows("SELECT 1 FROM hold WHERE sku = :sku AND lifted_at IS NULL", sku=line.sku)) == 1
    same = CorrectLot(sku=line.sku, lot="B-0", expiry=DAY - timedelta(days=1), best_before=DAY, reason="read on")
    await line.say(same)
    await sweep(line)
    assert len(await thresholds(line)) == 8


async def test_other_thresholds_are_looked_at(line: Line) -> None:
    """A product whose thresholds are changed has its lots looked at again: what is new and passed is said (S29)."""
    await arrive(line, 50)
    await sweep(line)
    life = LifePolicy(expiring_days=[100, 60, 45])
    product = ProductChanged(sku=line.sku, version=2, name="yoghurt", unit="each", tracking="LOT", life=life)
    await line.say(product)
    await sweep(line)
    assert await thresholds(line) == [90, 60, 100]


async def test_a_place_that_was_empty_meanwhile(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a lot was picked while thresholds changed; it is put back, and is told of in time all the same (S29)."""
    say = Ordering(line.sku)
    product = ProductChanged(sku=line.sku, version=2, name="yoghurt", unit="each", tracking="LOT")
    await line.say(product.model_copy(update={"life": LifePolicy(expiring_days=[])}))
    await arrive(line, 50)
    await line.say(say.put_away("B-0"), say.want(1, 10))
    await sweep(line)
    await line.say(say.pick(1, say.at("B-0", 10)))
    await line.say(product.model_copy(update={"version": 3, "life": LifePolicy(expiring_days=[30])}))
    await line.say(say.unpick(1, "B-0", 10, SHELF, again=False))
    await sweep(line)
    days_pass(monkeypatch, 21)
    await sweep(line)
    assert await thresholds(line) == [30]


async def test_a_sweep_is_bounded_and_says_everything_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of lots, two replicas at once: a transaction takes so many, and each lot is said and held once."""
    largest = 0
    whole = Clock._transaction  # noqa: SLF001 - the unit that is counted

    async def counted(self: Clock, after: Any, size: int, found: list[Any]) -> bool:
        nonlocal largest
        done = await whole(self, after, size, found)
        largest = max(largest, len(found))
        return done

    monkeypatch.setattr(Clock, "_transaction", counted)
    await arrive(line, *[-1] * 700)
    await asyncio.gather(replica(line).round(), replica(line).round())
    await sweep(line)  # whoever came second may have had nothing to do
    assert largest == clocks.MANY
    for kind, times in (("lot.expiring.v1", 4), ("lot.expired.v1", 1), ("lot.held.v1", 1)):
        assert set(Counter(it["lot"] for it in await said(line, kind)).values()) == {times}
    assert len(await said(line, "lot.expired.v1")) == 700


async def test_as_many_statements_for_many_lots(line: Line) -> None:
    """One lot and two hundred: as many statements."""
    other = Line(line.engine)
    await other.say(ProductChanged(sku=other.sku, version=1, name="yoghurt", unit="each", tracking="LOT"))
    await arrive(line, -1)
    await arrive(other, *[-1] * 200)

    def due(sku: str, count: int) -> list[LotDue]:
        return [LotDue(sku=sku, lot=f"B-{it}", warehouse="EAST", since=date.min) for it in range(count)]

    one, many = await line.say(*due(line.sku, 1)), await other.say(*due(other.sku, 200))
    assert len(many.data("lot.held.v1")) == 200
    assert one.statements == many.statements


async def test_only_what_is_due_is_read(line: Line, environment: Mapping[str, str]) -> None:
    """Among thirty thousand lots that lie there or are picked and are due later, indexes give the few due now (S29)."""
    await sweep(line)
    async with transaction(line.engine) as tx:
        fill = text("""
            INSERT INTO balance
                (sku, lot, location, warehouse, stored, on_hand, allocated, due)
            SELECT :sku, 'F-' || n, :place, 'EAST', false, 1, 0, '2099-01-01'
            FROM generate_series(1, 30000) AS n
        """)
        await tx.run(fill, {"sku": line.sku, "place": DOCK})
        fill = text("""
            INSERT INTO picked (demand, lot, sku, warehouse, order_id, line, quantity, due)
            SELECT 'F-' || n, 'F', :sku, 'EAST', 'F', '1', 1, '2099-01-01' FROM generate_series(1, 30000) AS n
        """)
        await tx.run(fill, {"sku": line.sku})
    await arrive(line, 0)
    owner = create_engine(environment["LOTS_OWNER_URL"], "test")
    async with transaction(owner) as tx:  # or the plan is that for whatever was seen last of other tests
        await tx.run(text("ANALYZE balance, picked"))
    await owner.dispose()
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {DUE.text}")
    values = {
        "warehouses": ["EAST", "WEST"], "days": [DAY, DAY], "size": 200,
        "warehouse": "", "since": date.min, "sku": "", "lot": "",
    }  # fmt: skip
    async with transaction(line.engine) as tx:
        ((plan,),) = await tx.rows(explained, values)
        await tx.run(text("UPDATE balance SET on_hand = 0 WHERE sku = :sku AND lot LIKE 'F-%'"), {"sku": line.sku})
        await tx.run(text("UPDATE picked SET quantity = 0 WHERE sku = :sku AND lot = 'F'"), {"sku": line.sku})
    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") in {"balance", "picked"}]
    assert [node.get("Index Name") for node in scans] == ["balance_due", "picked_due"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) < 10


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a plan."""
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


async def test_a_new_place_of_a_lot_is_no_news(line: Line) -> None:
    """A lot that is put away lies at a new place: looked at, and nothing is said again."""
    await arrive(line, 20)
    await sweep(line)
    await line.say(line.saying.put_away("B-0", 4, SHELF))
    await sweep(line)
    assert await thresholds(line) == [90, 60, 30]
