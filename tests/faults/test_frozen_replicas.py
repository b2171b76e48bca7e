"""Replicas frozen for longer than their session timeout; other replicas take over before they continue."""

import time
from functools import partial
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.extra_commands import wait_for_all
from tests.faults.fault_injector import Trigger
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import UpstreamClient

SERVICES_UNDER_LOAD = ("receiving", "serials", "lots", "fulfillment")


def is_done(trigger: Trigger) -> bool:
    """Return whether the fault has occurred."""
    return not trigger.is_armed


@pytest.mark.parametrize("point", ["before_begin", "inside_transaction", "inside_statement"])
async def test_frozen_replicas(
    point: str, cluster: Cluster, upstream: UpstreamClient, report: FaultReport, tmp_path: Path
) -> None:
    """A replica frozen inside a batch is replaced within its session timeout and repeats no effect when it continues.

    One of two replicas of each service freezes.
    """
    await cluster.scale_to(1)
    triggers = {name: Trigger(tmp_path / name) for name in SERVICES_UNDER_LOAD}
    for name, trigger in triggers.items():
        cluster.start_faulty_replica(name, "--at", point, "--fault", "stop", "--trigger", str(trigger.path))
    await cluster.wait_until_ready(list(cluster))
    load = Load(upstream, LoadPlan(f"frozen-{point}", receipts=30, orders=30, interval=0.1))
    async with load.running():
        await upstream.wait_until(lambda: bool(load.status), "the load is in progress")
        for trigger in triggers.values():
            trigger.arm()
        await wait_for_all(
            upstream, {name: partial(is_done, trigger) for name, trigger in triggers.items()}, "frozen replica"
        )
        started_at = time.monotonic()
        await load.wait_until_done()
        elapsed = time.monotonic() - started_at
        for replicas in cluster.replicas.values():
            for replica in replicas:
                replica.thaw()
    findings = await prove(cluster, load)
    report.add(
        f"frozen {point.replace('_', ' ')}",
        findings,
        await cluster.metrics(),
        elapsed=elapsed,
        note="recovery: freeze to load complete",
    )
