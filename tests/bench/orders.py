"""A morning's orders: 10 000 of one unit each, from the first sent to all allocated and known to be."""

import asyncio
import statistics
from collections.abc import Mapping

from deploy import processes
from deploy.local.stack import Stack
from tests.bench import world
from tests.bench.life import arrive
from tests.bench.report import Section, table
from tests.bench.warehouse import folder, opened, servers

UNITS = 10_000


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[float]:
    seconds = []
    async with opened(stack, services) as warehouse:
        for number in range(times + 1):
            units = UNITS if number else 2_000  # the first is to warm up
            stock = world.World(f"O{number}-", units, 100)
            async for _ in arrive(warehouse, stock):
                pass
            await warehouse.phase(stock.put_away())
            await warehouse.checkpoint()
            before = (await warehouse.statuses()).get("ALLOCATED", 0)
            seconds.append(await warehouse.phase(world.World(f"O{number}-", units, 1).ordered()))
            await warehouse.expect("ALLOCATED", before + units)
    return seconds[1:]


def measure(times: int) -> Section:
    """So many mornings, one after another."""
    with folder() as where, servers(where) as stack, processes.running(stack.env, where / "logs") as services:
        seconds = asyncio.run(_run(stack, services, times))
    median = statistics.median(seconds)
    rows = [[UNITS, ", ".join(f"{each:.2f}" for each in seconds), f"{median:.2f}", f"{UNITS / median:,.0f}"]]
    return Section("orders", "10 000 orders of one unit, until all are allocated",
                   [table(["orders", "seconds", "median", "orders/s"], rows)])  # fmt: skip
