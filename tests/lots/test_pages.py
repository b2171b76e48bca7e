"""What a page reads is bounded by the page: tables that hold thousands of lots, filled and forgotten again."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.lookup.queries.reports import REPORTS
from services.lots.lookup.queries.search import FOUND_BY
from shared.database import Transaction, create_engine
from shared.search import pattern

DAY = date(2002, 6, 15)  # before that of any other test
LOTS, SIZE = 12_000, 51

# Forty lots a product, each received at the dock and put away, of which a row stays there; every hundredth is picked up
# to its last, and one piece of each of the others is an order's.
FILL = f"""
    CREATE TEMP TABLE dealt ON COMMIT DROP AS
    SELECT 'PG-' || to_char(n / 40, 'FM000') AS sku, 'L-' || n AS lot, DATE '{DAY}' + n * 7919 % 500 AS expiry,
        'EAST' AS warehouse, 'EAST/P-' || n AS place, n
    FROM generate_series(1, {LOTS}) AS n;
    INSERT INTO product (sku, version, name, unit, tracking)
    SELECT DISTINCT sku, 1, 'milk', 'each', 'LOT' FROM dealt;
    INSERT INTO lot (sku, lot, expiry, first_received, supplier) SELECT sku, lot, expiry, now(), 'Dairy' FROM dealt;
    INSERT INTO balance (sku, lot, location, warehouse, stored, on_hand, allocated, expiry)
    SELECT sku, lot, place, warehouse, true, CASE WHEN n % 100 = 0 THEN 0 ELSE 5 END,
        CASE WHEN n % 100 = 0 THEN 0 ELSE 1 END, expiry FROM dealt;
    INSERT INTO balance (sku, lot, location, warehouse, stored, on_hand, allocated, expiry)
    SELECT sku, lot, 'EAST/PG-DOCK', warehouse, false, 0, 0, expiry FROM dealt;
    INSERT INTO reserved (demand, lot, location, sku, order_id, line, quantity)
    SELECT 'D-' || n, lot, place, sku, 'SO-' || n, '1', 1 FROM dealt WHERE n % 100 <> 0;
    INSERT INTO picked (demand, lot, sku, warehouse, order_id, line, quantity, expiry)
    SELECT 'D-' || n, lot, sku, warehouse, 'SO-' || n, '1', 5, expiry FROM dealt WHERE n % 100 = 0;
    INSERT INTO ledger
        (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred, recorded, cause_source,
         cause_id)
    SELECT change, sku, lot, warehouse, place, on_hand, 0, 'x', 'test', now(), now(), 'test', '1'
    FROM dealt CROSS JOIN (VALUES ('RECEIVED', 5), ('PUT_AWAY', -5), ('PUT_AWAY', 5)) AS c (change, on_hand);
    ANALYZE product, lot, balance, reserved, picked, ledger
"""  # noqa: S608 - all parts are this module's own
NOTHING = dict.fromkeys(("sku", "lot", "warehouse", "since", "until", "first", "last"))
ASKED = NOTHING | {"warehouses": ["EAST"], "days": [DAY], "utc": DAY, "wrong_only": False}


@pytest.fixture
async def tx(environment: Mapping[str, str]) -> AsyncIterator[Transaction]:
    """Give a transaction in which there are many lots, and which never commits; the owner's, who may look at tables."""
    engine = create_engine(environment["LOTS_OWNER_URL"], "test")
    async with engine.connect() as connection:
        tx = Transaction(connection)
        for statement in FILL.split(";\n"):
            await tx.run(text(statement))
        yield tx
    await engine.dispose()


async def read(tx: Transaction, statement: str, values: Mapping[str, Any]) -> dict[str, float]:
    """How many rows a statement reads of each table, those included that it passes over."""
    ((plan,),) = await tx.rows(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)
    seen: dict[str, float] = {}
    for node in nodes(plan[0]["Plan"]):
        if table := node.get("Relation Name"):
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            seen[table] = seen.get(table, 0) + rows * node["Actual Loops"]
    return seen


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a plan."""
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


@pytest.mark.parametrize(
    ("name", "after", "asked"),
    [
        ("lot-inventory", (str(DAY), "", "", ""), {}),
        ("lot-inventory", ("2003-03-01", "PG-100", "", ""), {}),
        ("lot-inventory", (str(DAY), "", "", ""), {"warehouse": "EAST"}),
        ("expiring-lots", (str(DAY), "", "", ""), {}),
        ("expiring-lots", (str(DAY), "", "", ""), {"first": 31, "last": 90}),
        ("lot-movements", ("PG-100", "", 0), {}),
        ("reconciliation", ("PG-", "", ""), {}),  # others may have lots of which thousands are an order's
        ("reconciliation", ("PG-100", "L-4010", "EAST"), {}),
    ],
)
async def test_a_page_of_a_report_reads_its_page(
    tx: Transaction, name: str, after: tuple[Any, ...], asked: dict[str, Any]
) -> None:
    """Among twelve thousand lots a page, the first or a later one, reads a few rows for each of its own (S42-S44)."""
    report = next(report for report in REPORTS if report.name == name)
    values = ASKED | asked | {"size": SIZE} | {f"after_{part}": it for part, it in zip(report.key, after, strict=True)}
    assert len(await tx.rows(text(report.statement), values)) == SIZE
    for table, rows in (await read(tx, report.statement, values)).items():
        assert rows < 10 * SIZE, table


async def test_stock_is_added_up_from_what_is_there(tx: Transaction) -> None:
    """Stock of fifty products reads what lies there of them, twice, and nothing that lay there once (S42)."""
    report = next(report for report in REPORTS if report.name == "stock")
    values = ASKED | {"size": SIZE, "after_sku": "PG-100", "after_warehouse": ""}
    assert len(await tx.rows(text(report.statement), values)) == SIZE
    seen = await read(tx, report.statement, values)
    assert seen["balance"] <= 2 * 40 * (SIZE + 1)


@pytest.mark.parametrize(
    ("told_by", "asked", "found"),
    [
        ("part", {"pattern": pattern("-1199")}, 11),
        ("location", {"location": "EAST/P-77"}, 1),
        ("before", {"before": DAY + timedelta(days=1)}, LOTS // 500),
        ("warehouse", {"warehouse": "NORTH"}, 0),
    ],
)
async def test_what_an_index_tells_is_found_by_it(
    tx: Transaction, told_by: str, asked: dict[str, Any], found: int
) -> None:
    """Among twelve thousand lots those with a part, at a place, before a day are read, and few beside them (S31)."""
    values = asked | {"bound": 1500}
    assert len(await tx.rows(text(FOUND_BY[told_by]), values)) == found
    assert sum((await read(tx, FOUND_BY[told_by], values)).values()) <= 2 * found
