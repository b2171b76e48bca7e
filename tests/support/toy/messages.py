"""Messages of the toy service."""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import Message, Rejected
from shared.contracts.topics import Topic

COMMANDS = Topic("toy.commands", "box", "tests", "commands", max_message_bytes=4 * 1024 * 1024)
ARRIVALS = Topic("toy.arrivals", "box", "another service", "events")
EVENTS = Topic("toy.events", "box", "toy", "events")

Serials = Annotated[list[str], Field(min_length=1, max_length=500)]


class Add(Message, type="toy.add.v1", topic=COMMANDS, key="box"):
    """Adds units to a box."""

    box: Annotated[str, Field(min_length=1, max_length=64)]
    serials: Serials


class Arrived(Message, type="toy.arrived.v1", topic=ARRIVALS, key="box"):
    """Units arrived in a box."""

    box: str
    serials: Serials


class Unhandled(Message, type="toy.unhandled.v1", topic=ARRIVALS, key="box"):
    """An event without a handler in the toy service."""

    box: str


class Added(Message, type="toy.added.v1", topic=EVENTS, key="box"):
    """Units were added to a box at these positions."""

    box: str
    serials: list[str]
    positions: list[int]


class Ripe(Message, type="toy.ripe.v1", key="box"):
    """A box contains an egg that has not hatched yet."""

    box: str


class ToyRejected(Rejected, type="toy.rejected.v1", topic=EVENTS, key="document"):
    """A message was rejected by the toy service."""
