"""Replicas that are killed, join and leave: the others continue their work."""

import asyncio
import time

from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import UpstreamClient
from tests.support.timing import assert_duration

VICTIMS = ("serials", "receiving", "fulfillment", "lots", "serials", "receiving", "fulfillment")
SERVICES_UNDER_LOAD = ("receiving", "serials", "lots", "fulfillment")


async def test_killed_replicas(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Services killed (SIGKILL) every few seconds under load lose and repeat no effect (S04, S14, S18)."""
    await cluster.scale_to(1)
    load = Load(upstream, LoadPlan("killed", receipts=48, orders=48, interval=0.3))
    silences = []
    async with load.running():
        for name in VICTIMS:
            await asyncio.sleep(1.5)
            cluster.kill(cluster.replicas[name][0])
            if name in SERVICES_UNDER_LOAD:
                silences.append(upstream.start_silence_timer(f"tracelot/{name}"))
            cluster.start_replica(name)
        await load.wait_until_done()
    findings = await prove(cluster, load)
    elapsed = max(silence.seconds for silence in silences)
    report.add("killed 7 times", findings, await cluster.metrics(), elapsed=elapsed)


async def test_replica_joins_and_another_leaves(
    cluster: Cluster, upstream: UpstreamClient, report: FaultReport
) -> None:
    """A second replica of each service joins under load, then the first leaves: two rebalances."""
    await cluster.scale_to(1)
    load = Load(upstream, LoadPlan("joining", receipts=40, orders=40, interval=0.15))
    async with load.running():
        first_replicas = [cluster.replicas[name][0] for name in SERVICES_UNDER_LOAD]
        await cluster.add_replicas(*SERVICES_UNDER_LOAD)
        started_at = time.monotonic()
        codes = await asyncio.gather(*(cluster.stop(replica) for replica in first_replicas))
        elapsed = time.monotonic() - started_at
        assert set(codes) == {0}, "a service finishes its work on SIGTERM and exits with 0"
        assert_duration("SIGTERM to exit 0", elapsed, 10)
        await load.wait_until_done()
    findings = await prove(cluster, load)
    report.add(
        "replica joins, another leaves",
        findings,
        await cluster.metrics(),
        elapsed=elapsed,
        note="recovery: SIGTERM to exit 0",
    )
