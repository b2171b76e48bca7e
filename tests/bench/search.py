"""Search among a million serials, over HTTP: first page and the one behind the cursor, whatever is asked.

Every product has serials of a form of its own, as makers give them; the statuses stand as in a house that has shipped
for years. The needles are cut from serials that exist, so the common ones are asked for as often as the rare.
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
from tests.bench.report import Section, table
from tests.bench.warehouse import folder, servers

SERIALS, QUESTIONS, WARM_UP = 1_000_000, 120, 20
Params = dict[str, str | int]

# The registry's own tables, filled by their owner: a million serials through the services would take a minute or two,
# and their history is not searched.
FILL = """
SELECT setseed(0.5);
INSERT INTO serial (sku, serial, known_at, known_by, receipt)
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
STATES = """
INSERT INTO serial_state (id, sku, serial, status, version, receiving_version, warehouse, location, received_at,
                          receipt, receipt_line, order_id, order_line, demand, shipment, customer, holds)
SELECT id, sku, serial, status::status, 1, 1, CASE WHEN status <> 'SHIPPED' THEN house END,
    CASE WHEN status IN ('RECEIVED', 'PICKED') THEN house || '/STAGE-1'
         WHEN status IN ('IN_INVENTORY', 'ALLOCATED') THEN house || '/A-' || id % 2000 END,
    CASE WHEN status <> 'EXPECTED' THEN known_at END, receipt, '1',
    CASE WHEN going THEN 'SO-' || id / 20 END, CASE WHEN going THEN '1' END, CASE WHEN going THEN 'D-' || id / 20 END,
    CASE WHEN status = 'SHIPPED' THEN 'SH-' || id / 100 END, CASE WHEN going THEN 'C-' || id % 500 END, 0
FROM (
    SELECT *, status IN ('ALLOCATED', 'PICKED', 'SHIPPED') AS going FROM (
        SELECT *, CASE WHEN id % 10 < 7 THEN 'EAST' ELSE 'WEST' END AS house, CASE
            WHEN dice < 0.60 THEN 'SHIPPED' WHEN dice < 0.94 THEN 'IN_INVENTORY' WHEN dice < 0.97 THEN 'EXPECTED'
            WHEN dice < 0.985 THEN 'ALLOCATED' WHEN dice < 0.999 THEN 'RECEIVED' ELSE 'PICKED' END AS status
        FROM (SELECT *, random() AS dice FROM serial) AS diced
    ) AS dealt
) AS known
"""


NAMES = ("SHIPPED", "IN_INVENTORY", "EXPECTED", "PICKED")
STATUSES: tuple[Params, ...] = ({}, *(dict[str, str | int](status=name) for name in NAMES))


class Cases:
    """What people ask for, made of what there is."""

    def __init__(self, known: Sequence[Mapping[str, Any]]) -> None:
        self.known = known
        self.dice = random.Random(7)  # noqa: S311 - the same questions every time

    def part(self, size: int) -> str:
        """A part of a serial."""
        serial = self.one("serial")
        start = self.dice.randrange(max(1, len(serial) - size + 1))
        return serial[start : start + size]

    def one(self, field: str) -> str:
        """A value that some unit has."""
        return str(self.dice.choice([row[field] for row in self.known if row[field]]))

    def every(self) -> Iterator[tuple[str, list[Params]]]:
        """Each kind of question, and many of it."""
        for status in STATUSES:
            name = str(status.get("status", "all statuses"))
            yield name, [status] * QUESTIONS
            for size in (3, 4, 8):
                yield f"{name}, a part of {size}", [{"q": self.part(size), **status} for _ in range(QUESTIONS)]
        yield "a beginning of 2", [{"q": self.one("serial")[:2]} for _ in range(QUESTIONS)]
        yield "a product, a part of 3", [{"q": self.part(3), "sku": self.one("sku")} for _ in range(QUESTIONS)]
        yield "a warehouse, a part of 3", [{"q": self.part(3), "warehouse": "EAST"} for _ in range(QUESTIONS)]
        yield "a location", [{"location": self.one("location")} for _ in range(QUESTIONS)]
        yield "an order", [{"order": self.one("order_id")} for _ in range(QUESTIONS)]


async def fill(url: str) -> list[Mapping[str, Any]]:
    """Fill the registry; a sample of what it holds."""
    owner = await asyncpg.connect(url)
    dealt, known = (statement.strip() for statement in FILL.strip().split(";")[:2])
    await owner.execute(dealt)
    await owner.execute(known, SERIALS, timeout=600)
    await owner.execute(STATES, timeout=600)
    for name in ("serial", "serial_state"):
        await owner.execute(f"VACUUM (ANALYZE) {name}", timeout=600)
    rows = await owner.fetch("SELECT sku, serial, location, order_id FROM serial_state WHERE id % 499 = 7")
    await owner.close()
    return [dict(row) for row in rows]


async def timed(client: httpx.AsyncClient, params: Params) -> tuple[float, str | None]:
    """Ask one page; milliseconds, and where the next begins."""
    start = time.perf_counter()
    response = await client.get("/serials", params={"limit": 50, **params})
    spent = (time.perf_counter() - start) * 1000
    return spent, response.raise_for_status().json()["next"]


async def asked(client: httpx.AsyncClient, questions: Sequence[Params]) -> list[float]:
    """Ask each question for its first page and, where there is one, its second."""
    spent = []
    for number, params in enumerate(questions):
        first, cursor = await timed(client, params)
        pages = [first, *([(await timed(client, params | {"cursor": cursor}))[0]] if cursor else [])]
        spent += pages if number >= WARM_UP else []
    return sorted(spent)


async def _run(url: str, known: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    rows = []
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        for name, questions in Cases(known).every():
            spent = await asked(client, questions)
            points = statistics.quantiles(spent, n=20)
            rows.append([name, len(spent), *(f"{figure:.1f}" for figure in (points[9], points[18], spent[-1]))])
    return rows


def measure() -> Section:
    """One registry, one question at a time."""
    with folder() as where, servers(where) as stack:
        known = asyncio.run(fill(stack.env["SERIALS_OWNER_URL"]))
        with processes.running(stack.env, where / "logs", ["serials"]) as services:
            rows = asyncio.run(_run(services["serials"].url, known))
    head = ["asked for", "pages", "p50, ms", "p95, ms", "longest, ms"]
    return Section("search", f"Search among {SERIALS:,} serials, over HTTP", [table(head, rows)])
