"""Expiry checks of many lots: bounded transactions, a constant number of statements, and indexed reads."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from services.lots.expiry.domain import LotExpiryCheckDue
from services.lots.expiry.store import SELECT_DUE
from shared.messaging import scheduler
from shared.messaging.scheduler import JobRunner
from shared.persistence.database import create_engine, transaction
from tests.integration.expiry_checks import job_runner, published_events, run_expiry_check
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.expiry_checks import receive_dated_lots
from tests.integration.query_plans import explain
from tests.support.messages.lots import DOCK
from tests.support.messages.reference import product_changed
from tests.support.time_zones import DAY

pytestmark = pytest.mark.usefixtures("at_noon")  # a date that only the tests of expiry checks use


async def test_expiry_check_is_bounded_and_publishes_once(
    harness: LotsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 700 lots and two replicas, transactions are bounded and each lot is published and held once."""
    max_batch = 0
    run_transaction = JobRunner._run_transaction  # noqa: SLF001 - counts the batches of the real method

    async def counting_transaction(self: JobRunner, after: Any, size: int, found: list[Any]) -> bool:
        nonlocal max_batch
        done = await run_transaction(self, after, size, found)
        max_batch = max(max_batch, len(found))
        return done

    monkeypatch.setattr(JobRunner, "_run_transaction", counting_transaction)
    await receive_dated_lots(harness, *[-1] * 700)
    await asyncio.gather(job_runner(harness).run_once(), job_runner(harness).run_once())
    await run_expiry_check(harness)  # the slower replica may have had no work
    assert max_batch == scheduler.BATCH_SIZE
    for event_type, expected_count in (("lot.expiring.v1", 4), ("lot.expired.v1", 1), ("lot.hold_placed.v1", 1)):
        assert set(Counter(event["lot"] for event in await published_events(harness, event_type)).values()) == {
            expected_count
        }
    assert len(await published_events(harness, "lot.expired.v1")) == 700


async def test_expiry_check_uses_constant_statement_count(harness: LotsHarness) -> None:
    """An expiry check takes as many statements for 200 lots as for one."""
    other_harness = LotsHarness(harness.engine)
    await other_harness.handle(product_changed(other_harness.sku, "LOT"))
    await receive_dated_lots(harness, -1)
    await receive_dated_lots(other_harness, *[-1] * 200)

    def due_events(sku: str, count: int) -> list[LotExpiryCheckDue]:
        return [
            LotExpiryCheckDue(sku=sku, lot=f"B-{number}", warehouse="EAST", since=date.min) for number in range(count)
        ]

    small_result = await harness.handle(*due_events(harness.sku, 1))
    large_result = await other_harness.handle(*due_events(other_harness.sku, 200))
    assert len(large_result.data_of("lot.hold_placed.v1")) == 200
    assert small_result.statement_count == large_result.statement_count


async def test_expiry_check_reads_only_due_lots(harness: LotsHarness, environment: Mapping[str, str]) -> None:
    """Among 30,000 lots that are due later, indexes return only the few that are due now (S29)."""
    await run_expiry_check(harness)
    async with transaction(harness.engine) as tx:
        insert = text("""
            INSERT INTO balance
                (sku, lot, location, warehouse, is_storage, on_hand, allocated, next_expiry_check)
            SELECT :sku, 'F-' || n, :location, 'EAST', false, 1, 0, '2099-01-01'
            FROM generate_series(1, 30000) AS n
        """)
        await tx.execute(insert, {"sku": harness.sku, "location": DOCK})
        insert = text("""
            INSERT INTO picked_stock (demand_id, lot, sku, warehouse, order_id, line, quantity, next_expiry_check)
            SELECT 'F-' || n, 'F', :sku, 'EAST', 'F', '1', 1, '2099-01-01' FROM generate_series(1, 30000) AS n
        """)
        await tx.execute(insert, {"sku": harness.sku})
    await receive_dated_lots(harness, 0)
    owner_engine = create_engine(environment["LOTS_MIGRATION_DATABASE_URL"], "test")
    async with transaction(owner_engine) as tx:  # fresh statistics, independent of the other tests
        await tx.execute(text("ANALYZE balance, picked_stock"))
    await owner_engine.dispose()
    values = {
        "warehouses": ["EAST", "WEST"], "days": [DAY, DAY], "size": 200,
        "warehouse": "", "since": date.min, "sku": "", "lot": "",
    }  # fmt: skip
    async with transaction(harness.engine) as tx:
        nodes = await explain(tx, SELECT_DUE.text, values)
        await tx.execute(
            text("UPDATE balance SET on_hand = 0 WHERE sku = :sku AND lot LIKE 'F-%'"), {"sku": harness.sku}
        )
        await tx.execute(
            text("UPDATE picked_stock SET quantity = 0 WHERE sku = :sku AND lot = 'F'"), {"sku": harness.sku}
        )
    scan_nodes = [node for node in nodes if node.get("Relation Name") in {"balance", "picked_stock"}]
    assert [node.get("Index Name") for node in scan_nodes] == [
        "balance_next_expiry_check",
        "picked_stock_next_expiry_check",
    ]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scan_nodes) < 10
