"""Replicas that die at any moment, join and leave: whoever is left or comes next goes on where they were."""

import asyncio
import time

from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.table import Table
from tests.timing import judge

VICTIMS = ("serials", "receiving", "fulfillment", "lots", "serials", "receiving", "fulfillment")
TRADING = ("receiving", "serials", "lots", "fulfillment")


async def test_killed(house: House, outside: Outside, table: Table) -> None:
    """Services killed by SIGKILL every few seconds under load lose nothing and double nothing (S04, S14, S18)."""
    await house.have(1)
    load = Load(outside, Plan("killed", receipts=48, orders=48, every=0.3))
    silences = []
    async with load.running():
        for name in VICTIMS:
            await asyncio.sleep(1.5)
            house.kill(house.replicas[name][0])
            if name in TRADING:
                silences.append(outside.silence(f"tracelot/{name}"))
            house.begin(name)
        await load.finish()
    found = await prove(house, load)
    took = max(silence.seconds for silence in silences)
    table.add("killed 7 times", found, await house.metrics(), took=took)


async def test_joining_and_leaving(house: House, outside: Outside, table: Table) -> None:
    """A second replica of each service joins under load, then the first leaves: twice the work is shared out anew."""
    await house.have(1)
    load = Load(outside, Plan("joining", receipts=40, orders=40, every=0.15))
    async with load.running():
        firsts = [house.replicas[name][0] for name in TRADING]
        await house.add(*TRADING)
        began = time.monotonic()
        codes = await asyncio.gather(*(house.stop(each) for each in firsts))
        took = time.monotonic() - began
        assert set(codes) == {0}, "a service that is told to end finishes its work and says so"
        judge("SIGTERM to exit 0", took, 10)
        await load.finish()
    found = await prove(house, load)
    table.add("replica joins, another leaves", found, await house.metrics(), took=took, note="time: SIGTERM to exit 0")
