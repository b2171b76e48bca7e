"""A relay that dies after Kafka has its messages and before the database knows: they are said again, and dropped."""

import asyncio
from pathlib import Path

from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.saboteur import Trigger
from tests.faults.table import Table

TRADING = ("receiving", "serials", "lots", "fulfillment")


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
        await outside.until(lambda: "SHIPPED" in load.status.values(), 15, "everything under way")
        for trigger in triggers.values():
            trigger.pull()
        await outside.until(lambda: not any(each.alive for each in sabotaged), 10, "all relays dead")
        for each in sabotaged:
            house.kill(each)
        silences = [outside.silence(f"tracelot/{name}") for name in TRADING]
        await house.add(*TRADING)
        await load.finish(20)
    found = await prove(house, load)
    assert outside.repeats > 0, "nothing was said twice: the crash did not come between publishing and deleting"
    metrics = await house.metrics()
    table.add("crash between publish and delete", found, metrics, took=max(each.seconds for each in silences))
