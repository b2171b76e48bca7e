"""Contention between two replicas of each service on the same few products."""

from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import LoadPlan
from tests.faults.proof import prove
from tests.faults.upstream import UpstreamClient


async def test_two_replicas_under_load(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Two replicas of each service under load have no deadlock and conflicts in at most 1 % of the batches."""
    await cluster.scale_to(2)
    load = Load(
        upstream,
        LoadPlan("replicas", skus=2, receipts=60, orders=60, units=8, quantity=3, cancel_every=3, interval=0.02),
    )
    async with load.running():
        await load.wait_until_done()
    findings = await prove(cluster, load)
    metrics = await cluster.metrics()
    report.add("two replicas, two products", findings, metrics)
    conflicts = {labels: count for (name, labels), count in metrics.items() if name == "transaction_conflicts"}
    retried = {labels: count for (name, labels), count in metrics.items() if name == "batches_retried"}
    batches = sum(count for (name, _), count in metrics.items() if name == "batches")
    print(f"{batches} batches, conflicts {conflicts}, retries {retried}")  # noqa: T201 - figures of the run
    assert sum(count for labels, count in conflicts.items() if "40P01" in labels) == 0, conflicts
    assert sum(conflicts.values()) <= batches / 100, conflicts
