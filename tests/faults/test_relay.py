"""Outbox relays that crash after publishing and before deleting: messages are redelivered and deduplicated."""

import asyncio
from functools import partial
from pathlib import Path

from deploy.processes import Service
from tests.faults.cluster import Cluster
from tests.faults.extra_commands import wait_for_all
from tests.faults.fault_injector import Trigger
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import UpstreamClient

SERVICES_UNDER_LOAD = ("receiving", "serials", "lots", "fulfillment")


def has_ended(replica: Service) -> bool:
    """Return whether a replica has ended."""
    return not replica.is_alive


async def test_crash_between_publish_and_delete(
    cluster: Cluster, upstream: UpstreamClient, report: FaultReport, tmp_path: Path
) -> None:
    """The relay of each service crashes between publish and delete: messages come twice, effects once."""
    await cluster.scale_to(1)
    triggers = {name: Trigger(tmp_path / name) for name in SERVICES_UNDER_LOAD}
    healthy = [cluster.replicas[name][0] for name in SERVICES_UNDER_LOAD]
    faulty = [
        cluster.start_faulty_replica(
            name, "--at", "between_publish_and_delete", "--fault", "exit", "--trigger", str(trigger.path)
        )
        for name, trigger in triggers.items()
    ]
    await cluster.wait_until_ready(faulty)
    await asyncio.gather(*(cluster.stop(replica) for replica in healthy))
    load = Load(upstream, LoadPlan("relay", receipts=30, orders=30))
    async with load.running():
        await upstream.wait_until(lambda: "SHIPPED" in load.status.values(), "the load is in progress")
        for trigger in triggers.values():
            trigger.arm()
        await wait_for_all(
            upstream, {replica.name: partial(has_ended, replica) for replica in faulty}, "crash of the relay"
        )
        for replica in faulty:
            cluster.kill(replica)
        silences = [upstream.start_silence_timer(f"tracelot/{name}") for name in SERVICES_UNDER_LOAD]
        await cluster.add_replicas(*SERVICES_UNDER_LOAD)
        await load.wait_until_done()
    findings = await prove(cluster, load)
    repeated = {f"tracelot/{name}" for name in SERVICES_UNDER_LOAD}
    await upstream.wait_until(
        lambda: repeated <= upstream.repeated.keys(), "each service publishes its last messages again"
    )
    metrics = await cluster.metrics()
    report.add("crash between publish and delete", findings, metrics, elapsed=max(timer.seconds for timer in silences))
