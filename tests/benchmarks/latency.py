"""Latency from the publication of a putaway command to its commit in serials, at 1,000 commands per second."""

import asyncio
import statistics
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.serials import PutAwaySerials
from tests.benchmarks import workload
from tests.benchmarks.bench_stack import BenchStack, bench_servers, open_bench, temporary_folder
from tests.benchmarks.lifecycle import receive
from tests.benchmarks.records import encode
from tests.benchmarks.report import Section, markdown_table

RATE, SECONDS, WARM_UP, MIN_SLEEP = 1_000, 20, 3, 0.005


async def _send(bench: BenchStack, load: workload.Workload) -> dict[str, float]:
    """Publish a putaway per unit at a constant rate; return the publication time of each serial."""
    records = [
        (message.serials[0], encode(message))
        for message in load.putaway_commands()
        if isinstance(message, PutAwaySerials)
    ]
    sent: dict[str, float] = {}
    servers = bench.stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        start = time.perf_counter()
        for number, (serial, record) in enumerate(records):
            if (delay := start + number / RATE - time.perf_counter()) > 0:
                await asyncio.sleep(max(delay, MIN_SLEEP))
            sent[serial] = time.time()
            await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
    return sent


async def _run(stack: Stack, services: Mapping[str, processes.Service]) -> list[float]:
    async with open_bench(stack, services) as bench:
        units = RATE * (SECONDS + WARM_UP)
        async for _ in receive(bench, workload.Workload("T", units, 100)):
            pass
        await bench.checkpoint()
        sent = await _send(bench, workload.Workload("T", units, 1))
        await bench.quiescence.wait_until_quiescent(PutAwaySerials.TOPIC.name)
        visible = await bench.commit_times("T", "IN_INVENTORY")
    if len(visible) != units:
        raise RuntimeError(f"{len(visible)} of {units} units are IN_INVENTORY")
    measured = list(sent)[RATE * WARM_UP :]
    return sorted((visible[serial] - sent[serial]) * 1000 for serial in measured)


def measure() -> Section:
    """Measure one run at the constant rate."""
    with (
        temporary_folder() as run_folder,
        bench_servers(run_folder) as stack,
        processes.running(stack.env, run_folder / "logs") as services,
    ):
        latencies = asyncio.run(_run(stack, services))
    points = statistics.quantiles(latencies, n=100)
    rows = [[RATE, SECONDS, f"{points[49]:.0f}", f"{points[94]:.0f}", f"{points[98]:.0f}", f"{latencies[-1]:.0f}"]]
    headings = ["events/s", "seconds", "p50, ms", "p95, ms", "p99, ms", "maximum, ms"]
    return Section("latency", "Latency from putaway command to visible status", [markdown_table(headings, rows)])
