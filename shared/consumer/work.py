"""A batch of records as what is to be done with each, cut into pieces that one transaction can take."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from shared.consumer.rebalance import Places
from shared.contracts.envelope import CloudEvent
from shared.dead_letters import Letter, Record

MAX_WEIGHT = 5000
"""Units a transaction: 500 records may name 500 each, which would be a quarter million."""
CAREFUL_WEIGHT = 100
"""Units a transaction after one failed: what ran into a time limit gets through in smaller ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """A record that has to leave a trace: as an event, or as a dead letter."""

    record: Record
    event: CloudEvent[Any] | None = None
    letter: Letter | None = None
    skip: int | None = None
    """The operator's word that put it among the dead letters."""

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it stands: topic, partition, offset."""
        return self.record.topic, self.record.partition, self.record.offset


def cut(items: Iterable[Item], heaviest: int = MAX_WEIGHT) -> Iterator[Sequence[Item]]:
    """Cut items into transactions of bounded weight, in order."""
    piece: list[Item] = []
    weight = 0
    for item in items:
        more = item.event.data.weight() if item.event else 1
        if piece and weight + more > heaviest:
            yield piece
            piece, weight = [], 0
        piece.append(item)
        weight += more
    if piece:
        yield piece


def span(records: Iterable[Record]) -> tuple[Places, Places]:
    """The first offset of each partition in a batch, and the one after its last."""
    first: Places = {}
    after: Places = {}
    for record in records:
        at = TopicPartition(record.topic, record.partition)
        first.setdefault(at, record.offset)  # a partition's records come in order
        after[at] = record.offset + 1
    return first, after
