"""Stack with the four services: publish messages, wait until all are processed, query results."""

import asyncio
import json
import os
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
from shared.contracts.envelope import Message
from shared.contracts.serials import SerialAllocated
from shared.contracts.topics import SERIALS
from tests.benchmarks import cpu, workload
from tests.benchmarks.quiescence import EndOffsets, QuiescenceMonitor, partitions
from tests.benchmarks.records import RecordSender
from tests.support import auth


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Provide a temporary folder for the servers of one run."""
    STACK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=STACK, ignore_cleanup_errors=True) as path:
        yield Path(path)


async def read_events(consumer: AIOKafkaConsumer) -> list[dict[str, Any]]:
    """Return the next events, if any."""
    batches = await consumer.getmany(timeout_ms=200)
    return [json.loads(record.value or b"{}") for records in batches.values() for record in records]


@dataclass
class BenchStack:
    """Running servers and services with a producer and a quiescence monitor."""

    stack: Stack
    services: Mapping[str, processes.Service]
    sender: RecordSender
    quiescence: QuiescenceMonitor

    async def run_phase(self, messages: Iterable[Message]) -> float:
        """Publish messages and wait until all effects are committed; return the seconds, without the encoding."""
        prepared = self.sender.prepare(messages)
        start = time.time()
        await self.sender.send(prepared)
        seconds = await self.quiescence.wait_until_quiescent(prepared.topic) - start
        if rejections := await self.quiescence.rejections():
            raise RuntimeError(f"unexpected rejections: {rejections}")
        return seconds

    async def statuses(self) -> dict[str, int]:
        """Return the number of serials by status."""
        rows = await self.quiescence.databases["serials"].fetch("SELECT status, count(*) FROM serial_state GROUP BY 1")
        return {str(row["status"]): row["count"] for row in rows}

    async def assert_status_count(self, status: str, units: int) -> None:
        """Raise unless exactly `units` serials have the status."""
        counts = await self.statuses()
        if counts.get(status) != units:
            raise RuntimeError(f"expected {units} serials {status}, found {counts}")

    async def serials_end_offsets(self) -> EndOffsets:
        """Return the current end offsets of the serials events."""
        return await self.quiescence.end_offsets({SERIALS.name})

    async def allocated_orders(self, start_offsets: EndOffsets) -> list[workload.AllocatedOrder]:
        """Return the allocations of each order, from the events of serials since the given offsets."""
        allocated: dict[tuple[str, str], list[str]] = defaultdict(list)
        async for event in self.events_since(start_offsets):
            if event["type"] == SerialAllocated.TYPE:
                allocation = event["data"]
                allocated[allocation["order"], allocation["sku"]] += [
                    unit["serial"] for unit in allocation.get("allocated", ())
                ]
        return [workload.AllocatedOrder(order, sku, units) for (order, sku), units in allocated.items()]

    async def events_since(self, start_offsets: EndOffsets) -> AsyncIterator[dict[str, Any]]:
        """Read the events of serials from the given offsets to the current end."""
        ends = await self.serials_end_offsets()
        async with AIOKafkaConsumer(bootstrap_servers=self.stack.env["KAFKA_BOOTSTRAP_SERVERS"]) as consumer:
            consumer.assign(partitions(SERIALS.name))
            for partition, offset in start_offsets.items():
                consumer.seek(partition, offset)
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for event in await read_events(consumer):
                    yield event

    async def commit_times(self, prefix: str, status: str) -> dict[str, float]:
        """Return the commit time of the current state of each serial with this prefix and status."""
        rows = await self.quiescence.databases["serials"].fetch(
            "SELECT serial, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float AS at FROM serial_state "
            "WHERE starts_with(serial, $1) AND status::text = $2",
            prefix,
            status,
        )
        return {row["serial"]: row["at"] for row in rows}

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor seconds used so far."""
        if self.stack.kafka is None or self.stack.postgres is None:
            return {}
        processes_by_name = {
            "kafka": self.stack.kafka.process,
            **{service.name: service.process for service in self.services.values()},
        }
        pids = {name: process.pid for name, process in processes_by_name.items() if process}
        return cpu.cpu_seconds(pids, self.stack.postgres.process.pid if self.stack.postgres.process else 0)

    async def checkpoint(self) -> None:
        """Write dirty pages now, so that a measured phase does not write those of earlier phases."""
        if self.stack.postgres:
            superuser = await asyncpg.connect(self.stack.postgres.superuser_url)
            await superuser.execute("CHECKPOINT")
            await superuser.close()


@contextmanager
def bench_servers(run_folder: Path) -> Iterator[Stack]:
    """Start Kafka with the optimizing compiler and PostgreSQL with commit timestamps; create topics and tables."""
    os.environ.update(auth.ENVIRONMENT)
    with Stack(run_folder / "stack", keep_data=False, optimizing_compiler=True) as stack:
        if stack.postgres is None:
            raise RuntimeError("benchmarks need a PostgreSQL server that they can restart")
        asyncio.run(_enable_commit_timestamps(stack.postgres.superuser_url))
        stack.restart_postgres("fast")
        stack.env.update(auth.ENVIRONMENT)
        prepare(stack.env)
        yield stack


async def _enable_commit_timestamps(superuser_url: str) -> None:
    superuser = await asyncpg.connect(superuser_url)
    await superuser.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await superuser.close()


@asynccontextmanager
async def open_bench(stack: Stack, services: Mapping[str, processes.Service]) -> AsyncIterator[BenchStack]:
    """Connect to running services and publish the reference data."""
    async with RecordSender(stack.env["KAFKA_BOOTSTRAP_SERVERS"]) as sender, QuiescenceMonitor(stack.env) as quiescence:
        bench = BenchStack(stack, services, sender, quiescence)
        reference_data = workload.Workload("", 0, 1)
        await bench.run_phase(reference_data.product_messages())
        await bench.run_phase(reference_data.location_messages())
        yield bench
