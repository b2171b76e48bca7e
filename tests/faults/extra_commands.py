"""Extra commands that keep services busy until the fault of a test has occurred."""

import asyncio
import itertools
from collections.abc import Callable, Mapping

from shared.contracts.commands.fulfillment import PickItems, UnitSelector
from shared.contracts.commands.lots import MoveLot
from shared.contracts.commands.receiving import ConfirmSession
from shared.contracts.commands.serials import MoveSerials
from shared.contracts.envelope import Message
from tests.faults.plan import DOCK, SHELVES
from tests.faults.upstream import ACTOR, UpstreamClient
from tests.support.timing import MAX_WAIT_SECONDS

POLL_INTERVAL, POLLS_BEFORE_COMMANDS = 0.2, 5
"""Seconds between polls, and polls before extra commands: the load comes first."""
BURST = 8
"""Commands per poll, each with its own key, so that they use several partitions."""
NUMBERS = itertools.count(1)


def command_on_unknown_item(service: str) -> Message:
    """Return a command on an unknown item: the service rejects it and publishes the rejection."""
    name = f"unknown-{next(NUMBERS)}"
    match service:
        case "receiving":
            return ConfirmSession(actor=ACTOR, receipt=name, session="1")
        case "serials":
            return MoveSerials(actor=ACTOR, sku=name, serials=["1"], location=SHELVES[0])
        case "lots":
            return MoveLot(actor=ACTOR, sku=name, lot="1", quantity=1, from_location=DOCK, location=SHELVES[0])
        case _:
            return PickItems(actor=ACTOR, order=name, units=[UnitSelector(sku=name, serial="1")], location=SHELVES[0])


async def wait_for_all(
    upstream: UpstreamClient, conditions: Mapping[str, Callable[[], bool]], description: str
) -> None:
    """Wait for a condition of each service; send extra commands to the services where it is not met."""
    polls = itertools.count(1)
    try:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            while pending := [service for service, is_met in conditions.items() if not is_met()]:
                await asyncio.sleep(POLL_INTERVAL)
                if next(polls) % POLLS_BEFORE_COMMANDS == 0:
                    for service in pending * BURST:
                        await upstream.publish(command_on_unknown_item(service))
    except TimeoutError:
        raise AssertionError(f"not within {MAX_WAIT_SECONDS:.0f} s: {description} in {pending}") from None
