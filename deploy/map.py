"""Writes docs/map.md: who says what to whom, which statuses follow which, every reason to say no.

python -m deploy.map
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from deploy.local.files import PROJECT
from shared.contracts.problems import KINDS
from shared.contracts.registry import messages
from shared.contracts.topics import DAY_MS, FOR_EVER, TOPICS, Topic
from shared.decision import Map
from shared.migrate import services
from shared.routing import Hears, Takes

PAGE = PROJECT / "docs" / "map.md"
HEAD = """\
# The map

Generated from the contracts and the services' maps by `python -m deploy.map`; a test fails where it has drifted.
"""


def maps_of_services() -> dict[str, Map]:
    """Each service's map. Found by name: nothing in deploy knows a service."""
    return {name: import_module(f"services.{name}.app").app.state.map for name in services()}


def rows() -> dict[str, list[Hears | Takes]]:
    """What each service hears and takes."""
    return {name: list(of.rows) for name, of in maps_of_services().items()}


def _table(head: Iterable[str], lines: Iterable[Iterable[Any]]) -> Iterator[str]:
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for line in lines:
        yield f"| {' | '.join(str(cell) for cell in line)} |"


def _kept(topic: Topic) -> str:
    return "for ever" if topic.retention_ms == FOR_EVER else f"{topic.retention_ms // DAY_MS} days"


def _says(message: type) -> str:
    return (message.__doc__ or "").split("\n", 1)[0].replace("|", "\\|")


def topics() -> Iterator[str]:
    """Topics with key, writer and how long they are kept."""
    yield from ("", "## Topics", "")
    yield from _table(
        ("topic", "key", "written by", "kept"),
        ((f"`{topic.name}`", topic.key, topic.writer, _kept(topic)) for topic in TOPICS),
    )


def said(maps: dict[str, list[Hears | Takes]]) -> Iterator[str]:
    """Every message: what it says, where, and who acts on it."""
    yield from ("", "## Messages", "", "A message that no service reads is for systems downstream.", "")
    readers = {
        message: [name for name, own in maps.items() if any(row.message is message for row in own)]
        for message in messages()
    }
    yield from _table(
        ("message", "topic", "key", "read by", "what it says"),
        (
            (f"`{one.TYPE}`", f"`{one.TOPIC.name}`", one.KEY, ", ".join(readers[one]), _says(one))
            for one in messages()
        ),
    )  # fmt: skip


def commands(maps: dict[str, list[Hears | Takes]]) -> Iterator[str]:
    """The same requests over HTTP."""
    yield from ("", "## Commands over HTTP", "")
    yield from _table(
        ("service", "address", "message", "answers"),
        (
            (name, f"`POST {row.post}`", f"`{row.message.TYPE}`", row.status)
            for name, own in maps.items()
            for row in own
            if isinstance(row, Takes)
        ),
    )


def found() -> Iterator[str]:
    """What the services find by themselves as time passes."""
    yield from ("", "## What comes with time", "", "Found by its service every `CLOCK_SECONDS`; it never travels.", "")
    finds = ((name, row) for name, of in maps_of_services().items() for row in of.finds)
    yield from _table(
        ("service", "due", "what it means"),
        ((name, f"`{row.message.TYPE}`", _says(row.message)) for name, row in finds),
    )


def transitions() -> Iterator[str]:
    """The one table that the life of a serial follows."""
    table = import_module("services.serials.units.domain.transitions")
    yield from ("", "## Statuses of a serial", "")
    steps = ((before or "none", change.value, after) for (before, change), after in table.TRANSITIONS.items())
    yield from _table(("from", "fact", "to"), steps)
    yield from ("", "Beside the status, audited alike:", "")
    beside = ((change.value, ", ".join(sorted(allowed))) for change, allowed in table.BESIDE.items())
    yield from _table(("fact", "in the statuses"), beside)


def codes() -> Iterator[str]:
    """Every reason to say no."""
    yield from ("", "## Reasons to say no", "")
    yield from _table(
        ("code", "HTTP", "means", "helps"),
        ((f"`{code}`", kind.status, kind.title, kind.help) for code, kind in KINDS.items()),
    )


def page() -> str:
    """The whole page."""
    maps = rows()
    parts = (topics(), said(maps), commands(maps), found(), transitions(), codes())
    return HEAD + "\n".join(line for part in parts for line in part) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
