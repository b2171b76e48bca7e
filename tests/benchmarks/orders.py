"""Allocation of 10,000 orders of one unit, from the first order sent to the last allocation in fulfillment."""

import asyncio
import statistics
from collections.abc import Mapping

from deploy import processes
from deploy.local.stack import Stack
from tests.benchmarks import workload
from tests.benchmarks.bench_stack import bench_servers, open_bench, temporary_folder
from tests.benchmarks.lifecycle import receive
from tests.benchmarks.report import Section, markdown_table

UNITS = 10_000


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[float]:
    seconds = []
    async with open_bench(stack, services) as bench:
        for number in range(times + 1):
            units = UNITS if number else 2_000  # the first run is the warm-up
            load = workload.Workload(f"O{number}-", units, 100)
            async for _ in receive(bench, load):
                pass
            await bench.run_phase(load.putaway_commands())
            await bench.checkpoint()
            before = (await bench.statuses()).get("ALLOCATED", 0)
            seconds.append(await bench.run_phase(workload.Workload(f"O{number}-", units, 1).order_messages()))
            await bench.assert_status_count("ALLOCATED", before + units)
    return seconds[1:]


def measure(times: int) -> Section:
    """Measure `times` runs, one after another."""
    with (
        temporary_folder() as run_folder,
        bench_servers(run_folder) as stack,
        processes.running(stack.env, run_folder / "logs") as services,
    ):
        seconds = asyncio.run(_run(stack, services, times))
    median = statistics.median(seconds)
    rows = [[UNITS, ", ".join(f"{duration:.2f}" for duration in seconds), f"{median:.2f}", f"{UNITS / median:,.0f}"]]
    return Section("orders", "Allocation of 10,000 orders of one unit",
                   [markdown_table(["orders", "seconds", "median", "orders/s"], rows)])  # fmt: skip
