"""Servers that crash under load and restart: Kafka (SIGKILL) and PostgreSQL (immediate shutdown)."""

import asyncio
import time

import pytest

from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import UpstreamClient


async def test_kafka_killed_and_restarted(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Kafka is killed under load and restarted two seconds later: the services wait and continue on their own."""
    await cluster.scale_to(1)
    if not cluster.stack.is_managed:
        pytest.skip("external Kafka cannot be killed")
    load = Load(upstream, LoadPlan("kafka"))
    async with load.running():
        await asyncio.sleep(2)
        await asyncio.to_thread(cluster.stack.kill_kafka)
        silence = upstream.start_silence_timer("tracelot/serials")
        await asyncio.sleep(2)
        assert all(replica.is_alive for replica in cluster), "no service ends with Kafka"
        await asyncio.to_thread(cluster.stack.start_kafka)
        restarted_at = time.monotonic()
        await load.wait_until_done()
    findings = await prove(cluster, load)
    elapsed = silence.seconds - (restarted_at - silence.started_at)
    report.add(
        "Kafka killed",
        findings,
        await cluster.metrics(),
        elapsed=elapsed,
        note="recovery: Kafka restart to first event",
    )


async def test_postgres_crashes_and_restarts(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """PostgreSQL crashes under load and restarts, twice: no committed transaction is lost."""
    await cluster.scale_to(1)
    if not cluster.stack.is_managed:
        pytest.skip("external PostgreSQL cannot be crashed")
    load = Load(upstream, LoadPlan("postgres"))
    silences = []
    async with load.running():
        for _ in range(2):
            await asyncio.sleep(2)
            await asyncio.to_thread(cluster.stack.restart_postgres, "immediate")
            silences.append(upstream.start_silence_timer("tracelot/serials"))
        assert all(replica.is_alive for replica in cluster), "no service ends with PostgreSQL"
        await load.wait_until_done()
    findings = await prove(cluster, load)
    elapsed = max(silence.seconds for silence in silences)
    report.add(
        "PostgreSQL crashed twice",
        findings,
        await cluster.metrics(),
        elapsed=elapsed,
        note="recovery: database restart to first event",
    )
