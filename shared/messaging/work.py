"""Work items of a batch, split into chunks for one transaction each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from shared.contracts.envelope import CloudEvent
from shared.messaging.dead_letters import DeadLetter, Record
from shared.messaging.rebalance import Offsets
from shared.messaging.rejections import Rejection

MAX_COST = 5000
"""Maximum cost of a transaction; 500 records with 500 items each would cost 250 000."""
RETRY_COST = 100
"""Maximum cost after a failed transaction, so that a timeout does not repeat."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A record to process as an event, or to store as a rejection or dead letter."""

    record: Record
    event: CloudEvent[Any] | None = None
    rejection: Rejection | None = None
    dead_letter: DeadLetter | None = None
    skip_id: int | None = None
    """The skip permit of a skipped record."""

    @property
    def position(self) -> tuple[str, int, int]:
        """Topic, partition and offset."""
        return self.record.topic, self.record.partition, self.record.offset


def split_by_cost(items: Iterable[WorkItem], max_cost: int = MAX_COST) -> Iterator[Sequence[WorkItem]]:
    """Split items into chunks of bounded cost, in order."""
    chunk: list[WorkItem] = []
    chunk_cost = 0
    for item in items:
        event = item.event or (item.rejection and item.rejection.event)
        item_cost = event.data.cost() if event else 1
        if chunk and chunk_cost + item_cost > max_cost:
            yield chunk
            chunk, chunk_cost = [], 0
        chunk.append(item)
        chunk_cost += item_cost
    if chunk:
        yield chunk


def offset_range(records: Iterable[Record]) -> tuple[Offsets, Offsets]:
    """Return the first offset of each partition in a batch, and the offset after its last record."""
    first_offsets: Offsets = {}
    next_offsets: Offsets = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        first_offsets.setdefault(partition, record.offset)  # records of a partition are ordered
        next_offsets[partition] = record.offset + 1
    return first_offsets, next_offsets
