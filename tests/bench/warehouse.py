"""A stack with the four services at work, and what a bench does to them: send, wait until all is committed, ask."""

import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from deploy import processes
from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from shared.contracts.envelope import Fact
from shared.contracts.serials import SerialAllocated
from shared.contracts.topics import SERIALS
from tests.bench import cpu, world
from tests.bench.quiet import Ends, Watch, partitions
from tests.bench.records import Sender


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one run's servers, gone after it."""
    STACK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=STACK, ignore_cleanup_errors=True) as name:
        yield Path(name)


async def read(consumer: AIOKafkaConsumer) -> list[dict[str, Any]]:
    """The next messages that came, if any."""
    batches = await consumer.getmany(timeout_ms=200)
    return [json.loads(record.value or b"{}") for records in batches.values() for record in records]


@dataclass
class Warehouse:
    """Running servers and services, a producer and a watch."""

    stack: Stack
    services: Mapping[str, processes.Service]
    sender: Sender
    watch: Watch

    async def phase(self, facts: Iterable[Fact]) -> float:
        """Encode messages, publish them, and wait until they are committed everywhere; seconds from first to last."""
        wave = self.sender.pack(facts)
        start = time.time()
        await self.sender.send(wave)
        seconds = await self.watch.settled(wave.topic) - start
        if refused := await self.watch.refused():
            raise RuntimeError(f"the services refused what they should have taken: {refused}")
        return seconds

    async def statuses(self) -> dict[str, int]:
        """How many serials have each status."""
        rows = await self.watch.databases["serials"].fetch("SELECT status, count(*) FROM serial_state GROUP BY 1")
        return {str(row["status"]): row["count"] for row in rows}

    async def expect(self, status: str, units: int) -> None:
        """Raise unless so many serials have the status."""
        found = await self.statuses()
        if found.get(status) != units:
            raise RuntimeError(f"{units} serials should be {status}; there are {found}")

    async def said_from(self) -> Ends:
        """Where serials' events end now, for `orders`."""
        return await self.watch.ends({SERIALS.name})

    async def orders(self, since: Ends) -> list[world.Order]:
        """What each order was given, from the answers that serials has said since."""
        given: dict[tuple[str, str], list[str]] = defaultdict(list)
        async for data in self.told(since):
            if data["type"] == SerialAllocated.TYPE:
                answer = data["data"]
                given[answer["order"], answer["sku"]] += [unit["serial"] for unit in answer.get("given", ())]
        return [world.Order(order, sku, units) for (order, sku), units in given.items()]

    async def told(self, since: Ends) -> AsyncIterator[dict[str, Any]]:
        """What serials has said from these positions up to now."""
        ends = await self.said_from()
        async with AIOKafkaConsumer(bootstrap_servers=self.stack.env["KAFKA_BOOTSTRAP_SERVERS"]) as consumer:
            consumer.assign(partitions(SERIALS.name))
            for partition, offset in since.items():
                consumer.seek(partition, offset)
            while any([await consumer.position(each) < end for each, end in ends.items()]):
                for data in await read(consumer):
                    yield data

    async def committed(self, prefix: str, status: str) -> dict[str, float]:
        """When each serial that begins so got this status, which it still has: PostgreSQL's own commit time."""
        rows = await self.watch.databases["serials"].fetch(
            "SELECT serial, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float AS at FROM serial_state "
            "WHERE starts_with(serial, $1) AND status::text = $2",
            prefix,
            status,
        )
        return {row["serial"]: row["at"] for row in rows}

    def cpu(self) -> dict[str, float]:
        """Processor seconds used so far."""
        if self.stack.kafka is None or self.stack.postgres is None:
            return {}
        servers = {"kafka": self.stack.kafka.process, **{each.name: each.process for each in self.services.values()}}
        pids = {name: process.pid for name, process in servers.items() if process}
        return cpu.spent(pids, self.stack.postgres.process.pid if self.stack.postgres.process else 0)

    async def checkpoint(self) -> None:
        """Write out what is dirty, so that no earlier phase's pages are written in a clocked one."""
        if self.stack.postgres:
            superuser = await asyncpg.connect(self.stack.postgres.superuser_url)
            await superuser.execute("CHECKPOINT")
            await superuser.close()


@contextmanager
def servers(where: Path) -> Iterator[Stack]:
    """Kafka with the compiler of long-running servers, topics, tables, and a PostgreSQL that keeps commit times."""
    with Stack(where / "stack", keep=False, c2=True) as stack:
        if stack.postgres is None:
            raise RuntimeError("the bench needs a PostgreSQL that it may restart")
        asyncio.run(_keep_commit_times(stack.postgres.superuser_url))
        stack.restart_postgres("fast")
        prepare(stack.env)
        yield stack


async def _keep_commit_times(superuser_url: str) -> None:
    superuser = await asyncpg.connect(superuser_url)
    await superuser.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await superuser.close()


@asynccontextmanager
async def opened(stack: Stack, services: Mapping[str, processes.Service]) -> AsyncIterator[Warehouse]:
    """A producer and a watch on running services, and the reference data in place."""
    async with Sender(stack.env["KAFKA_BOOTSTRAP_SERVERS"]) as sender, Watch(stack.env) as watch:
        warehouse = Warehouse(stack, services, sender, watch)
        places = world.World("", 0, 1)
        await warehouse.phase(places.products_defined())
        await warehouse.phase(places.places_defined())
        yield warehouse
