"""Two replicas of each service on the same few products: what they cost each other."""

from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.table import Table


async def test_two_replicas(house: House, outside: Outside, table: Table) -> None:
    """Two replicas of each service under a load of serials and lots meet no deadlock and next to no lost race."""
    await house.have(2)
    load = Load(
        outside, Plan("replicas", skus=2, receipts=60, orders=60, units=8, quantity=3, cancel_every=3, every=0.02)
    )
    async with load.running():
        await load.finish()
    found = await prove(house, load)
    metrics = await house.metrics()
    table.add("two replicas, two products", found, metrics)
    lost = {labels: count for (name, labels), count in metrics.items() if name == "lost_races"}
    back = {labels: count for (name, labels), count in metrics.items() if name == "taken_back"}
    batches = sum(count for (name, _), count in metrics.items() if name == "batches")
    print(f"lost races {lost}, taken back {back}, of {batches} batches")  # noqa: T201 - the figures are the point
    assert sum(count for labels, count in lost.items() if "40P01" in labels) == 0, lost
    assert sum(lost.values()) <= batches / 100, lost
