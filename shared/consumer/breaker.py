"""When too much of what arrives is malformed, the fault is ours or the sender's, and dead letters are no answer."""

from collections import deque
from collections.abc import Collection, Iterable

from aiokafka import TopicPartition

LAST, AT_LEAST, SHARE = 200, 100, 0.5

Outcome = tuple[TopicPartition, int, bool]
"""A record's partition and offset, and whether it was malformed."""


class Breaker:
    """Counts the malformed among the latest records of each partition."""

    def __init__(self) -> None:
        self._seen: dict[TopicPartition, deque[bool]] = {}
        self._allowed: dict[TopicPartition, int] = {}

    def allow(self, partition: TopicPartition, until: int) -> None:
        """Let malformed records pass up to an offset; what comes after is counted anew."""
        self._allowed[partition] = until
        self._seen.pop(partition, None)

    def trips(self, outcomes: Collection[Outcome]) -> Outcome | None:
        """The record at which too many were malformed, if these came next; nothing is counted yet."""
        if not any(malformed for _, _, malformed in outcomes):
            return None
        seen = {partition: deque(before, LAST) for partition, before in self._seen.items()}
        for outcome in outcomes:
            partition, offset, malformed = outcome
            if offset <= self._allowed.get(partition, -1):
                continue
            last = seen.setdefault(partition, deque(maxlen=LAST))
            last.append(malformed)
            if malformed and len(last) >= AT_LEAST and sum(last) > SHARE * len(last):
                return outcome
        return None

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what became of records that are settled, but for those that were allowed."""
        for partition, offset, malformed in outcomes:
            if offset > self._allowed.get(partition, -1):
                self._seen.setdefault(partition, deque(maxlen=LAST)).append(malformed)
