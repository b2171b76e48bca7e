"""A lorry of 10 000 units: from the first scan to the last unit in inventory, a conveyor putting away what is received.

ANNOUNCED before; the end is PostgreSQL's own commit time of the last IN_INVENTORY.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.serials import PutAway
from shared.contracts.serials import SerialMoved
from shared.contracts.topics import SERIALS
from tests.bench import world
from tests.bench.quiet import partitions
from tests.bench.records import encode
from tests.bench.report import Section, table
from tests.bench.warehouse import Warehouse, folder, opened, read, servers

UNITS, AN_EVENT = 10_000, 500


async def _received(consumer: AIOKafkaConsumer, units: int) -> AsyncIterator[list[PutAway]]:
    """Puts away what the registry says is received, until it was that many units."""
    number = 0
    while units > 0:
        orders = []
        for data in await read(consumer):
            if data["type"] == SerialMoved.TYPE and data["data"]["status"] == "RECEIVED":
                moved = data["data"]
                location = world.STORES[(number := number + 1) % len(world.STORES)]
                orders.append(PutAway(sku=moved["sku"], serials=moved["serials"], location=location))
                units -= len(moved["serials"])
        yield orders


async def _lorry(warehouse: Warehouse, prefix: str, units: int) -> float:
    goods = world.World(prefix, units, AN_EVENT, products=1, receipt=units)
    await warehouse.phase(goods.announced())
    servers = warehouse.stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with (
        AIOKafkaConsumer(bootstrap_servers=servers, fetch_max_wait_ms=20) as consumer,
        AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=2_000_000) as producer,
    ):
        consumer.assign(partitions(SERIALS.name))
        await consumer.seek_to_end()
        scans = [encode(fact) for pair in zip(goods.scanned(), goods.confirmed(), strict=True) for fact in pair]
        start = time.time()
        for record in scans:
            await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
        async for orders in _received(consumer, units):
            for record in map(encode, orders):
                await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
    await warehouse.watch.settled(PutAway.TOPIC.name)
    times = await warehouse.committed(prefix, "IN_INVENTORY")
    if len(times) != units:
        raise RuntimeError(f"{len(times)} of {units} units are in inventory; {await warehouse.watch.refused()}")
    return max(times.values()) - start


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[float]:
    async with opened(stack, services) as warehouse:
        await _lorry(warehouse, "W", 2_000)
        return [await _lorry(warehouse, f"R{number}-", UNITS) for number in range(times)]


def measure(times: int) -> Section:
    """So many lorries, one after another."""
    with (
        folder() as where,
        servers(where) as stack,
        processes.running(stack.env, where / "logs") as services,
    ):
        seconds = asyncio.run(_run(stack, services, times))
    rows = [[UNITS, ", ".join(f"{each:.2f}" for each in seconds), f"{statistics.median(seconds):.2f}"]]
    return Section("receipt", "A receipt of 10 000 units, from the first scan to the last in inventory",
                   [table(["units", "seconds", "median"], rows)])  # fmt: skip
