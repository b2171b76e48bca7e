"""Expiry checks and FEFO allocation among thousands of units read a bounded number of rows by index."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import TextClause, text

from services.serials.allocation.store.available_units import SELECT_AVAILABLE, SELECT_CANDIDATES
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import SORTS, scan_keys, sorted_query, use_index
from services.serials.lookup.queries.warranties import WARRANTY_SORTS, select_warranties, warranty_filters
from services.serials.units.store import expiry as expiry_store
from shared.persistence.database import Transaction, create_engine, transaction
from tests.integration.expiry_checks import run_expiry_check
from tests.integration.query_plans import explain
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import serial_numbers
from tests.integration.serials.test_backorders import put_away_units
from tests.support.messages.serials import SHELF
from tests.support.time_zones import DAY


async def insert_background_units(harness: SerialsHarness, sku: str) -> None:
    """Insert 30,000 units of a hundred lots that expire late."""
    statement = text("""
        WITH inserted AS (
            INSERT INTO serial (sku, serial, created_at, created_by)
            SELECT :sku, 'F-' || n, now(), 'filler' FROM generate_series(1, 30000) AS n RETURNING id, sku, serial
        )
        INSERT INTO serial_state (id, sku, serial, status, version, receiving_version, warehouse, location,
                                  open_hold_count, received_at, expiry, next_expiry_check, lot)
        SELECT id, sku, serial, 'IN_INVENTORY', 1, 1, 'EAST', :location, 0,
               now(), DATE '2099-06-01' + (id % 300)::int, '2099-01-01', 'L-' || id % 100
        FROM inserted
    """)
    async with transaction(harness.engine) as tx:
        await tx.execute(statement, {"sku": sku, "location": SHELF})


async def analyze_tables(environment: Mapping[str, str]) -> None:
    """Update the planner statistics, as autovacuum would after a minute."""
    connection = await asyncpg.connect(environment["SERIALS_MIGRATION_DATABASE_URL"])
    await connection.execute("ANALYZE serial_state")
    await connection.close()


async def scan_nodes(harness: SerialsHarness, statement: TextClause, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a statement and return the plan nodes that read `serial_state`."""
    async with transaction(harness.engine) as tx:
        nodes = await explain(tx, statement.text, values)
    return [node for node in nodes if node.get("Relation Name") == "serial_state"]


def rows_read(scan_nodes: list[dict[str, Any]]) -> float:
    """Return the number of rows read."""
    return float(sum(node["Actual Rows"] * node["Actual Loops"] for node in scan_nodes))


@pytest.mark.usefixtures("at_noon")
async def test_expiry_check_reads_only_due_units(harness: SerialsHarness, environment: Mapping[str, str]) -> None:
    """The index returns the few due units among 30,000 that are due later."""
    await run_expiry_check(harness)
    await insert_background_units(harness, f"{harness.sku}-F")
    await analyze_tables(environment)
    await put_away_units(harness, serial_numbers(1), expiry=DAY)
    values = {
        "warehouses": ["EAST", "WEST"], "days": [DAY, DAY], "size": 200,
        "warehouse": "", "since": date.min, "sku": "", "expiry": date.min,
    }  # fmt: skip
    scan_node_list = await scan_nodes(harness, expiry_store.SELECT_DUE, values)
    assert [node.get("Index Name") for node in scan_node_list] == ["serial_state_expiry_check"]
    assert rows_read(scan_node_list) < 10


async def test_fefo_reads_use_an_index(harness: SerialsHarness, environment: Mapping[str, str]) -> None:
    """Only as many units are read as are requested, in FEFO order (S27)."""
    await insert_background_units(harness, harness.sku)
    await analyze_tables(environment)
    pool = {"skus": [harness.sku], "warehouses": ["EAST"], "quantities": [5]}
    scan_node_list = await scan_nodes(harness, SELECT_AVAILABLE, pool)
    assert ({node.get("Index Name") for node in scan_node_list}, rows_read(scan_node_list)) == (
        {"serial_state_available"},
        5,
    )
    late_expiry = pool | {"min_expiries": [date(2099, 10, 1)]}
    for lot, index in ((None, "serial_state_available"), ("L-7", "serial_state_available_by_lot")):
        scan_node_list = await scan_nodes(harness, SELECT_CANDIDATES, late_expiry | {"lots": [lot]})
        assert (
            {node.get("Index Name") for node in scan_node_list if node["Actual Rows"]},
            rows_read(scan_node_list),
        ) == ({index}, 5)


LISTS = [
    (Filters(status=("IN_INVENTORY",)), "serial_state_by_status"),
    (Filters(status=("EXPECTED",)), "serial_state_by_status"),
    (Filters(status=("RECEIVED", "IN_INVENTORY")), "serial_state_by_status"),
    (Filters(adjustment="LOST"), "serial_state_not_in_use"),
    (Filters(expectation_cancelled=True), "serial_state_not_in_use"),
]


async def test_lists_read_a_page_by_index(harness: SerialsHarness, environment: Mapping[str, str]) -> None:
    """Lists of units in use by status, and of the others, read a page of keys in order (S33)."""
    await insert_background_units(harness, harness.sku)
    await analyze_tables(environment)
    for filters, index in LISTS:
        product_filters = replace(filters, sku=harness.sku)
        values = product_filters.parameters() | {"after_sku": "", "after_serial": "", "bound": 50}
        nodes = await scan_nodes(harness, text(scan_keys(product_filters).keys_query), values)
        assert ({node.get("Index Name") for node in nodes}, rows_read(nodes) <= 100) == ({index}, True), filters


SORT_INDEXES: dict[str, str] = {"-expiry": "serial_state_expiry", "-created_at": "serial_state_pkey"}
INDEXED_LISTS = [
    (Filters(customer="C-9"), {"serial_state_customer", "serial_state_by_status"}),
    (Filters(shipment="SH-9"), {"serial_state_shipment"}),
    (Filters(expiring_before=date(2099, 6, 2)), {"serial_state_expiry"}),
    (Filters(receipt="R-9"), {"audit_operation_receipt", "audit_entry_operation"}),
    (Filters(changed_since=datetime(2098, 1, 1, tzinfo=UTC)), {"audit_operation_recorded_at", "audit_entry_operation"}),
]
WARRANTIES: list[tuple[dict[str, Any], str]] = [
    ({}, "serial_state_warranty"),
    ({"ending_from": date(2028, 1, 1), "ending_before": date(2028, 2, 1)}, "serial_state_warranty"),
    ({"customer": "C-8"}, "serial_state_customer"),
]
# Shipped units, and twenty thousand receipts of four units each, the last one long after the others.
INSERT_DOCUMENTS = """
    UPDATE serial_state
    SET status = 'SHIPPED', location = NULL, shipment = 'SH-' || id % 500, customer = 'C-' || id % 2000,
        warranty_starts_on = '2026-01-01', warranty_ends_on = DATE '2027-01-01' + (id % 900)::int
    WHERE status = 'IN_INVENTORY' AND id % 2 = 0;
    INSERT INTO audit_operation (id, change, reason, actor, occurred_at, recorded_at, cause_source, cause_id, receipt)
    SELECT 1000000000 + n, 'RECEIVED', 'x', 'x', at, at, 'x', 'x', 'R-' || n
    FROM generate_series(1, 20000) AS n CROSS JOIN LATERAL (
        SELECT CASE WHEN n < 20000 THEN now() ELSE TIMESTAMPTZ '2099-01-01' END AS at
    ) AS t;
    INSERT INTO audit_entry (serial_id, version, operation_id, status)
    SELECT -n, 1, 1000000000 + n / 4, 'RECEIVED' FROM generate_series(4, 80003) AS n;
    ANALYZE serial, serial_state, audit_operation, audit_entry
"""


async def test_filters_read_an_index(harness: SerialsHarness, environment: Mapping[str, str]) -> None:
    """Lists by customer, shipment, receipt, expiry and time of change read few rows by an index (S31)."""
    await insert_background_units(harness, harness.sku)
    engine = create_engine(environment["SERIALS_MIGRATION_DATABASE_URL"], "test")
    async with engine.connect() as connection:
        tx = Transaction(connection)
        for statement in INSERT_DOCUMENTS.split(";\n"):
            await tx.execute(text(statement))
        for filters, indexes in INDEXED_LISTS:
            plan = use_index(filters)
            assert plan
            nodes = await explain(tx, plan.keys_query, filters.parameters() | {"bound": 1000})
            assert indexes <= {node.get("Index Name") for node in nodes}, filters
            assert "Seq Scan" not in {node["Node Type"] for node in nodes}, filters
        for sort, index in SORT_INDEXES.items():
            order = SORTS[sort]
            values = Filters().parameters() | order.parameters(None) | {"size": 50}
            nodes = await explain(tx, sorted_query(Filters(), order), values)
            assert index in {node.get("Index Name") for node in nodes}, sort
            assert "Sort" not in {node["Node Type"] for node in nodes}, sort
        for warranties, index in WARRANTIES:
            order = WARRANTY_SORTS.default
            values = warranty_filters(**warranties) | order.parameters(None) | {"size": 50}
            nodes = await explain(tx, select_warranties(order), values)
            states = [node for node in nodes if node.get("Relation Name") == "serial_state"]
            assert {node.get("Index Name") for node in states} <= {index, None}, warranties
            assert rows_read(states) < 1000, warranties
    await engine.dispose()
