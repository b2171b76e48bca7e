"""How soon a status is visible: from a putaway's publication to its commit in the registry, at 1 000 a second."""

import asyncio
import statistics
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.serials import PutAway
from tests.bench import world
from tests.bench.life import arrive
from tests.bench.records import encode
from tests.bench.report import Section, table
from tests.bench.warehouse import Warehouse, folder, opened, servers

RATE, SECONDS, WARM_UP, TICK = 1_000, 20, 3, 0.005


async def _send(warehouse: Warehouse, goods: world.World) -> dict[str, float]:
    """Publish a putaway for each unit, evenly; when each serial's was."""
    records = [(fact.serials[0], encode(fact)) for fact in goods.put_away() if isinstance(fact, PutAway)]
    sent: dict[str, float] = {}
    servers = warehouse.stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        start = time.perf_counter()
        for number, (serial, record) in enumerate(records):
            if (early := start + number / RATE - time.perf_counter()) > 0:
                await asyncio.sleep(max(early, TICK))
            sent[serial] = time.time()
            await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
    return sent


async def _run(stack: Stack, services: Mapping[str, processes.Service]) -> list[float]:
    async with opened(stack, services) as warehouse:
        units = RATE * (SECONDS + WARM_UP)
        async for _ in arrive(warehouse, world.World("T", units, 100)):
            pass
        await warehouse.checkpoint()
        sent = await _send(warehouse, world.World("T", units, 1))
        await warehouse.watch.settled(PutAway.TOPIC.name)
        visible = await warehouse.committed("T", "IN_INVENTORY")
    if len(visible) != units:
        raise RuntimeError(f"{len(visible)} of {units} units are in inventory")
    counted = list(sent)[RATE * WARM_UP :]
    return sorted((visible[serial] - sent[serial]) * 1000 for serial in counted)


def measure() -> Section:
    """One stretch at this rate."""
    with (
        folder() as where,
        servers(where) as stack,
        processes.running(stack.env, where / "logs") as services,
    ):
        found = asyncio.run(_run(stack, services))
    points = statistics.quantiles(found, n=100)
    rows = [[RATE, SECONDS, f"{points[49]:.0f}", f"{points[94]:.0f}", f"{points[98]:.0f}", f"{found[-1]:.0f}"]]
    head = ["events/s", "seconds", "p50, ms", "p95, ms", "p99, ms", "longest, ms"]
    return Section("latency", "From a putaway published to its status visible", [table(head, rows)])
