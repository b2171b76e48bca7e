"""What the toy service says and hears."""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import Fact, Rejected
from shared.contracts.topics import Topic

COMMANDS = Topic("toy.commands", "box", "tests", "commands", max_message_bytes=4 * 1024 * 1024)
NEWS = Topic("toy.news", "box", "elsewhere", "events")
EVENTS = Topic("toy.events", "box", "toy", "events")

Serials = Annotated[list[str], Field(min_length=1, max_length=500)]


class Add(Fact, type="toy.add.v1", topic=COMMANDS, key="box"):
    """Lay units into a box."""

    box: Annotated[str, Field(min_length=1, max_length=64)]
    serials: Serials


class Arrived(Fact, type="toy.arrived.v1", topic=NEWS, key="box"):
    """Units arrived in a box."""

    box: str
    serials: Serials


class Unheard(Fact, type="toy.unheard.v1", topic=NEWS, key="box"):
    """Something that the toy service has no row for."""

    box: str


class Added(Fact, type="toy.added.v1", topic=EVENTS, key="box"):
    """Units lie in a box, as its so many-th."""

    box: str
    serials: list[str]
    places: list[int]


class Ripe(Fact, type="toy.ripe.v1", key="box"):
    """An egg lies in a box, and nothing has hatched yet."""

    box: str


class ToyRejected(Rejected, type="toy.rejected.v1", topic=EVENTS, key="document"):
    """A message that the toy service did not take."""
