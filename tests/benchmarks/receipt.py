"""Receipt of 10,000 units, from the first scan to the last unit IN_INVENTORY; units are put away once received.

The ASN is published before. The end is the commit time of the last IN_INVENTORY state in PostgreSQL.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.serials import SerialStateChanged
from shared.contracts.topics import SERIALS
from tests.benchmarks import workload
from tests.benchmarks.bench_stack import BenchStack, bench_servers, open_bench, read_events, temporary_folder
from tests.benchmarks.quiescence import partitions
from tests.benchmarks.records import encode
from tests.benchmarks.report import Section, markdown_table

UNITS, UNITS_PER_EVENT = 10_000, 500


async def _putaways_for_received(consumer: AIOKafkaConsumer, units: int) -> AsyncIterator[list[PutAwaySerials]]:
    """Yield putaways for units that serials reports as RECEIVED, until `units` have been put away."""
    number = 0
    while units > 0:
        putaways = []
        for event in await read_events(consumer):
            if event["type"] == SerialStateChanged.TYPE and event["data"]["status"] == "RECEIVED":
                event_data = event["data"]
                location = workload.STORAGE_LOCATIONS[(number := number + 1) % len(workload.STORAGE_LOCATIONS)]
                putaways.append(PutAwaySerials(sku=event_data["sku"], serials=event_data["serials"], location=location))
                units -= len(event_data["serials"])
        yield putaways


async def _run_receipt(bench: BenchStack, prefix: str, units: int) -> float:
    load = workload.Workload(prefix, units, UNITS_PER_EVENT, products=1, receipt=units)
    await bench.run_phase(load.asn_messages())
    servers = bench.stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with (
        AIOKafkaConsumer(bootstrap_servers=servers, fetch_max_wait_ms=20) as consumer,
        AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=2_000_000) as producer,
    ):
        consumer.assign(partitions(SERIALS.name))
        await consumer.seek_to_end()
        scans = [
            encode(message)
            for pair in zip(load.scan_commands(), load.confirm_commands(), strict=True)
            for message in pair
        ]
        start = time.time()
        for record in scans:
            await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
        async for putaways in _putaways_for_received(consumer, units):
            for record in map(encode, putaways):
                await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
    await bench.quiescence.wait_until_quiescent(PutAwaySerials.TOPIC.name)
    times = await bench.commit_times(prefix, "IN_INVENTORY")
    if len(times) != units:
        raise RuntimeError(f"{len(times)} of {units} units are IN_INVENTORY; {await bench.quiescence.rejections()}")
    return max(times.values()) - start


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[float]:
    async with open_bench(stack, services) as bench:
        await _run_receipt(bench, "W", 2_000)
        return [await _run_receipt(bench, f"R{number}-", UNITS) for number in range(times)]


def measure(times: int) -> Section:
    """Measure `times` receipts, one after another."""
    with (
        temporary_folder() as run_folder,
        bench_servers(run_folder) as stack,
        processes.running(stack.env, run_folder / "logs") as services,
    ):
        seconds = asyncio.run(_run(stack, services, times))
    rows = [[UNITS, ", ".join(f"{duration:.2f}" for duration in seconds), f"{statistics.median(seconds):.2f}"]]
    return Section("receipt", "Receipt of 10,000 units, from first scan to last putaway",
                   [markdown_table(["units", "seconds", "median"], rows)])  # fmt: skip
