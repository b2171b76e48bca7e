"""How far the consumer group of a service has processed its topics: whether what is not found here can still arrive.

A snapshot is the end of every partition at one time. Once the group has committed these offsets, everything that
existed at that time is processed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf

from shared.messaging.rebalance import Offsets

MAX_LAG_SECONDS = 3.0
"""Age of the latest processed snapshot above which the group is behind."""
DECISION_TIMEOUT = 3.0
"""Seconds that a command waits for the decision whether its subject can still arrive."""
MAX_WAITING = 5
"""Commands that wait for this decision at the same time; a waiting command occupies a place of a request."""
MAX_SNAPSHOTS = 10


class ConsumerProgress:
    """Snapshots of the topics' ends and the time until which everything is processed; at first unknown.

    `settling_seconds` allow the other services to publish after the ends were reached. A fifth of it passes between a
    command and the snapshot that decides it, for messages in their outboxes.
    """

    def __init__(self, settling_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._settling_seconds, self._pause = settling_seconds, settling_seconds / 5
        self._snapshots: deque[tuple[float, Offsets]] = deque()
        self._processed_until = -inf
        self._caught_up_at: float | None = None
        self._advanced = asyncio.Condition()
        self._waiting = 0

    @property
    def is_settled(self) -> bool:
        """Whether the group has reached the topics' ends some seconds ago and kept up since."""
        now = self.clock()
        return (
            self._caught_up_at is not None
            and self._is_current(now)
            and now - self._caught_up_at >= self._settling_seconds
        )

    @property
    def lag_seconds(self) -> float | None:
        """Age of what is surely processed; none if it is unknown."""
        return None if self._processed_until == -inf else self.clock() - self._processed_until

    def add_snapshot(self, taken_at: float, ends: Offsets) -> None:
        """Add the ends of all partitions, read after `taken_at`."""
        if len(self._snapshots) < MAX_SNAPSHOTS:
            self._snapshots.append((taken_at, ends))

    async def advance(self, committed: Offsets) -> None:
        """Complete the snapshots that the committed offsets of the group have reached."""
        now = self.clock()
        if not self._is_current(now):
            self._caught_up_at = None
        while self._snapshots and _is_reached(self._snapshots[0][1], committed):
            self._processed_until = self._snapshots.popleft()[0]
        if self._caught_up_at is None and self._is_current(now):
            self._caught_up_at = now
        async with self._advanced:
            self._advanced.notify_all()

    async def has_processed(self, arrived_at: float) -> bool:
        """Wait until everything that existed at a time is surely processed; false if this cannot be told in time."""
        if not self.is_settled or self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(DECISION_TIMEOUT), self._advanced:
                    await self._advanced.wait_for(
                        lambda: self._processed_until >= arrived_at + self._pause or not self.is_settled
                    )
                    return self.is_settled
        finally:
            self._waiting -= 1
        return False

    def _is_current(self, now: float) -> bool:
        return now - self._processed_until <= MAX_LAG_SECONDS


def _is_reached(ends: Offsets, committed: Offsets) -> bool:
    return all(committed.get(partition, 0) >= end for partition, end in ends.items())
