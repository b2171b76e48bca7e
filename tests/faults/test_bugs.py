"""A handler with a bug: once, and it is as if nothing had been; for ever, and an operator gets the consumer past it."""

import asyncio
import json
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from deploy.local.files import PROJECT
from deploy.processes import Service
from shared.contracts.commands.serials import Move
from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import ACTOR, Outside
from tests.faults.plan import SHELVES, Plan
from tests.faults.provoke import until_all
from tests.faults.saboteur import Trigger
from tests.faults.table import Table
from tests.timing import PATIENCE


async def replace(house: House, deed: str, trigger: Trigger) -> Service:
    """Put a saboteur in the place of the sound replica of serials."""
    sound = house.replicas["serials"][0]
    sabotaged = await house.add_sabotaged("serials", "--at", "handler", "--do", deed, "--when", str(trigger.path))
    await house.stop(sound)
    return sabotaged


async def test_raises_once(house: House, outside: Outside, table: Table, tmp_path: Path) -> None:
    """A handler that raises once, in a batch of several partitions, loses nothing of any of them."""
    await house.have(1)
    trigger = Trigger(tmp_path / "trigger")
    await replace(house, "raise-once", trigger)
    load = Load(outside, Plan("once", receipts=20, orders=20, every=0.05))
    async with load.running():
        trigger.pull()
        await until_all(outside, {"serials": lambda: not trigger.pulled}, "a batch of several partitions")
        await load.finish()
    table.add("handler raises once", await prove(house, load), await house.metrics())


async def test_raises_always(house: House, outside: Outside, table: Table, tmp_path: Path) -> None:
    """A handler that always raises at one message stops its consumer there, until `tracelot skip` gets it past."""
    await house.have(1)
    trigger = Trigger(tmp_path / "trigger")
    sabotaged = await replace(house, "raise-always", trigger)
    load = Load(outside, Plan("always", receipts=20, orders=20, every=0.05))
    async with load.running():
        trigger.pull("always-poison")
        await outside.say(Move(actor=ACTOR, sku="always-poison", serials=["1"], location=SHELVES[0]))
        halted = await halt_of(sabotaged)
        assert halted["topic"] == "serials.commands"
        before = await asyncio.to_thread(sabotaged.ready)
        assert not before, "a service that stands still does not say that it is ready"
        silence = outside.silence("tracelot/serials")
        await skip(house, halted)
        await load.finish()
    house.injected += 1
    found = await prove(house, load)
    table.add(
        "handler raises always", found, await house.metrics(), took=silence.seconds, note="time: skip to first event"
    )


async def halt_of(replica: Service) -> dict[str, Any]:
    """Wait until a replica says that it stands still, and where."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=PATIENCE) as client:
        while True:
            answer = await client.get(f"{replica.url}/ready")
            if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "halted" in answer.json():
                halted: dict[str, Any] = answer.json()["halted"]
                return halted
            await asyncio.sleep(0.1)


async def skip(house: House, halted: dict[str, Any]) -> None:
    """Do what an operator would, from the command line."""
    place = [str(halted[name]) for name in ("topic", "partition", "offset")]
    command = ["-m", "shared.cli", "skip", *place, "--reason", "a test's poison", "--actor", ACTOR]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=PROJECT, env={**os.environ, **house.environment}
    )
    assert await process.wait() == 0, json.dumps(halted)
