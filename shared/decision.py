"""From messages to what they change and what is said of it: locks, handlers, rejections, outbox; for Kafka and HTTP."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import locks, outbox, rejections
from shared.contracts.envelope import Cause, CloudEvent, Fact, Rejected
from shared.database import Transaction
from shared.rejections import Rejection
from shared.routing import Answer, Finds, Hears, Takes
from shared.telemetry import EVENTS, HANDLER, REFUSALS

Event = CloudEvent[Any]


@dataclass(frozen=True)
class Map:
    """A service's name, its rows by message type, and the event it says of what it does not take.

    `rows` are for what others say; what the service finds by itself stands apart, as it comes from no topic.
    """

    service: str
    rows: Sequence[Hears | Takes]
    rejected: type[Rejected]
    finds: Sequence[Finds] = ()
    by_type: Mapping[str, Hears | Takes | Finds] = field(init=False)

    def __post_init__(self) -> None:
        """Index the rows by the type of their message; each has one."""
        rows = [*self.rows, *self.finds]
        by_type = {row.message.TYPE: row for row in rows}
        if len(by_type) < len(rows):
            raise ValueError(f"{self.service} has two rows for one message")
        object.__setattr__(self, "by_type", by_type)

    def concerned(self, event: Event) -> bool:
        """Whether a message that the map has a row for means anything to the service."""
        row = self.by_type[event.type]
        return not isinstance(row, Hears) or row.when is None or row.when(event.data)


@dataclass(slots=True)
class Run:
    """Messages that one call of their handler takes, in order; of one type, unless rows share their handler."""

    row: Hears | Takes | Finds
    events: list[Event]


def runs(of: Map, events: Iterable[Event], names: Iterable[frozenset[str]]) -> list[Run]:
    """Gather events into few runs: two that share a lock keep their order, others may pass each other.

    Batches mix types; a call of a handler for each change of type would cost its statements again and again.
    """
    found: list[Run] = []
    last: dict[str, int] = {}
    """The run that holds the latest event under a lock."""
    for event, locked in zip(events, names, strict=True):
        row = of.by_type[event.type]
        place = max((last.get(name, 0) for name in locked), default=0)
        while place < len(found) and found[place].row.handler is not row.handler:
            place += 1
        if place == len(found):
            found.append(Run(row, []))
        found[place].events.append(event)
        for name in locked:
            last[name] = place
    return found


async def decide(tx: Transaction, of: Map, events: Sequence[Event]) -> dict[Cause, Answer]:
    """Take the locks, let the handlers decide, keep what they say; the answers to requests by what they answer."""
    events = await _completed(tx, of, events)
    names = [frozenset(of.by_type[event.type].locks(event.data)) for event in events]
    await locks.take(tx, (name for some in names for name in some))
    said: list[Fact] = []
    refused: list[Rejection] = []
    answers: dict[Cause, Answer] = {}
    for run in runs(of, events, names):
        with HANDLER.labels(of.service, run.row.message.TYPE).time():
            if isinstance(run.row, Takes):
                given = await run.row.handler(tx, run.events)
                for event, answer in zip(run.events, given, strict=True):
                    answers[event.cause] = answer
                    said.extend(answer.events)
                    if answer.refusals:
                        refused.append(Rejection(event, refusals=list(answer.refusals)))
            else:
                facts = await run.row.handler(tx, run.events)
                said.extend(facts)
                unfit = [fact for fact in facts if isinstance(fact, Rejected)]
                refused.extend(rejections.disagreements(unfit, run.events) if unfit else ())
    for name, count in Counter(event.type for event in events).items():
        EVENTS.labels(of.service, name).inc(count)
    await rejections.record(tx, refused)
    for rejection in refused:
        if rejection.kind == "REFUSAL":
            said.extend(rejection.said_as(of.rejected))
        for refusal in rejection.refusals:
            REFUSALS.labels(of.service, refusal.code).inc()
    await outbox.append(tx, of.service, said, traces(events))
    return answers


async def _completed(tx: Transaction, of: Map, events: Sequence[Event]) -> Sequence[Event]:
    """The events with what their senders left out, where their row knows how to fill it in."""
    places: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        row = of.by_type[event.type]
        if isinstance(row, Takes) and row.complete is not None:
            places.setdefault(event.type, []).append(place)
    filled = list(events)
    for name, some in places.items():
        row = of.by_type[name]
        if isinstance(row, Takes) and row.complete is not None:
            for place, event in zip(some, await row.complete(tx, [events[place] for place in some]), strict=True):
                filled[place] = event
    return filled


def traces(events: Sequence[Event]) -> dict[tuple[str, str], str]:
    """The trace of each message that carries one."""
    return {(event.source, event.id): event.traceparent for event in events if event.traceparent}
