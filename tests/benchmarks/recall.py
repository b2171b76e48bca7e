"""Recall of a lot that is part of 1,000 orders, among a million movements."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from deploy import processes
from tests.benchmarks.bench_stack import bench_servers, temporary_folder
from tests.benchmarks.report import Section, markdown_table
from tests.support.auth import bearer

MOVEMENTS, LOTS, ORDERS = 1_000_000, 2_000, 1_000

# Test data, inserted as the database owner: each lot has hundreds of movements (received, picked, shipped) and a
# remaining balance. The recalled lot was shipped in 1,000 orders.
INSERT_DATA = """
INSERT INTO product (sku, version, name, unit, tracking)
SELECT 'PRD-' || p, 1, 'Product ' || p, 'each', 'LOT' FROM generate_series(0, 99) AS p;
INSERT INTO lot (sku, lot, expiry, first_received_at, supplier)
SELECT 'PRD-' || n % 100, 'L-' || n, current_date + 400, now() - interval '90 days', 'Manufacturer ' || n % 7
FROM generate_series(1, {lots}) AS n;
INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated, expiry)
SELECT sku, lot, warehouse || '/A-' || number, warehouse, true, 100, 0, expiry
FROM lot CROSS JOIN unnest(ARRAY['EAST', 'WEST']) AS warehouse CROSS JOIN generate_series(1, 2) AS number;
INSERT INTO ledger (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred_at, recorded_at,
                    cause_source, cause_id, order_id, line, demand_id, shipment, customer)
SELECT movement.change, lot.sku, lot.lot, 'EAST', CASE WHEN movement.change <> 'SHIPPED' THEN 'EAST/A-1' END,
    movement.on_hand, movement.picked,
    'x', 'bench', now(), now(), 'bench', n::text, 'SO-' || n, '1', 'D-' || n, 'SH-' || n / 4, 'C-' || n % 300
FROM generate_series(1, {movements} / 3) AS n
JOIN lot ON lot.lot = 'L-' || CASE WHEN n <= {orders} THEN 1 ELSE 2 + n % ({lots} - 1) END
CROSS JOIN (VALUES ('RECEIVED', 1, 0), ('PICKED', -1, 1), ('SHIPPED', 0, -1)) AS movement (change, on_hand, picked);
INSERT INTO ledger (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred_at, recorded_at,
                    cause_source, cause_id)
SELECT 'RECEIVED', sku, lot, warehouse, location, on_hand, 0, 'x', 'bench', now(), now(), 'bench', lot || location
FROM balance;
INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, recorded_at)
SELECT DISTINCT shipment, order_id, customer, 'Clinic ' || customer, '+49 40 1', now()
FROM ledger WHERE change = 'SHIPPED';
"""
TABLES = ("product", "lot", "balance", "ledger", "consignee")
HEADERS = bearer("bench")


async def fill_tables(url: str) -> int:
    """Fill the tables; return the number of movements."""
    connection = await asyncpg.connect(url)
    await connection.execute(INSERT_DATA.format(lots=LOTS, movements=MOVEMENTS, orders=ORDERS), timeout=600)
    for name in TABLES:
        await connection.execute(f"VACUUM (ANALYZE) {name}", timeout=600)
    movements: int = await connection.fetchval("SELECT count(*) FROM ledger")
    await connection.close()
    return movements


async def run_recall(client: httpx.AsyncClient, name: str, *, mock: bool) -> dict[str, float]:
    """Open a recall, wait until it is complete, read all its lists; return the seconds of each part."""
    start = time.perf_counter()
    body = {"recall": name, "lots": [{"lot": "L-1"}], "reason": "glass", "mock": mock}
    response = await client.post("/recalls", json=body, headers={**HEADERS, "Idempotency-Key": str(uuid4())})
    response.raise_for_status()
    # polling: another process completes it
    while not (await client.get(f"/recalls/{name}")).raise_for_status().json()["complete_at"]:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    complete_at = time.perf_counter()
    contacts = [item async for item in iterate_pages(client, f"/recalls/{name}/contacts")]
    contacts_at = time.perf_counter()
    for page in ("stock", "orders", "reconciliation"):
        [item async for item in iterate_pages(client, f"/recalls/{name}/{page}")]
    done_at = time.perf_counter()
    if len(contacts) != ORDERS:
        raise RuntimeError(f"expected {ORDERS} customer contacts, found {len(contacts)}")
    return {
        "complete": complete_at - start,
        "contact list": contacts_at - complete_at,
        "all lists": done_at - start,
    }


async def iterate_pages(client: httpx.AsyncClient, path: str) -> Any:
    """Yield all items of a list, page by page."""
    params: dict[str, Any] = {"limit": 500}
    while True:
        page = (await client.get(path, params=params)).raise_for_status().json()
        for item in page["items"]:
            yield item
        if not page["next"]:
            return
        params["cursor"] = page["next"]


async def _run(url: str, times: int) -> Sequence[dict[str, float]]:
    async with httpx.AsyncClient(base_url=url, timeout=60, headers=bearer()) as client:
        await run_recall(client, "WARM-UP", mock=True)
        return [await run_recall(client, f"RC-{number}", mock=number % 2 == 0) for number in range(times)]


def measure(times: int) -> Section:
    """Measure `times` recalls, one after another; every other one is a mock recall."""
    with temporary_folder() as run_folder, bench_servers(run_folder) as stack:
        movements = asyncio.run(fill_tables(stack.env["LOTS_MIGRATION_DATABASE_URL"]))
        with processes.running(stack.env, run_folder / "logs", ["lots"]) as services:
            runs = asyncio.run(_run(services["lots"].url, times))
    rows = [
        [part, ", ".join(f"{run[part]:.3f}" for run in runs), f"{statistics.median(run[part] for run in runs):.3f}"]
        for part in runs[0]
    ]
    title = f"Recall of a lot in {ORDERS:,} orders among {movements:,} movements"
    return Section("recall", title, [markdown_table(["until", "seconds", "median"], rows)])
