"""The toy service while it, its neighbours and its servers are stopped, killed and frozen: nothing lost or doubled."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from tests.shared.conftest import NAME, Start
from tests.shared.toy.messages import Arrived
from tests.shared.watching import all_said_once, failpoint, has, new_box, pour, published, until
from tests.timing import PATIENCE, judge


async def test_a_stop_finishes_what_runs_and_ends_with_0(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """SIGTERM under load: exit code 0 within 10 s, nothing lost or doubled when the next replica takes over."""
    service, box = start(), new_box()
    load = asyncio.create_task(pour(publish, box, 400))
    await until(has(engine, box, 20))
    began = time.monotonic()
    service.process.terminate()
    assert await asyncio.to_thread(service.process.wait, PATIENCE) == 0
    judge("SIGTERM to exit 0", time.monotonic() - began, 10)
    start()
    await load
    await until(has(engine, box, 400))
    await all_said_once(engine, box, 400)


async def test_a_relay_that_dies_before_it_deletes_repeats_itself_under_the_same_ids(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path
) -> None:
    """Killed between publish and delete: the next replica says it again with the id it had."""
    service, box = start(), new_box()
    with failpoint(tmp_path, "relay.after_publish", "kill"):
        await publish(Arrived(box=box, serials=["0"]))
        await asyncio.to_thread(service.process.wait, PATIENCE)
    start()
    await all_said_once(engine, box, 1)
    assert len(await published(box)) == 2


@pytest.mark.parametrize("where", ["line.before_begin", "line.in_transaction", "line.before_ack"])
async def test_a_frozen_replica_does_no_harm(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path, *, where: str
) -> None:
    """Frozen for longer than its session before BEGIN, COMMIT or ack: another takes over, and it wakes."""
    first, box = start(), new_box()
    with failpoint(tmp_path, where, "stop") as armed:
        await publish(Arrived(box=box, serials=["0"]))

        async def frozen() -> bool:
            return not armed.exists()

        await until(frozen)
        second = start()
    await until(has(engine, box, 1))
    first.thaw()
    for number in range(1, 50):
        await publish(Arrived(box=box, serials=[str(number)]))
    await until(has(engine, box, 50))
    await all_said_once(engine, box, 50)
    for service in (first, second):
        service.wait_ready(PATIENCE)


async def test_a_rebalance_waits_for_the_ack(start: Start, engine: AsyncEngine, publish: Callable[..., Any]) -> None:
    """A second replica joins under load and leaves again: no record was handled twice, so none had to be dropped."""
    sessions = {"KAFKA_SESSION_TIMEOUT_MS": "60000"}  # nobody is taken for dead on busy cores
    first, box = start(**sessions), new_box()
    load = asyncio.create_task(pour(publish, box, 600))
    await until(has(engine, box, 20))
    second = start(**sessions)
    assert await asyncio.to_thread(second.stop, PATIENCE) == 0
    await load
    await until(has(engine, box, 600))
    await all_said_once(engine, box, 600)
    async with httpx.AsyncClient(base_url=first.url, timeout=PATIENCE) as http:
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_duplicates_total{service="toy"} 0.0' in metrics
    assert await asyncio.to_thread(first.stop, PATIENCE) == 0


async def test_servers_may_go_and_come_back(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """PostgreSQL crashes and Kafka is killed under load: the service waits for both, nothing is lost or doubled."""
    service, box = start(), new_box()
    load = asyncio.create_task(pour(publish, box, 300))
    await until(has(engine, box, 20))
    await asyncio.to_thread(stack.restart_postgres, "immediate")
    await engine.dispose()
    await until(has(engine, box, 100))
    await asyncio.to_thread(stack.kill_kafka)
    await asyncio.to_thread(stack.start_kafka)
    await load
    await until(has(engine, box, 300))
    await all_said_once(engine, box, 300)
    assert service.alive
    service.wait_ready(PATIENCE)


async def test_a_stop_without_kafka_ends_with_0(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """Nothing keeps a service from ending within 10 s when it is told to, not even a broker that is away."""
    service, box = start(), new_box()
    await publish(Arrived(box=box, serials=["1"]))
    await until(has(engine, box, 1))
    await asyncio.to_thread(stack.kill_kafka)
    try:
        began = time.monotonic()
        assert await asyncio.to_thread(service.stop, PATIENCE) == 0
        judge("SIGTERM to exit 0", time.monotonic() - began, 10)
    finally:
        await asyncio.to_thread(stack.start_kafka)


def test_without_kafka_a_service_does_not_start(toy: Mapping[str, str]) -> None:
    """It ends with a code that is not 0, so that whoever started it knows."""
    environment = {**os.environ, **toy, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "shared.cli", "serve", NAME, "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 3
