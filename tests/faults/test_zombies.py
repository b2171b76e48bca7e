"""Replicas frozen for longer than their session, which thaw as zombies: others have done their work meanwhile."""

import time
from functools import partial
from pathlib import Path

import pytest

from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import Plan
from tests.faults.provoke import until_all
from tests.faults.saboteur import Trigger
from tests.faults.table import Table

TRADING = ("receiving", "serials", "lots", "fulfillment")


def is_done(trigger: Trigger) -> bool:
    """Whether what a trigger stands for has happened."""
    return not trigger.pulled


@pytest.mark.parametrize("at", ["before_begin", "inside_transaction", "amid_a_statement"])
async def test_frozen(at: str, house: House, outside: Outside, table: Table, tmp_path: Path) -> None:
    """A replica frozen at its worst moment is replaced within its session timeout, and doubles nothing when it thaws.

    One replica of each service freezes, in the middle of a batch, beside a sound one.
    """
    await house.have(1)
    triggers = {name: Trigger(tmp_path / name) for name in TRADING}
    for name, trigger in triggers.items():
        house.begin_sabotaged(name, "--at", at, "--do", "stop", "--when", str(trigger.path))
    await house.ready(list(house))
    load = Load(outside, Plan(f"frozen-{at}", receipts=30, orders=30, every=0.1))
    async with load.running():
        await outside.until(lambda: bool(load.status), "everything under way")
        for trigger in triggers.values():
            trigger.pull()
        await until_all(outside, {name: partial(is_done, trigger) for name, trigger in triggers.items()}, "the freeze")
        began = time.monotonic()
        await load.finish()
        took = time.monotonic() - began
        for replicas in house.replicas.values():
            for replica in replicas:
                replica.thaw()
    found = await prove(house, load)
    table.add(
        f"frozen {at.replace('_', ' ')}", found, await house.metrics(), took=took, note="time: freeze to all done"
    )
