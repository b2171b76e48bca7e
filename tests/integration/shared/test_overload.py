"""A service at ten times its capacity: it rejects what it cannot process, and loses nothing."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.processes import Service
from shared.http.limits import REQUESTS_PER_CONNECTION
from shared.settings import Settings
from tests.integration.shared.conftest import StartService
from tests.integration.shared.http_load import LoadResult
from tests.integration.shared.probes import (
    assert_published_once,
    box_contents,
    has_units,
    new_box_id,
    publish_units,
)
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS, assert_duration

CLIENTS = 10 * REQUESTS_PER_CONNECTION * Settings.model_fields["pool_size"].default
LOAD_SECONDS = 12
MAX_GROWTH = 16 * 1024 * 1024
"""Bytes by which the memory may grow in the second half of the load."""
EVENTS = 300


async def run_load(service: Service) -> LoadResult:
    """Send commands from a process of its own, which uses another core."""
    arguments = ["-m", "tests.integration.shared.http_load", str(service.port), str(CLIENTS), str(LOAD_SECONDS)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return LoadResult(**json.loads(output))


def resident_bytes(service: Service) -> int:
    """Return the resident memory of a service."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


async def probe(http: httpx.AsyncClient, path: str) -> float:
    """Request a path that must respond and return the seconds."""
    started_at = time.monotonic()
    response = await http.get(path)
    assert response.status_code == 200, (path, response.text)
    return time.monotonic() - started_at


async def test_overload_is_rejected_and_nothing_is_lost(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """Ten times the capacity: 503 at once, operator paths respond, memory is flat, commands and events are kept."""
    service, box = start(), new_box_id()
    load = asyncio.create_task(run_load(service))
    events = asyncio.create_task(publish_units(publish, box, EVENTS))
    health_seconds, memory = [], []
    async with httpx.AsyncClient(base_url=service.url, timeout=MAX_WAIT_SECONDS, headers=bearer()) as http:
        while not load.done():
            health_seconds.append(await probe(http, "/health"))
            if len(health_seconds) % 10 == 0:
                await probe(http, "/ready")
                await probe(http, "/metrics")
                memory.append(resident_bytes(service))
            await asyncio.sleep(0.05)
        metrics = (await http.get("/metrics")).text
    result = await load
    await events
    assert result.other_statuses == []
    assert result.rejected > CLIENTS
    assert f'tracelot_requests_rejected_total{{code="overloaded",service="toy"}} {result.rejected}.0' in metrics
    assert_duration("slowest rejection", result.slowest_rejection, 1)
    # A single answer may wait for the scheduler of the machine.
    assert_duration("95 % of /health", sorted(health_seconds)[len(health_seconds) * 95 // 100], 0.1)
    assert_duration("slowest /health", max(health_seconds), 1)
    assert memory[-1] - memory[len(memory) // 2] < MAX_GROWTH, memory
    acknowledged = {name: serials for name, serials in result.acknowledged.items() if serials}
    assert acknowledged
    for name, serials in acknowledged.items():
        contents = await box_contents(engine, name)
        assert contents[: len(serials)] == serials  # at most one more, whose response came after the end
    await wait_until(has_units(engine, box, EVENTS))
    await assert_published_once(engine, box, EVENTS)
    accepted = sum(map(len, acknowledged.values()))
    print(f"{CLIENTS} clients: {accepted} accepted, {result.rejected} rejected")  # noqa: T201 - shown in the output
