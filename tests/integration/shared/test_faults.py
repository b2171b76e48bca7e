"""Faults of the toy service, its replicas and servers: no message is lost or processed twice."""

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
from tests.integration.shared.conftest import SERVICE_NAME, StartService
from tests.integration.shared.probes import (
    assert_published_once,
    failpoint,
    has_units,
    new_box_id,
    publish_units,
    published_events,
)
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS, assert_duration
from tests.support.toy.messages import Arrived


async def test_sigterm_finishes_running_work_and_exits_0(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """SIGTERM under load: exit code 0 within 10 s; the next replica continues without loss or duplicates."""
    service, box = start(), new_box_id()
    load = asyncio.create_task(publish_units(publish, box, 400))
    await wait_until(has_units(engine, box, 20))
    started_at = time.monotonic()
    service.process.terminate()
    assert await asyncio.to_thread(service.process.wait, MAX_WAIT_SECONDS) == 0
    assert_duration("SIGTERM to exit 0", time.monotonic() - started_at, 10)
    start()
    await load
    await wait_until(has_units(engine, box, 400))
    await assert_published_once(engine, box, 400)


async def test_killed_relay_republishes_with_the_same_ids(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path
) -> None:
    """A relay killed between publish and delete: the next replica republishes with the same ids."""
    service, box = start(), new_box_id()
    with failpoint(tmp_path, "relay.after_publish", "kill"):
        await publish(Arrived(box=box, serials=["0"]))
        await asyncio.to_thread(service.process.wait, MAX_WAIT_SECONDS)
    start()
    await assert_published_once(engine, box, 1)
    assert len(await published_events(box)) == 2


@pytest.mark.parametrize("position", ["consumer.before_begin", "consumer.in_transaction", "consumer.before_commit"])
async def test_frozen_replica_is_fenced(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], tmp_path: Path, *, position: str
) -> None:
    """A replica frozen before BEGIN, COMMIT or offset commit is replaced; after thawing it does no harm."""
    first_replica, box = start(), new_box_id()
    with failpoint(tmp_path, position, "stop") as failpoint_file:
        await publish(Arrived(box=box, serials=["0"]))

        async def is_frozen() -> bool:
            return not failpoint_file.exists()

        await wait_until(is_frozen)
        second_replica = start()
    await wait_until(has_units(engine, box, 1))
    first_replica.thaw()
    for number in range(1, 50):
        await publish(Arrived(box=box, serials=[str(number)]))
    await wait_until(has_units(engine, box, 50))
    await assert_published_once(engine, box, 50)
    for service in (first_replica, second_replica):
        service.wait_ready(MAX_WAIT_SECONDS)


async def test_rebalance_waits_for_the_commit(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """A second replica joins and leaves under load: no record is delivered twice."""
    sessions = {"KAFKA_SESSION_TIMEOUT_MS": "60000"}  # no replica is considered dead on busy cores
    first_replica, box = start(**sessions), new_box_id()
    load = asyncio.create_task(publish_units(publish, box, 600))
    await wait_until(has_units(engine, box, 20))
    second_replica = start(**sessions)
    assert await asyncio.to_thread(second_replica.stop, MAX_WAIT_SECONDS) == 0
    await load
    await wait_until(has_units(engine, box, 600))
    await assert_published_once(engine, box, 600)
    async with httpx.AsyncClient(base_url=first_replica.url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http:
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_messages_deduplicated_total{service="toy"} 0.0' in metrics
    assert await asyncio.to_thread(first_replica.stop, MAX_WAIT_SECONDS) == 0


async def test_recovery_after_server_outages(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """PostgreSQL crashes and Kafka is killed under load: the service recovers without loss or duplicates."""
    service, box = start(), new_box_id()
    load = asyncio.create_task(publish_units(publish, box, 300))
    await wait_until(has_units(engine, box, 20))
    await asyncio.to_thread(stack.restart_postgres, "immediate")
    await engine.dispose()
    await wait_until(has_units(engine, box, 100))
    await asyncio.to_thread(stack.kill_kafka)
    await asyncio.to_thread(stack.start_kafka)
    await load
    await wait_until(has_units(engine, box, 300))
    await assert_published_once(engine, box, 300)
    assert service.is_alive
    service.wait_ready(MAX_WAIT_SECONDS)


async def test_stop_without_kafka_exits_0(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], stack: Stack
) -> None:
    """A service stops within 10 s even if Kafka is unavailable."""
    service, box = start(), new_box_id()
    await publish(Arrived(box=box, serials=["1"]))
    await wait_until(has_units(engine, box, 1))
    await asyncio.to_thread(stack.kill_kafka)
    try:
        started_at = time.monotonic()
        assert await asyncio.to_thread(service.stop, MAX_WAIT_SECONDS) == 0
        assert_duration("SIGTERM to exit 0", time.monotonic() - started_at, 10)
    finally:
        await asyncio.to_thread(stack.start_kafka)


def test_service_does_not_start_without_kafka(toy: Mapping[str, str]) -> None:
    """Without Kafka at startup the service exits with a non-zero code."""
    environment = {**os.environ, **toy, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "shared.cli", "serve", SERVICE_NAME, "--port", "0"]
    process = subprocess.run(command, env=environment, capture_output=True, timeout=MAX_WAIT_SECONDS, check=False)
    assert process.returncode == 3
