"""Servers that go away in the middle of everything and come back: Kafka by SIGKILL, PostgreSQL by a crash."""

import asyncio
import time

import pytest

from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.table import Table


async def test_kafka_killed(house: House, outside: Outside, table: Table) -> None:
    """Kafka is killed under load and comes back two seconds later: the services wait for it and go on by themselves."""
    await house.have(1)
    if not house.stack.ours:
        pytest.skip("the Kafka is not ours to kill")
    load = Load(outside, Plan("kafka"))
    async with load.running():
        await asyncio.sleep(2)
        await asyncio.to_thread(house.stack.kill_kafka)
        silence = outside.silence("tracelot/serials")
        await asyncio.sleep(2)
        assert all(replica.alive for replica in house), "no service ends because Kafka does"
        await asyncio.to_thread(house.stack.start_kafka)
        back = time.monotonic()
        await load.finish()
    found = await prove(house, load)
    took = silence.seconds - (back - silence.began)
    table.add("Kafka killed", found, await house.metrics(), took=took, note="time: Kafka back to first event")


async def test_postgres_crashes(house: House, outside: Outside, table: Table) -> None:
    """PostgreSQL is stopped as by a crash under load and started again, twice: no committed fact is lost."""
    await house.have(1)
    if not house.stack.ours:
        pytest.skip("the PostgreSQL is not ours to crash")
    load = Load(outside, Plan("postgres"))
    silences = []
    async with load.running():
        for _ in range(2):
            await asyncio.sleep(2)
            await asyncio.to_thread(house.stack.restart_postgres, "immediate")
            silences.append(outside.silence("tracelot/serials"))
        assert all(replica.alive for replica in house), "no service ends because PostgreSQL does"
        await load.finish()
    found = await prove(house, load)
    took = max(silence.seconds for silence in silences)
    table.add(
        "PostgreSQL crashed twice", found, await house.metrics(), took=took, note="time: database back to first event"
    )
