"""Search among a million serials over HTTP: first and second page of each kind of query.

Serial numbers have four formats, by manufacturer. Statuses are distributed as in a warehouse after years of shipping.
Search terms are substrings of existing serials, so common and rare ones are equally likely.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncpg
import httpx

from deploy import processes
from tests.benchmarks.bench_stack import bench_servers, temporary_folder
from tests.benchmarks.report import Section, markdown_table
from tests.support.auth import bearer

SERIALS, QUERIES_PER_KIND, WARM_UP = 1_000_000, 120, 20
Params = dict[str, str | int]

# Test data, inserted as the database owner: publishing a million serials through Kafka would take minutes, and the
# search does not read their history.
INSERT_SERIALS = """
SELECT setseed(0.5);
INSERT INTO serial (sku, serial, created_at, created_by, receipt)
SELECT 'PRD-' || to_char(n % 200, 'FM0000'),
    CASE n % 4
        WHEN 0 THEN 'SN' || to_char(n * 7919 % 100000000, 'FM00000000')
        WHEN 1 THEN upper(left(md5(n::text), 12))
        WHEN 2 THEN 'C02' || upper(left(md5((n * 31)::text), 9))
        ELSE concat_ws('-', 2020 + n % 6, to_char(n % 53, 'FM00'), to_char(n * 104729 % 1000000, 'FM000000'), n % 97)
    END,
    now() - n * interval '1 second', 'erp', 'ASN-' || n / 1000
FROM generate_series(1::bigint, $1) AS n ORDER BY random() ON CONFLICT DO NOTHING;
"""
INSERT_STATES = """
INSERT INTO serial_state (id, sku, serial, status, version, receiving_version, warehouse, location, received_at,
                          receipt, receipt_line, order_id, order_line, demand_id, shipment, customer, open_hold_count)
SELECT id, sku, serial, status::status, 1, 1, CASE WHEN status <> 'SHIPPED' THEN warehouse END,
    CASE WHEN status IN ('RECEIVED', 'PICKED') THEN warehouse || '/STAGE-1'
         WHEN status IN ('IN_INVENTORY', 'ALLOCATED') THEN warehouse || '/A-' || id % 2000 END,
    CASE WHEN status <> 'EXPECTED' THEN created_at END, receipt, '1',
    CASE WHEN is_ordered THEN 'SO-' || id / 20 END, CASE WHEN is_ordered THEN '1' END,
    CASE WHEN is_ordered THEN 'D-' || id / 20 END, CASE WHEN status = 'SHIPPED' THEN 'SH-' || id / 100 END,
    CASE WHEN is_ordered THEN 'C-' || id % 500 END, 0
FROM (
    SELECT *, status IN ('ALLOCATED', 'PICKED', 'SHIPPED') AS is_ordered FROM (
        SELECT *, CASE WHEN id % 10 < 7 THEN 'EAST' ELSE 'WEST' END AS warehouse, CASE
            WHEN draw < 0.60 THEN 'SHIPPED' WHEN draw < 0.94 THEN 'IN_INVENTORY' WHEN draw < 0.97 THEN 'EXPECTED'
            WHEN draw < 0.985 THEN 'ALLOCATED' WHEN draw < 0.999 THEN 'RECEIVED' ELSE 'PICKED' END AS status
        FROM (SELECT *, random() AS draw FROM serial) AS drawn
    ) AS assigned
) AS generated
"""


SEARCHED_STATUSES = ("SHIPPED", "IN_INVENTORY", "EXPECTED", "PICKED")
STATUSES: tuple[Params, ...] = ({}, *(dict[str, str | int](status=name) for name in SEARCHED_STATUSES))


class QueryGenerator:
    """Generates queries from existing serials."""

    def __init__(self, units: Sequence[Mapping[str, Any]]) -> None:
        self.units = units
        self.rng = random.Random(7)  # noqa: S311 - reproducible queries

    def substring(self, size: int) -> str:
        """Return a substring of an existing serial."""
        serial = self.value_of("serial")
        start = self.rng.randrange(max(1, len(serial) - size + 1))
        return serial[start : start + size]

    def value_of(self, field: str) -> str:
        """Return a value of a field of some unit."""
        return str(self.rng.choice([row[field] for row in self.units if row[field]]))

    def query_sets(self) -> Iterator[tuple[str, list[Params]]]:
        """Yield each kind of query with its parameters."""
        for status in STATUSES:
            name = str(status.get("status", "all statuses"))
            yield name, [status] * QUERIES_PER_KIND
            for size in (3, 4, 8):
                yield (
                    f"{name}, substring of {size}",
                    [{"q": self.substring(size), **status} for _ in range(QUERIES_PER_KIND)],
                )
        yield "prefix of 2", [{"q": self.value_of("serial")[:2]} for _ in range(QUERIES_PER_KIND)]
        yield (
            "SKU, substring of 3",
            [{"q": self.substring(3), "sku": self.value_of("sku")} for _ in range(QUERIES_PER_KIND)],
        )
        yield (
            "warehouse, substring of 3",
            [{"q": self.substring(3), "warehouse": "EAST"} for _ in range(QUERIES_PER_KIND)],
        )
        yield "location", [{"location": self.value_of("location")} for _ in range(QUERIES_PER_KIND)]
        yield "order", [{"order": self.value_of("order_id")} for _ in range(QUERIES_PER_KIND)]


async def fill_tables(url: str) -> list[Mapping[str, Any]]:
    """Fill the tables; return a sample of the units."""
    connection = await asyncpg.connect(url)
    seed_statement, insert_statement = (statement.strip() for statement in INSERT_SERIALS.strip().split(";")[:2])
    await connection.execute(seed_statement)
    await connection.execute(insert_statement, SERIALS, timeout=600)
    await connection.execute(INSERT_STATES, timeout=600)
    for name in ("serial", "serial_state"):
        await connection.execute(f"VACUUM (ANALYZE) {name}", timeout=600)
    rows = await connection.fetch("SELECT sku, serial, location, order_id FROM serial_state WHERE id % 499 = 7")
    await connection.close()
    return [dict(row) for row in rows]


async def timed_request(client: httpx.AsyncClient, params: Params) -> tuple[float, str | None]:
    """Request one page; return the milliseconds and the next cursor."""
    start = time.perf_counter()
    response = await client.get("/serials", params={"limit": 50, **params})
    spent = (time.perf_counter() - start) * 1000
    return spent, response.raise_for_status().json()["next"]


async def run_queries(client: httpx.AsyncClient, queries: Sequence[Params]) -> list[float]:
    """Run each query for its first page and, if there is one, its second; return the sorted milliseconds."""
    spent = []
    for number, params in enumerate(queries):
        first, cursor = await timed_request(client, params)
        pages = [first, *([(await timed_request(client, params | {"cursor": cursor}))[0]] if cursor else [])]
        spent += pages if number >= WARM_UP else []
    return sorted(spent)


async def _run(url: str, units: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    rows = []
    async with httpx.AsyncClient(base_url=url, timeout=60, headers=bearer()) as client:
        for name, queries in QueryGenerator(units).query_sets():
            spent = await run_queries(client, queries)
            points = statistics.quantiles(spent, n=20)
            rows.append([name, len(spent), *(f"{figure:.1f}" for figure in (points[9], points[18], spent[-1]))])
    return rows


def measure() -> Section:
    """Measure one query at a time on one serials service."""
    with temporary_folder() as run_folder, bench_servers(run_folder) as stack:
        units = asyncio.run(fill_tables(stack.env["SERIALS_MIGRATION_DATABASE_URL"]))
        with processes.running(stack.env, run_folder / "logs", ["serials"]) as services:
            rows = asyncio.run(_run(services["serials"].url, units))
    headings = ["query", "pages", "p50, ms", "p95, ms", "maximum, ms"]
    return Section("search", f"Search among {SERIALS:,} serials over HTTP", [markdown_table(headings, rows)])
