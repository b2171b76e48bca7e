"""What arrives: receipts that disagree about a date, receipts under a hold, customer returns, on the real tables."""

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from services.lots.lookup.queries.reports import REPORTS
from shared.database import reading
from tests.lots.conftest import Line
from tests.unit.lots.making import DOCK, SHELF, SPRING, STAGE, SUMMER

RECONCILIATION = next(report for report in REPORTS if report.name == "reconciliation")


async def undated(line: Line) -> list[dict[str, Any]]:
    """Give what lies or is picked of the test's product under another expiry than its lot's."""
    return await line.rows(
        """
        SELECT * FROM (
            SELECT sku, lot, expiry FROM balance
            UNION ALL SELECT sku, lot, expiry FROM picked WHERE quantity > 0
        ) AS it LEFT JOIN lot USING (sku, lot)
        WHERE it.sku = :sku AND it.expiry IS DISTINCT FROM coalesce(lot.expiry, 'infinity')
        """,
        sku=line.sku,
    )


async def agree(line: Line) -> list[tuple[str, str]]:
    """Give the lots and warehouses of the test's product, all of which must reconcile, and have their lots' dates."""
    assert await undated(line) == []
    statement, of = text(RECONCILIATION.statement), RECONCILIATION.after(None, None)
    async with reading(line.engine) as tx:
        rows = await tx.rows(statement, of | {"sku": line.sku, "lot": None, "wrong_only": False})
    assert [row for row in rows if not row.agrees] == []
    return [(row.lot, row.warehouse) for row in rows]


async def test_two_receipts_differ(line: Line) -> None:
    """Two receipts name two expiries: both quantities are in, the earlier date holds, and so does a hold (S24)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 4, SUMMER)))
    await line.say(say.put_away("B-1", 4))
    told = await line.say(say.receive(say.came("B-1", 6, SPRING), receipt="R-2"))
    assert await line.balances() == {("B-1", DOCK): (Decimal(6), Decimal(0)), ("B-1", SHELF): (Decimal(4), Decimal(0))}
    [held] = told.data("lot.held.v1")
    assert "expiry differs" in held["reason"]
    [corrected] = told.data("lot.corrected.v1")
    assert (corrected["before"], corrected["expiry"]) == ("2027-06-30", "2027-03-31")
    assert {it["expiry"] for it in await line.rows("SELECT expiry FROM lot WHERE sku = :s", s=line.sku)} == {SPRING}

    assert (await line.say(say.lift(held["hold"]))).codes() == ["dates_decide"]
    settled = await line.say(say.correct("B-1", SUMMER), actor="supervisor")
    assert settled.types() == ["lot.corrected.v1", "lot.hold_lifted.v1"]
    kept = await line.rows("SELECT * FROM correction WHERE sku = :sku ORDER BY id", sku=line.sku)
    assert [(it["expiry_before"], it["expiry"], it["actor"]) for it in kept] == [
        (SUMMER, SPRING, "anna"), (SPRING, SUMMER, "supervisor"),
    ]  # fmt: skip
    assert {it["expiry"] for it in await line.rows("SELECT expiry FROM lot WHERE sku = :s", s=line.sku)} == {SUMMER}


async def test_the_same_date_again_settles_it(line: Line) -> None:
    """A supervisor who finds the earlier date right says so, and the hold ends (S24)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 4, SPRING)))
    told = await line.say(say.receive(say.came("B-1", 6, SUMMER)))
    assert told.types() == ["lot.received.v1", "lot.held.v1"]
    assert (await line.say(say.correct("B-1", SPRING))).types() == ["lot.hold_lifted.v1"]


async def test_short_life_arrives_held(line: Line) -> None:
    """What a policy takes in under a hold is held from the first moment, and a lift lets it go (S26)."""
    say = line.saying
    told = await line.say(say.receive(say.came("B-1", 4, hold="H-1")))
    assert told.types() == ["lot.received.v1", "lot.held.v1"]
    [row] = await line.rows("SELECT * FROM hold WHERE sku = :sku", sku=line.sku)
    assert (row["kind"], row["location"], row["lifted_at"]) == ("SHORT_LIFE", None, None)
    lifted = await line.say(say.lift("H-1"), actor="boss")
    assert lifted.types() == ["lot.hold_lifted.v1"]
    [row] = await line.rows("SELECT * FROM hold WHERE sku = :sku", sku=line.sku)
    assert (row["lifted_by"], row["lifted_reason"]) == ("boss", "cleared")


async def test_a_return_waits_for_its_disposition(line: Line) -> None:
    """What customers send back is held where it lies; the last decision ends the hold (S18)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 4)))
    told = await line.say(say.back("B-1", 5))
    assert told.types() == ["lot.received.v1", "lot.held.v1"]
    assert (await line.say(say.put_away("B-1", 1, from_location=STAGE))).codes() == ["disposition_open"]
    assert (await line.say(say.lift("RMA-1"))).codes() == ["disposition_open"]
    assert (await line.say(say.dispose("B-1", 2, "SCRAP"))).types() == ["lot.adjusted.v1"]
    assert (await line.say(say.dispose("B-1", 1, "RESTOCK"))).types() == []
    assert (await line.say(say.put_away("B-1", 2, from_location=STAGE))).codes() == ["disposition_open"]
    assert (await line.say(say.put_away("B-1", 1, from_location=STAGE))).codes() == []
    done = await line.say(say.dispose("B-1", 2, "SEND_BACK"))
    assert done.types() == ["lot.adjusted.v1", "lot.hold_lifted.v1"]
    assert await line.balances() == {("B-1", DOCK): (Decimal(4), Decimal(0)), ("B-1", SHELF): (Decimal(1), Decimal(0))}
    assert await agree(line) == [("B-1", "EAST")]


async def test_a_disposition_of_what_is_not_there(line: Line) -> None:
    """A disposition that does not fit changes nothing and is shown as a disagreement."""
    say = line.saying
    await line.say(say.back("B-1", 5))
    told = await line.say(say.dispose("B-1", 6, "SCRAP"))
    assert [(it["kind"], it["code"]) for it in told.data("lot.rejected.v1")] == [("DISAGREEMENT", "not_in_return")]
    assert await line.balances() == {("B-1", STAGE): (Decimal(5), Decimal(0))}
