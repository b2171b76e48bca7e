"""Circuit breaker for malformed records: a high ratio means a systematic fault, which dead letters do not solve."""

from collections import deque
from collections.abc import Collection, Iterable

from aiokafka import TopicPartition

WINDOW, MIN_SAMPLES, MAX_RATIO = 200, 100, 0.5

RecordOutcome = tuple[TopicPartition, int, bool]
"""Partition, offset, and whether the record was malformed."""


class CircuitBreaker:
    """Tracks the ratio of malformed records among the latest records of each partition."""

    def __init__(self) -> None:
        self._windows: dict[TopicPartition, deque[bool]] = {}
        self._reset_until: dict[TopicPartition, int] = {}

    def reset_until(self, partition: TopicPartition, offset: int) -> None:
        """Accept malformed records up to an offset and restart the window of the partition."""
        self._reset_until[partition] = offset
        self._windows.pop(partition, None)

    def find_trip(self, outcomes: Collection[RecordOutcome]) -> RecordOutcome | None:
        """Find the record at which the ratio would be exceeded; the windows are not updated."""
        if not any(is_malformed for _, _, is_malformed in outcomes):
            return None
        windows = {partition: deque(window, WINDOW) for partition, window in self._windows.items()}
        for outcome in outcomes:
            partition, offset, is_malformed = outcome
            if offset <= self._reset_until.get(partition, -1):
                continue
            samples = windows.setdefault(partition, deque(maxlen=WINDOW))
            samples.append(is_malformed)
            if is_malformed and len(samples) >= MIN_SAMPLES and sum(samples) > MAX_RATIO * len(samples):
                return outcome
        return None

    def record_outcomes(self, outcomes: Iterable[RecordOutcome]) -> None:
        """Add processed records to the windows, except those accepted by an operator."""
        for partition, offset, is_malformed in outcomes:
            if offset > self._reset_until.get(partition, -1):
                self._windows.setdefault(partition, deque(maxlen=WINDOW)).append(is_malformed)
