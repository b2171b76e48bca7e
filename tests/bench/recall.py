"""A recall of one lot that went into 1 000 orders, among a million movements: from the command to whole pages."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from deploy import processes
from tests.bench.report import Section, table
from tests.bench.warehouse import folder, servers

MOVEMENTS, LOTS, ORDERS = 1_000_000, 2_000, 1_000

# Lots' own tables, filled by their owner: a lot is received, picked and shipped in hundreds of movements, and a rest of
# it lies in the house. The recalled one went into a thousand orders, some of which have it picked.
FILL = """
INSERT INTO product (sku, version, name, unit, tracking)
SELECT 'PRD-' || p, 1, 'Product ' || p, 'each', 'LOT' FROM generate_series(0, 99) AS p;
INSERT INTO lot (sku, lot, expiry, first_received, supplier)
SELECT 'PRD-' || n % 100, 'L-' || n, current_date + 400, now() - interval '90 days', 'Maker ' || n % 7
FROM generate_series(1, {lots}) AS n;
INSERT INTO balance (sku, lot, location, warehouse, stored, on_hand, allocated, expiry)
SELECT sku, lot, w || '/A-' || l, w, true, 100, 0, expiry
FROM lot CROSS JOIN unnest(ARRAY['EAST', 'WEST']) AS w CROSS JOIN generate_series(1, 2) AS l;
INSERT INTO ledger (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred, recorded,
                    cause_source, cause_id, order_id, line, demand, shipment, customer)
SELECT c.change, l.sku, l.lot, 'EAST', CASE WHEN c.change <> 'SHIPPED' THEN 'EAST/A-1' END, c.on_hand, c.picked,
    'x', 'bench', now(), now(), 'bench', n::text, 'SO-' || n, '1', 'D-' || n, 'SH-' || n / 4, 'C-' || n % 300
FROM generate_series(1, {movements} / 3) AS n
JOIN lot AS l ON l.lot = 'L-' || CASE WHEN n <= {orders} THEN 1 ELSE 2 + n % ({lots} - 1) END
CROSS JOIN (VALUES ('RECEIVED', 1, 0), ('PICKED', -1, 1), ('SHIPPED', 0, -1)) AS c (change, on_hand, picked);
INSERT INTO ledger (change, sku, lot, warehouse, location, on_hand, picked, reason, actor, occurred, recorded,
                    cause_source, cause_id)
SELECT 'RECEIVED', sku, lot, warehouse, location, on_hand, 0, 'x', 'bench', now(), now(), 'bench', lot || location
FROM balance;
INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, at)
SELECT DISTINCT shipment, order_id, customer, 'Clinic ' || customer, '+49 40 1', now()
FROM ledger WHERE change = 'SHIPPED';
"""
TABLES = ("product", "lot", "balance", "ledger", "consignee")
HEADERS = {"X-Actor": "bench"}


async def fill(url: str) -> int:
    """Fill the tables; how many movements there are."""
    owner = await asyncpg.connect(url)
    await owner.execute(FILL.format(lots=LOTS, movements=MOVEMENTS, orders=ORDERS), timeout=600)
    for name in TABLES:
        await owner.execute(f"VACUUM (ANALYZE) {name}", timeout=600)
    movements: int = await owner.fetchval("SELECT count(*) FROM ledger")
    await owner.close()
    return movements


async def recalled(client: httpx.AsyncClient, name: str, *, mock: bool) -> dict[str, float]:
    """Open one recall, wait for its answers, read all of its pages; seconds of each part."""
    start = time.perf_counter()
    body = {"recall": name, "lots": [{"lot": "L-1"}], "reason": "glass", "mock": mock}
    answer = await client.post("/recalls", json=body, headers={**HEADERS, "Idempotency-Key": str(uuid4())})
    answer.raise_for_status()
    # what another process does can only be asked for
    while not (await client.get(f"/recalls/{name}")).raise_for_status().json()["complete_at"]:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    complete = time.perf_counter()
    calls = [item async for item in every(client, f"/recalls/{name}/calls")]
    called = time.perf_counter()
    for page in ("stock", "orders", "reconciliation"):
        [item async for item in every(client, f"/recalls/{name}/{page}")]
    done = time.perf_counter()
    if len(calls) != ORDERS:
        raise RuntimeError(f"{len(calls)} lines to call instead of {ORDERS}")
    return {"answered": complete - start, "call list": called - complete, "all pages": done - start}


async def every(client: httpx.AsyncClient, path: str) -> Any:
    """Every item of a list, page by page."""
    params: dict[str, Any] = {"limit": 500}
    while True:
        page = (await client.get(path, params=params)).raise_for_status().json()
        for item in page["items"]:
            yield item
        if not page["next"]:
            return
        params["cursor"] = page["next"]


async def _run(url: str, times: int) -> Sequence[dict[str, float]]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await recalled(client, "WARM-UP", mock=True)
        return [await recalled(client, f"RC-{number}", mock=number % 2 == 0) for number in range(times)]


def measure(times: int) -> Section:
    """One house, one recall after another; every other one is a mock."""
    with folder() as where, servers(where) as stack:
        movements = asyncio.run(fill(stack.env["LOTS_OWNER_URL"]))
        with processes.running(stack.env, where / "logs", ["lots"]) as services:
            found = asyncio.run(_run(services["lots"].url, times))
    rows = [
        [part, ", ".join(f"{each[part]:.3f}" for each in found), f"{statistics.median(e[part] for e in found):.3f}"]
        for part in found[0]
    ]
    title = f"Recall of a lot in {ORDERS:,} orders, among {movements:,} movements"
    return Section("recall", title, [table(["until", "seconds", "median"], rows)])
