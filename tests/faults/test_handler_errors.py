"""Failing handlers: a transient error is retried; a permanent one halts the consumer until an operator skips."""

import asyncio
import json
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from deploy.local.files import PROJECT
from deploy.processes import Service
from shared.contracts.commands.serials import MoveSerials
from tests.faults.cluster import Cluster
from tests.faults.extra_commands import wait_for_all
from tests.faults.fault_injector import Trigger
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import SHELVES, LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import ACTOR, UpstreamClient
from tests.support.auth import bearer
from tests.support.timing import MAX_WAIT_SECONDS


async def replace_with_faulty(cluster: Cluster, fault: str, trigger: Trigger) -> Service:
    """Replace the healthy replica of serials by a faulty one."""
    healthy = cluster.replicas["serials"][0]
    arguments = ("--at", "handler", "--fault", fault, "--trigger", str(trigger.path))
    faulty = await cluster.add_faulty_replica("serials", *arguments)
    await cluster.stop(healthy)
    return faulty


async def test_handler_that_raises_once(
    cluster: Cluster, upstream: UpstreamClient, report: FaultReport, tmp_path: Path
) -> None:
    """A handler that raises once in a batch of several partitions loses no record of any partition."""
    await cluster.scale_to(1)
    trigger = Trigger(tmp_path / "trigger")
    await replace_with_faulty(cluster, "raise-once", trigger)
    load = Load(upstream, LoadPlan("once", receipts=20, orders=20, interval=0.05))
    async with load.running():
        trigger.arm()
        await wait_for_all(upstream, {"serials": lambda: not trigger.is_armed}, "batch of several partitions")
        await load.wait_until_done()
    report.add("handler raises once", await prove(cluster, load), await cluster.metrics())


async def test_handler_that_always_raises(
    cluster: Cluster, upstream: UpstreamClient, report: FaultReport, tmp_path: Path
) -> None:
    """A handler that always raises on a message halts its consumer there until `tracelot skip`."""
    await cluster.scale_to(1)
    trigger = Trigger(tmp_path / "trigger")
    faulty = await replace_with_faulty(cluster, "raise-always", trigger)
    load = Load(upstream, LoadPlan("always", receipts=20, orders=20, interval=0.05))
    async with load.running():
        trigger.arm("always-poison")
        await upstream.publish(MoveSerials(actor=ACTOR, sku="always-poison", serials=["1"], location=SHELVES[0]))
        halted = await wait_for_halt(faulty)
        assert halted["topic"] == "serials.commands"
        was_ready = await asyncio.to_thread(faulty.is_ready)
        assert not was_ready, "a halted service is not ready"
        silence = upstream.start_silence_timer("tracelot/serials")
        await skip_record(cluster, halted)
        await load.wait_until_done()
    cluster.injected_dead_letters += 1
    findings = await prove(cluster, load)
    report.add(
        "handler raises always",
        findings,
        await cluster.metrics(),
        elapsed=silence.seconds,
        note="recovery: skip to first event",
    )


async def wait_for_halt(replica: Service) -> dict[str, Any]:
    """Wait until a replica reports a halted consumer; return its position."""
    async with (
        asyncio.timeout(MAX_WAIT_SECONDS),
        httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client,
    ):
        while True:
            response = await client.get(f"{replica.url}/ready")
            if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "halted" in response.json():
                halted: dict[str, Any] = response.json()["halted"]
                return halted
            await asyncio.sleep(0.1)


async def skip_record(cluster: Cluster, halted: dict[str, Any]) -> None:
    """Skip a record with the command line tool, as an operator would."""
    position = [str(halted[name]) for name in ("topic", "partition", "offset")]
    command = ["-m", "shared.cli", "skip", *position, "--reason", "poison record of a test", "--actor", ACTOR]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=PROJECT, env={**os.environ, **cluster.environment}
    )
    assert await process.wait() == 0, json.dumps(halted)
