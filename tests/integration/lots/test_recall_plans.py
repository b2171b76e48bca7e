"""Lists, closing and contacts of a recall read only the rows of their recalls, so the views are filtered early."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.recalls.queries.lists import LISTS
from services.lots.recalls.store.recalls import SELECT_CONTACT_LINES, SELECT_OPEN_ITEM_COUNTS
from shared.http import Report, first_page
from shared.persistence.database import Transaction, create_engine
from tests.integration.lots.test_query_plans import INSERT_LOTS, rows_read_by_table

# One recall per lot, with two shipped quantities of it and a shipped unit.
INSERT_RECALLS = """
    INSERT INTO ledger
        (change, sku, lot, warehouse, on_hand, picked, reason, actor, occurred_at, recorded_at, cause_source, cause_id,
         order_id, line, shipment, customer)
    SELECT 'SHIPPED', sku, lot, warehouse, 0, -1, 'x', 'test', now(), now(), 'test', '1', 'SO-' || n, '1', 'SH-' || n,
        'C-1' FROM generated_lot;
    INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, recorded_at)
    SELECT 'SH-' || n, 'SO-' || n, 'C-1', 'Clinic', '+49 40 1', now() FROM generated_lot;
    INSERT INTO recall (recall, reason, notice, mock, opened_at, opened_by)
    SELECT 'RC-' || n, 'x', '', false, now(), 'test' FROM generated_lot;
    INSERT INTO recall_lot (recall, sku, lot) SELECT 'RC-' || n, sku, lot FROM generated_lot;
    INSERT INTO recall_unit (recall, sku, serial, status, on_hold, shipment, customer, order_id)
    SELECT 'RC-' || n, 'PG-PUMP', 'SN-' || n, 'SHIPPED', true, 'SH-' || n, 'C-1', 'SO-' || n FROM generated_lot;
    INSERT INTO recall_contact
        (recall, customer, order_id, shipment, sku, lot_or_serial, outcome, note, contacted_at, contacted_by)
    SELECT 'RC-' || n, 'C-1', 'SO-' || n, 'SH-' || n, sku, lot, 'NOTIFIED', '', now(), 'test' FROM generated_lot;
    ANALYZE ledger, consignee, recall, recall_lot, recall_unit, recall_contact
"""
RECALLS = ("RC-4100", "RC-4101")
"""The stock of the first is picked, that of the second allocated."""
MAX_ROWS_PER_RECALL = 10


@pytest.fixture(scope="module")
async def tx(environment: Mapping[str, str]) -> AsyncIterator[Transaction]:
    """Provide a transaction of the owner role with thousands of recalls, which is rolled back."""
    engine = create_engine(environment["LOTS_MIGRATION_DATABASE_URL"], "test")
    async with engine.connect() as connection:
        tx = Transaction(connection)
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        for statement in f"{INSERT_LOTS};\n{INSERT_RECALLS}".split(";\n"):
            await tx.execute(text(statement))
        yield tx
    await engine.dispose()


@pytest.mark.parametrize("recall", RECALLS)
@pytest.mark.parametrize("report", LISTS, ids=[report.name for report in LISTS])
async def test_recall_list_reads_only_its_recall(tx: Transaction, report: Report, recall: str) -> None:
    """Among 12,000 recalls of a lot each, the lists read a few rows of their recall (S46)."""
    values = {"recall": recall} | first_page(report.sorts, 50).parameters
    expected = {"contacts": 3, "reconciliation": 2, "stock": 0 if recall == RECALLS[0] else 1}
    statement = report.statement(report.sorts.default)
    assert len(await tx.fetch_all(text(statement), values)) == expected.get(report.name, 1)
    for table, rows in (await rows_read_by_table(tx, statement, values)).items():
        assert rows <= MAX_ROWS_PER_RECALL, table


async def test_closing_and_contacts_read_only_their_recalls(tx: Transaction) -> None:
    """Among 12,000 recalls, the closing of two and their contacts read a few rows of these recalls (S46)."""
    values: dict[str, Any] = {"recalls": list(RECALLS)}
    rows = await tx.fetch_all(SELECT_OPEN_ITEM_COUNTS, values)
    assert [(row.recall, row.stock, row.orders, row.contacts) for row in rows] == [(name, 0, 0, 3) for name in RECALLS]
    lines = {
        "customers": ["C-1"] * 2, "orders": ["SO-4100", "SO-4102"], "shipments": ["SH-4100", "SH-4102"],
        "skus": ["PG-102"] * 2, "lot_or_serials": ["L-4100", "L-4102"],
    }  # fmt: skip
    assert [row.shipment for row in await tx.fetch_all(SELECT_CONTACT_LINES, values | lines)] == ["SH-4100"]
    for statement, parameters in ((SELECT_OPEN_ITEM_COUNTS, values), (SELECT_CONTACT_LINES, values | lines)):
        for table, rows_read in (await rows_read_by_table(tx, statement.text, parameters)).items():
            assert rows_read <= len(RECALLS) * MAX_ROWS_PER_RECALL, table
