"""Kafka batch consumer: decodes records, processes them in transactions, commits offsets, handles failures."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.auth.verifier import TokenVerifier
from shared.messaging import skips
from shared.messaging.authorization import RecordAuthorizer
from shared.messaging.breaker import CircuitBreaker, RecordOutcome
from shared.messaging.dead_letters import DeadLetter, Record
from shared.messaging.decode import Decoder, MalformedRecord
from shared.messaging.rebalance import Assignment, Offsets, rewind
from shared.messaging.registry import HandlerRegistry
from shared.messaging.rejections import Rejection
from shared.messaging.skips import SkipPermit
from shared.messaging.transactions import PoisonRecordError, process_in_transactions
from shared.messaging.work import MAX_COST, RETRY_COST, WorkItem, offset_range
from shared.ops.failpoints import failpoint
from shared.ops.telemetry import BATCHES, BATCHES_RETRIED, describe_error
from shared.persistence.database import read_only, transaction

log = logging.getLogger(__name__)
MAX_BACKOFF_SECONDS = 5.0
HALT_RETRY_SECONDS = 60.0
"""Seconds after which a halted record is processed again: its cause may be mended by then."""
MALFORMED_RATIO_EXCEEDED = (
    "more than half of the latest records are malformed; the consumer halts instead of storing all as dead letters"
)


@dataclass(frozen=True, slots=True)
class Halt:
    """The record at which a consumer has halted, and the error; it is processed again each minute."""

    topic: str
    partition: int
    offset: int
    error: str
    is_malformed: bool
    epoch: int
    halted_at: datetime
    attempts: int
    next_attempt_at: datetime

    @property
    def position(self) -> tuple[str, int, int]:
        """Topic, partition and offset."""
        return self.topic, self.partition, self.offset


def is_waiting(halt: Halt) -> bool:
    """Return whether the next attempt of a halt is not due yet."""
    return datetime.now(UTC) < halt.next_attempt_at


class BatchConsumer:
    """The consumer of a service: processes batches in sequence and commits the offsets of complete batches only."""

    def __init__(
        self,
        registry: HandlerRegistry,
        engine: AsyncEngine,
        wake_relay: Callable[[], None],
        topic_prefix: str = "",
        verifier: TokenVerifier | None = None,
    ) -> None:
        self._registry, self._engine, self._wake_relay = registry, engine, wake_relay
        self._decoder = Decoder({handler.message.TYPE: handler.message for handler in registry.handlers}, topic_prefix)
        self._authorizer = RecordAuthorizer(registry, verifier or TokenVerifier())
        self._breaker = CircuitBreaker()
        self._skip_permits: dict[tuple[str, int, int], SkipPermit] = {}
        self._failures = 0
        self._stop_requested = asyncio.Event()
        self.assignment = Assignment()
        self._halt: Halt | None = None
        self._last_error: tuple[int, str] | None = None

    @property
    def halt(self) -> Halt | None:
        """The current halt, if it belongs to the current assignment."""
        return self._halt if self._halt is not None and self._halt.epoch == self.assignment.epoch else None

    @property
    def last_error(self) -> str | None:
        """The error of the last failed batch, until a batch succeeds or the assignment changes."""
        return (
            self._last_error[1]
            if self._last_error is not None and self._last_error[0] == self.assignment.epoch
            else None
        )

    def stop(self) -> None:
        """Process no further batches; the running batch is completed."""
        self._stop_requested.set()

    async def process(self, consumer: AIOKafkaConsumer, records: Sequence[Record]) -> None:
        """Process a batch and commit its offsets; if it fails, rewind it and wait before the next attempt."""
        first_offsets, next_offsets = offset_range(records)
        try:
            async with self.assignment.processing_lock:
                pause = await self._try_batch(consumer, records, first_offsets, next_offsets)
        except Exception as error:
            # The database is unavailable, or the consumer has a bug: the batch is fetched again.
            rewind(consumer, first_offsets)
            self._failures += 1
            message = describe_error(error)
            self._last_error = (self.assignment.epoch, message)
            BATCHES_RETRIED.labels(self._registry.service, type(error).__name__).inc()
            log.warning("batch rewound, retrying: %s", message)
            log.debug("batch rewound", exc_info=error)
            pause = min(MAX_BACKOFF_SECONDS, 0.05 * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1)  # noqa: S311
        if pause:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop_requested.wait()

    async def _try_batch(
        self, consumer: AIOKafkaConsumer, records: Sequence[Record], first_offsets: Offsets, next_offsets: Offsets
    ) -> float:
        """Process a batch and commit its offsets; returns the seconds to wait if it was rewound instead."""
        if self._stop_requested.is_set() or not self.assignment.owns(first_offsets):
            rewind(consumer, first_offsets)
            return 0.05
        if (halt := self.halt) is not None and not await self._apply_skip_permit(halt) and is_waiting(halt):
            rewind(consumer, first_offsets)
            return 1.0
        items, outcomes = self._decode_records(records)
        items = [await self._authorizer.authorize(item) for item in items]
        try:
            if trip := self._breaker.find_trip(outcomes):
                partition, offset, _ = trip
                return self._halt_at(
                    consumer, first_offsets, (*partition, offset), MALFORMED_RATIO_EXCEEDED, is_malformed=True
                )
            max_cost = RETRY_COST if self._failures else MAX_COST
            await process_in_transactions(self._engine, self._registry, items, self._wake_relay, max_cost)
        except PoisonRecordError as poison:
            return self._halt_at(consumer, first_offsets, poison.item.position, str(poison), is_malformed=False)
        self._breaker.record_outcomes(outcomes)
        self._failures, self._last_error, self._halt = 0, None, None
        failpoint("consumer.before_commit")
        if not await self.assignment.commit(consumer, next_offsets):
            log.warning("offset commit rejected: another replica owns the partitions and deduplicates this batch")
        BATCHES.labels(self._registry.service).inc()
        return 0

    def _decode_records(self, records: Sequence[Record]) -> tuple[list[WorkItem], list[RecordOutcome]]:
        """Decode records into work items; records without a handler are ignored."""
        items: list[WorkItem] = []
        outcomes: list[RecordOutcome] = []
        for record in records:
            item = WorkItem(record)
            if self._skip_permits and (permit := self._skip_permits.get(item.position)):
                reason = f"skipped by {permit.actor}: {permit.reason}"
                items.append(WorkItem(record, dead_letter=DeadLetter(record, reason), skip_id=permit.id))
                continue
            decoded = self._decoder.decode(record)
            if isinstance(decoded, MalformedRecord):
                items.append(WorkItem(record, dead_letter=DeadLetter(record, decoded.error)))
            elif isinstance(decoded, Rejection):
                items.append(WorkItem(record, rejection=decoded))
            elif decoded is not None and self._registry.accepts(decoded):
                items.append(WorkItem(record, event=decoded))
            partition = TopicPartition(record.topic, record.partition)
            outcomes.append((partition, record.offset, isinstance(decoded, MalformedRecord)))
        return items, outcomes

    def _halt_at(
        self,
        consumer: AIOKafkaConsumer,
        first_offsets: Offsets,
        position: tuple[str, int, int],
        error: str,
        *,
        is_malformed: bool,
    ) -> float:
        """Rewind the batch and halt at one of its records."""
        rewind(consumer, first_offsets)
        log.error("halted at %s: %s", "/".join(map(str, position)), error)
        topic, partition, offset = position
        now = datetime.now(UTC)
        previous = self.halt if self.halt is not None and self.halt.position == position else None
        self._halt = Halt(
            topic=topic, partition=partition, offset=offset, error=error, is_malformed=is_malformed,
            epoch=self.assignment.epoch, halted_at=previous.halted_at if previous else now,
            attempts=previous.attempts + 1 if previous else 1,
            next_attempt_at=now + timedelta(seconds=HALT_RETRY_SECONDS),
        )  # fmt: skip
        return 0.05

    async def _apply_skip_permit(self, halt: Halt) -> bool:
        """Apply a skip permit for the record of the halt; returns whether there was one."""
        async with read_only(self._engine) as tx:
            permit = await skips.find_permit(tx, halt.position, malformed=halt.is_malformed)
        if permit is None:
            return False
        log.warning(
            "skipping %s as permitted by %s: %s", "/".join(map(str, halt.position)), permit.actor, permit.reason
        )
        if halt.is_malformed:
            async with transaction(self._engine) as tx:
                await skips.mark_used(tx, [permit.id])
            self._breaker.reset_until(TopicPartition(halt.topic, halt.partition), permit.offset)
        else:
            self._skip_permits = {halt.position: permit}
        self._halt = None
        return True
