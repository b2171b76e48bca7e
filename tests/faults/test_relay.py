"""A relay that dies after Kafka has its messages and before the database knows: they are said again, and dropped."""

import asyncio
from functools import partial
from pathlib import Path

from deploy.processes import Service
from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.provoke import until_all
from tests.faults.saboteur import Trigger
from tests.faults.table import Table

TRADING = ("receiving", "serials", "lots", "fulfillment")


def has_ended(replica: Service) -> bool:
    """Whether a replica has died."""
    return not replica.alive


async def test_crash_between_publish_and_delete(house: House, outside: Outside, table: Table, tmp_path: Path) -> None:
    """Each service's relay dies between publishing and deleting: what it said comes twice and has its effect once."""
    await house.have(1)
    triggers = {name: Trigger(tmp_path / name) for name in TRADING}
    sound = [house.replicas[name][0] for name in TRADING]
    sabotaged = [
        house.begin_sabotaged(name, "--at", "between_publish_and_delete", "--do", "exit", "--when", str(trigger.path))
        for name, trigger in triggers.items()
    ]
    await house.ready(sabotaged)
    await asyncio.gather(*(house.stop(each) for each in sound))
    load = Load(outside, Plan("relay", receipts=30, orders=30))
    async with load.running():
        await outside.until(lambda: "SHIPPED" in load.status.values(), "everything under way")
        for trigger in triggers.values():
            trigger.pull()
        await until_all(outside, {each.name: partial(has_ended, each) for each in sabotaged}, "the relay's death")
        for each in sabotaged:
            house.kill(each)
        silences = [outside.silence(f"tracelot/{name}") for name in TRADING]
        await house.add(*TRADING)
        await load.finish()
    found = await prove(house, load)
    repeated = {f"tracelot/{name}" for name in TRADING}
    await outside.until(lambda: repeated <= outside.repeated.keys(), "each service says again what it had published")
    metrics = await house.metrics()
    table.add("crash between publish and delete", found, metrics, took=max(each.seconds for each in silences))
