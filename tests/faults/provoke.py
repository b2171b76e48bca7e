"""Work that a fault test gives to services itself, so that what it waits for cannot be over before it looks."""

import asyncio
import itertools
from collections.abc import Callable, Mapping

from shared.contracts.commands.fulfillment import Pick, Unit
from shared.contracts.commands.lots import MoveLot
from shared.contracts.commands.receiving import ConfirmSession
from shared.contracts.commands.serials import Move
from shared.contracts.envelope import Fact
from tests.faults.outside import ACTOR, Outside
from tests.faults.plan import DOCK, SHELVES
from tests.timing import PATIENCE

LOOK, LOOKS = 0.2, 5
"""Seconds between two looks, and after how many of them commands are given: those of the load come first."""
BURST = 8
"""Commands at a time, each of a document of its own: they come to lie on several partitions."""
NUMBERS = itertools.count(1)


def unknown(service: str) -> Fact:
    """A command about goods that nobody knows: the service takes it, refuses it, and publishes that."""
    name = f"unknown-{next(NUMBERS)}"
    match service:
        case "receiving":
            return ConfirmSession(actor=ACTOR, receipt=name, session="1")
        case "serials":
            return Move(actor=ACTOR, sku=name, serials=["1"], location=SHELVES[0])
        case "lots":
            return MoveLot(actor=ACTOR, sku=name, lot="1", quantity=1, from_location=DOCK, location=SHELVES[0])
        case _:
            return Pick(actor=ACTOR, order=name, units=[Unit(sku=name, serial="1")], location=SHELVES[0])


async def until_all(outside: Outside, happened: Mapping[str, Callable[[], bool]], what: str) -> None:
    """Wait until at each service something has happened, and give those where it has not commands meanwhile."""
    looks = itertools.count(1)
    try:
        async with asyncio.timeout(PATIENCE):
            while waiting := [service for service, done in happened.items() if not done()]:
                await asyncio.sleep(LOOK)
                if next(looks) % LOOKS == 0:
                    for service in waiting * BURST:
                        await outside.say(unknown(service))
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE:.0f} s: {what} at {waiting}") from None
