"""Report pages and searches among thousands of lots read a bounded number of rows."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.lookup.queries.reports import REPORTS
from services.lots.lookup.queries.search import CANDIDATES_BY, SORTS, Filters, sorted_query
from shared.persistence.database import RELAXED_TIMEOUTS, Transaction, create_engine
from shared.persistence.search import like_pattern
from tests.integration.query_plans import explain

DAY = date(2002, 6, 15)  # earlier than in any other test
LOT_COUNT, PAGE_SIZE = 12_000, 51

# Stock of other tests would change counts and plans. TRUNCATE is rolled back like all else.
# Each product has 40 lots, all received at the dock and put away; an empty balance remains at the dock.
# Every hundredth lot is fully picked; of each other lot, one unit is allocated. Each lot has a released hold.
INSERT_LOTS = f"""
    TRUNCATE balance, reservation, picked_stock;
    CREATE TEMP TABLE generated_lot ON COMMIT DROP AS
    SELECT 'PG-' || to_char(n / 40, 'FM000') AS sku, 'L-' || n AS lot, DATE '{DAY}' + n * 7919 % 500 AS expiry,
        'EAST' AS warehouse, 'EAST/P-' || n AS location, n
    FROM generate_series(1, {LOT_COUNT}) AS n;
    INSERT INTO product (sku, version, name, unit, tracking)
    SELECT DISTINCT sku, 1, 'milk', 'each', 'LOT' FROM generated_lot;
    INSERT INTO lot (sku, lot, expiry, first_received_at, supplier)
    SELECT sku, lot, expiry, now(), 'Dairy' FROM generated_lot;
    INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated, expiry)
    SELECT sku, lot, location, warehouse, true, CASE WHEN n % 100 = 0 THEN 0 ELSE 5 END,
        CASE WHEN n % 100 = 0 THEN 0 ELSE 1 END, expiry FROM generated_lot;
    INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated, expiry)
    SELECT sku, lot, 'EAST/PG-DOCK', warehouse, false, 0, 0, expiry FROM generated_lot;
    INSERT INTO reservation (demand_id, lot, location, sku, order_id, line, quantity)
    SELECT 'D-' || n, lot, location, sku, 'SO-' || n, '1', 1 FROM generated_lot WHERE n % 100 <> 0;
    INSERT INTO picked_stock (demand_id, lot, sku, warehouse, order_id, line, quantity, expiry)
    SELECT 'D-' || n, lot, sku, warehouse, 'SO-' || n, '1', 5, expiry FROM generated_lot WHERE n % 100 = 0;
    INSERT INTO hold (hold_id, sku, lot, kind, reason, owner_role, pending_quantity, opened_by, opened_at,
        released_by, released_at, released_reason, released_number)
    SELECT 'H-' || n, sku, lot, 'MANUAL', 'x', '', 0, 'test', now(), 'test', now(), 'x', n FROM generated_lot;
    INSERT INTO correction (sku, lot, reason, actor, occurred_at, recorded_at, cause_source, cause_id)
    SELECT sku, lot, 'x', 'test', now(), now(), 'test', '1' FROM generated_lot;
    INSERT INTO ledger
        (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred_at, recorded_at, cause_source,
         cause_id, receipt, order_id, shipment, customer)
    SELECT change, sku, lot, warehouse, location, on_hand, picked, 'x', 'test', now(), now(), 'test', '1',
        'R-PG-' || n, CASE WHEN picked < 0 THEN 'SO-PG-' || n END, CASE WHEN picked < 0 THEN 'SH-PG-' || n END,
        CASE WHEN picked < 0 THEN 'C-PG-' || n END
    FROM generated_lot CROSS JOIN (
        VALUES ('RECEIVED', 5, 0), ('PUT_AWAY', -5, 0), ('PUT_AWAY', 5, 0), ('SHIPPED', 0, -1)
    ) AS c (change, on_hand, picked);
    INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, recorded_at)
    SELECT 'SH-PG-' || n, 'SO-PG-' || n, 'C-PG-' || n, 'x', 'x', now() FROM generated_lot;
    ANALYZE product, lot, balance, reservation, picked_stock, hold, correction, ledger, consignee, demand
"""  # noqa: S608 - all parts are constants of this module
NO_FILTERS = dict.fromkeys(("sku", "lot", "warehouse", "since", "until", "first", "last"))
DEFAULT_PARAMETERS = NO_FILTERS | {"warehouses": ["EAST"], "days": [DAY], "utc": DAY, "wrong_only": False}


@pytest.fixture(scope="module")
async def tx(environment: Mapping[str, str]) -> AsyncIterator[Transaction]:
    """Provide a transaction of the owner role with thousands of lots, which is rolled back."""
    engine = create_engine(environment["LOTS_MIGRATION_DATABASE_URL"], "test")
    async with engine.connect() as connection:
        tx = Transaction(connection)
        await tx.execute(RELAXED_TIMEOUTS)
        for statement in INSERT_LOTS.split(";\n"):
            await tx.execute(text(statement))
        yield tx
    await engine.dispose()


async def rows_read_by_table(tx: Transaction, statement: str, values: Mapping[str, Any]) -> dict[str, float]:
    """The rows that a statement reads of each table, including filtered ones."""
    rows_by_table: dict[str, float] = {}
    for node in await explain(tx, statement, values):
        if table := node.get("Relation Name"):
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            rows_by_table[table] = rows_by_table.get(table, 0) + rows * node["Actual Loops"]
    return rows_by_table


@pytest.mark.parametrize(
    ("name", "after", "filters"),
    [
        ("lot-inventory", (str(DAY), "", "", ""), {}),
        ("lot-inventory", ("2003-03-01", "PG-100", "", ""), {}),
        ("lot-inventory", (str(DAY), "", "", ""), {"warehouse": "EAST"}),
        ("expiring-lots", (str(DAY), "", "", ""), {}),
        ("expiring-lots", (str(DAY), "", "", ""), {"first": 31, "last": 90}),
        ("lot-movements", ("PG-100", "", 0), {}),
        ("reconciliation", ("PG-", "", ""), {}),  # other tests may leave lots with thousands of reservations
        ("reconciliation", ("PG-100", "L-4010", "EAST"), {}),
    ],
)
async def test_report_page_reads_a_bounded_number_of_rows(
    tx: Transaction, name: str, after: tuple[Any, ...], filters: dict[str, Any]
) -> None:
    """Among 12,000 lots, the first and later pages read a few rows per result row (S42-S44)."""
    report = next(report for report in REPORTS if report.name == name)
    statement = report.statement(report.sorts.default)
    values = DEFAULT_PARAMETERS | filters | {"size": PAGE_SIZE} | report.sorts.default.parameters(after)
    assert len(await tx.fetch_all(text(statement), values)) == PAGE_SIZE
    for table, rows in (await rows_read_by_table(tx, statement, values)).items():
        assert rows < 10 * PAGE_SIZE, table


async def test_stock_report_reads_only_current_stock(tx: Transaction) -> None:
    """The stock report reads current balances twice and no empty ones (S42)."""
    report = next(report for report in REPORTS if report.name == "stock")
    statement = report.statement(report.sorts.default)
    values = DEFAULT_PARAMETERS | {"size": PAGE_SIZE} | report.sorts.default.parameters(["PG-100", ""])
    assert len(await tx.fetch_all(text(statement), values)) == PAGE_SIZE
    rows_by_table = await rows_read_by_table(tx, statement, values)
    assert rows_by_table["balance"] <= 2 * 40 * (PAGE_SIZE + 1)


@pytest.mark.parametrize(
    ("index_name", "parameters", "expected_count"),
    [
        ("substring", {"pattern": like_pattern("-1199")}, 11),
        ("location", {"location": "EAST/P-77"}, 1),
        ("expiry", {"expiring_from": None, "expiring_before": DAY + timedelta(days=1)}, LOT_COUNT // 500),
        ("expiry", {"expiring_from": DAY, "expiring_before": DAY + timedelta(days=1)}, LOT_COUNT // 500),
        ("order", {"order": "SO-PG-77"}, 1),
        ("shipment", {"shipment": "SH-PG-77"}, 1),
        ("customer", {"customer": "C-PG-77"}, 1),
        ("receipt", {"receipt": "R-PG-77"}, 1),
        ("warehouse", {"warehouse": "NORTH"}, 0),
    ],
)
async def test_search_candidates_use_an_index(
    tx: Transaction, index_name: str, parameters: dict[str, Any], expected_count: int
) -> None:
    """Among 12,000 lots, a search by each filter reads few rows besides its matches (S31)."""
    values = parameters | {"bound": 1500}
    await tx.execute(text("SET LOCAL enable_seqscan = off"))  # for a table this small, a scan would be as fast
    assert len(await tx.fetch_all(text(CANDIDATES_BY[index_name]), values)) == expected_count
    assert sum((await rows_read_by_table(tx, CANDIDATES_BY[index_name], values)).values()) <= 3 * expected_count
    await tx.execute(text("SET LOCAL enable_seqscan = on"))


async def test_sorted_lots_are_read_in_index_order(tx: Transaction) -> None:
    """Lots by expiry are a page of the index (S29)."""
    values = Filters().parameters() | SORTS["-expiry"].parameters(["2003-01-01", "", ""]) | {"size": 50}
    rows_by_table = await rows_read_by_table(tx, sorted_query(Filters(), SORTS["-expiry"]), values)
    assert rows_by_table["lot"] <= 50


async def test_recent_changes_are_found_by_block_ranges(tx: Transaction) -> None:
    """Lots changed since a time are read from the block ranges of that time (S44)."""
    await tx.execute(text("SET LOCAL enable_seqscan = off"))
    nodes = await explain(
        tx, CANDIDATES_BY["changed_since"], {"changed_since": datetime(2999, 1, 1, tzinfo=UTC), "bound": 1500}
    )
    assert {"ledger_recorded_at", "hold_times", "correction_recorded_at"} <= {node.get("Index Name") for node in nodes}
