"""A life on the real tables, what they allow, and how much is sent to them."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.commands.serials import Adjust, Hold, Lift, Move
from shared.database import transaction
from tests.line import message
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names, parts
from tests.unit.serials.making import DOCK, OUT, SHELF, STAGE


async def test_a_whole_life_is_kept(line: Line) -> None:
    """Each transition is written down for ever: from, to, place, document, actor, times and cause (S04, S22, S36)."""
    say = Saying(line.sku)
    serials = names(3)
    for fact in (say.plan(serials), say.receive(serials), say.put_away(serials), say.want(1, 3), say.pick(1, serials)):
        await line.say(fact)
    told = await line.say(say.dispatch(1, serials), actor="ben")
    assert told.types() == ["serial.moved.v1"]
    assert await line.statuses() == {"SHIPPED": 3}
    rows = await line.rows(
        """
        SELECT version, change, from_status::text, status::text AS status, from_location, location, actor,
               coalesce(shipment, order_id, act.receipt) AS document, cause_id <> '' AS caused,
               recorded >= occurred AS later
        FROM audit JOIN serial ON serial.id = serial_id JOIN act ON act.id = act
        WHERE sku = :sku AND serial = :serial ORDER BY version
        """,
        sku=line.sku,
        serial=serials[0],
    )
    assert [tuple(row.values()) for row in rows] == [
        (1, "planned", None, "EXPECTED", None, None, "anna", "R-1", True, True),
        (2, "received", "EXPECTED", "RECEIVED", None, DOCK, "anna", "R-1", True, True),
        (3, "put away", "RECEIVED", "IN_INVENTORY", DOCK, SHELF, "anna", None, True, True),
        (4, "allocated", "IN_INVENTORY", "ALLOCATED", SHELF, SHELF, "anna", say.order(1), True, True),
        (5, "picked", "ALLOCATED", "PICKED", SHELF, OUT, "anna", say.order(1), True, True),
        (6, "dispatched", "PICKED", "SHIPPED", OUT, None, "ben", "SH-1", True, True),
    ]


async def test_a_message_twice(line: Line) -> None:
    """The same message again, in the batch or later, changes nothing and says nothing (S18)."""
    received = message(Saying(line.sku).receive(names(2)))
    told = await line.take([received, received])
    assert told.types() == ["serial.moved.v1"]
    assert (await line.take([received])).types() == []


FORBIDDEN = [
    "UPDATE serial SET serial = 'SN-X'",
    "UPDATE serial_state SET serial = 'SN-X'",
    "UPDATE serial_state SET sku = 'B-1'",
    "DELETE FROM serial",
    "DELETE FROM serial_state",
    "UPDATE audit SET location = 'EAST/A-9'",
    "UPDATE act SET actor = 'somebody else'",
    "DELETE FROM audit",
    "DELETE FROM act",
    "DELETE FROM hold_scope",
    "UPDATE hold_scope SET lots = '[]'",
    "TRUNCATE audit",
    "TRUNCATE serial CASCADE",
    "ALTER TABLE serial ADD COLUMN more text",
    "ALTER TABLE serial DISABLE TRIGGER ALL",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "DROP TABLE audit",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_nobody_changes_a_serial_or_its_history(line: Line, statement: str) -> None:
    """The service's own role can change neither a serial's text nor an audit row, nor switch that off (S17, S22)."""
    await line.say(Saying(line.sku).receive(names(1)))
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner") as refused:
        async with transaction(line.engine) as tx:
            await tx.run(text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") == "42501"


async def test_a_serial_is_used_once(line: Line) -> None:
    """The database itself refuses a second unit of the same product and serial (S18)."""
    await line.say(Saying(line.sku).receive(names(1)))
    again = text("INSERT INTO serial (sku, serial, known_at, known_by) VALUES (:sku, :serial, now(), 'eve')")
    with pytest.raises(DBAPIError, match="duplicate key"):
        async with transaction(line.engine) as tx:
            await tx.run(again, {"sku": line.sku, "serial": names(1)[0]})


async def _a_life(line: Line, count: int, each: int, label: dict[str, Any]) -> list[int]:
    """Play every message with so many units, so many in each; how many statements each batch took."""
    say, serials = Saying(line.sku), names(count)
    runs = parts(serials, each)
    numbered = list(enumerate(runs, start=1))
    batches: list[list[Any]] = [
        [say.plan(run) for run in runs],
        [say.withdraw(run, 2) for run in runs],
        [say.receive(run, 3, **label) for run in runs],
        [Move(sku=line.sku, serials=run, location=STAGE) for run in runs],
        [say.put_away(run) for run in runs],
        [Hold(sku=line.sku, serials=run, hold=f"H-{number}", reason="count") for number, run in numbered],
        [Lift(sku=line.sku, hold=f"H-{number}", reason="counted") for number, _ in numbered],
        [Adjust(sku=line.sku, serials=run, adjustment="LOST", reason="count") for run in runs],
        [Adjust(sku=line.sku, serials=run, adjustment="FOUND", reason="count") for run in runs],
        [say.want(number, len(run)) for number, run in numbered],
        [say.deallocate(number, run, again=True) for number, run in numbered],
        [say.pick(number, run) for number, run in numbered],
        [say.unpick(number, run, again=True) for number, run in numbered],
        [say.give_up(number) for number, _ in numbered],
        [say.want(number + 1000, len(run)) for number, run in numbered],
        [say.pick(number + 1000, run) for number, run in numbered],
        [say.check(number + 1000, run) for number, run in numbered],
        [say.dispatch(number + 1000, run) for number, run in numbered],
        [say.give_back(number + 1000, run, 4) for number, run in numbered],
    ]
    told = [await line.say(*batch) for batch in batches]
    assert not [code for it in told for code in it.codes()]
    assert not [it for it in told if "serial.rejected.v1" in it.types()]
    assert await line.statuses() == {"RECEIVED": count}
    return [it.statements for it in told]


async def test_statements_do_not_grow_with_units(line: Line) -> None:
    """A transaction sends as many statements for 600 units in 120 messages as for two in one."""
    few = await _a_life(Line(line.engine), 2, 2, {})
    many = await _a_life(line, 600, 5, {})
    assert few == many
    assert max(many) < 20


async def test_statements_do_not_grow_with_labels(line: Line) -> None:
    """Nor do they for units with lot and expiry, whose limits take a few more, and only where somebody is served."""
    label = {"lot": "L-1", "expiry": date(2099, 12, 31)}
    few = await _a_life(Line(line.engine), 2, 2, label)
    assert few == await _a_life(line, 600, 5, label)
    plain = await _a_life(Line(line.engine), 2, 2, {})
    assert {more - less for more, less in zip(few, plain, strict=True)} <= {0, 3, 4, 5}


async def test_fifty_orders_for_twenty_units(line: Line) -> None:
    """Of fifty orders that come at once in transactions of their own, exactly twenty get a unit, each another (S08)."""
    say = Saying(line.sku)
    await line.say(say.receive(names(20)))
    await line.say(say.put_away(names(20)))
    told = await asyncio.gather(*[line.say(say.want(number)) for number in range(50)])
    given = [
        unit["serial"] for it in told for answer in it.data("serial.allocated.v1") for unit in answer.get("given", [])
    ]
    assert sorted(set(given)) == names(20)
    assert await line.statuses() == {"ALLOCATED": 20}
    assert await line.rows("SELECT count(*) AS n FROM demand WHERE sku = :sku AND open = 1", sku=line.sku) == [
        {"n": 30}
    ]


async def test_a_putaway_racing_a_shortfall(line: Line) -> None:
    """Units put away while orders are placed reach every order that waits, whoever commits first (S07, S08)."""
    say = Saying(line.sku)
    await line.say(say.receive(names(40)))
    racing = []
    for number, run in enumerate(parts(names(40), 4)):
        racing += [line.say(say.want(number * 4 + place)) for place in range(4)] + [line.say(say.put_away(run))]
    await asyncio.gather(*racing)
    assert await line.statuses() == {"ALLOCATED": 40}
