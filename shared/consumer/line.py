"""The way of a batch from Kafka to its ack, and what becomes of it when something fails on the way."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import skips
from shared.consumer.breaker import Breaker, Outcome
from shared.consumer.decode import Decoder, Malformed
from shared.consumer.rebalance import Assignment, Places, take_back
from shared.consumer.settle import Unsettled, settle
from shared.consumer.work import CAREFUL_WEIGHT, MAX_WEIGHT, Item, span
from shared.database import reading, transaction
from shared.dead_letters import Letter, Record
from shared.decision import Map
from shared.failpoints import failpoint
from shared.skips import Skip
from shared.telemetry import BATCHES, TAKEN_BACK

log = logging.getLogger(__name__)
LONGEST_WAIT = 5.0
TOO_MANY = "more than half of the latest records are malformed; the dead letters are not for all of them"


@dataclass(frozen=True, slots=True)
class Halt:
    """Where a consumer stands and cannot go on by itself, and why."""

    topic: str
    partition: int
    offset: int
    error: str
    malformed: bool
    epoch: int
    since: datetime

    @property
    def place(self) -> tuple[str, int, int]:
        """Topic, partition and offset."""
        return self.topic, self.partition, self.offset


class Line:
    """A service's consumer: takes batches one after the other, each wholly or not at all."""

    def __init__(self, of: Map, engine: AsyncEngine, wake: Callable[[], None]) -> None:
        self._map, self._engine, self._wake = of, engine, wake
        self._decoder = Decoder({row.message.TYPE: row.message for row in of.rows})
        self._breaker = Breaker()
        self._skips: dict[tuple[str, int, int], Skip] = {}
        self._failures = 0
        self._ended = asyncio.Event()
        self.assignment = Assignment()
        self._halt: Halt | None = None
        self._trouble: tuple[int, str] | None = None

    @property
    def halt(self) -> Halt | None:
        """Where it stands still until an operator says how to go on."""
        return self._halt if self._halt is not None and self._halt.epoch == self.assignment.epoch else None

    @property
    def trouble(self) -> str | None:
        """What it is waiting for to come back."""
        return self._trouble[1] if self._trouble is not None and self._trouble[0] == self.assignment.epoch else None

    def stop(self) -> None:
        """Take nothing more; what is running is finished."""
        self._ended.set()

    async def take(self, consumer: AIOKafkaConsumer, records: Sequence[Record]) -> None:
        """Settle a batch and ack it, or put it back; then wait as long as it is no use to try again."""
        first, after = span(records)
        try:
            async with self.assignment.working:
                pause = await self._attempt(consumer, records, first, after)
        except Exception as error:
            # The database is away, or we have a bug here; either way nothing of the batch is lost.
            take_back(consumer, first)
            self._failures += 1
            told = f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]
            self._trouble = (self.assignment.epoch, told)
            TAKEN_BACK.labels(self._map.service, type(error).__name__).inc()
            log.warning("batch taken back: %s", told)
            log.debug("batch taken back", exc_info=error)
            pause = min(LONGEST_WAIT, 0.05 * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1)  # noqa: S311
        if pause:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ended.wait()

    async def _attempt(
        self, consumer: AIOKafkaConsumer, records: Sequence[Record], first: Places, after: Places
    ) -> float:
        """Settle a batch and ack it; how long to wait where it was put back instead."""
        if self._ended.is_set() or not self.assignment.covers(first):
            take_back(consumer, first)
            return 0.05
        if self.halt is not None and not await self._may_go_on(self.halt):
            take_back(consumer, first)
            return 1.0
        items, outcomes = self._read(records)
        try:
            if tripped := self._breaker.trips(outcomes):
                partition, offset, _ = tripped
                return self._stand(consumer, first, (*partition, offset), TOO_MANY, malformed=True)
            heaviest = CAREFUL_WEIGHT if self._failures else MAX_WEIGHT
            await settle(self._engine, self._map, items, self._wake, heaviest)
        except Unsettled as unsettled:
            return self._stand(consumer, first, unsettled.item.place, str(unsettled), malformed=False)
        self._breaker.count(outcomes)
        self._failures, self._trouble, self._halt = 0, None, None
        failpoint("line.before_ack")
        if not await self.assignment.commit(consumer, after):
            log.warning("the ack came too late: another replica has the partitions, its inbox drops what we did")
        BATCHES.labels(self._map.service).inc()
        return 0

    def _read(self, records: Sequence[Record]) -> tuple[list[Item], list[Outcome]]:
        """What is to be done with each record; those that do not concern this service leave no trace."""
        items: list[Item] = []
        outcomes: list[Outcome] = []
        for record in records:
            item = Item(record)
            if self._skips and (skip := self._skips.get(item.place)):
                why = f"skipped by {skip.actor}: {skip.reason}"
                items.append(Item(record, letter=Letter(record, why), skip=skip.id))
                continue
            read = self._decoder.decode(record)
            if isinstance(read, Malformed):
                items.append(Item(record, letter=Letter(record, read.error)))
            elif read is not None and self._map.concerned(read):
                items.append(Item(record, event=read))
            partition = TopicPartition(record.topic, record.partition)
            outcomes.append((partition, record.offset, isinstance(read, Malformed)))
        return items, outcomes

    def _stand(
        self, consumer: AIOKafkaConsumer, first: Places, place: tuple[str, int, int], error: str, *, malformed: bool
    ) -> float:
        """Put the batch back and stand still at one of its records."""
        take_back(consumer, first)
        log.error("halted at %s: %s", "/".join(map(str, place)), error)
        topic, partition, offset = place
        self._halt = Halt(
            topic=topic, partition=partition, offset=offset, error=error, malformed=malformed,
            epoch=self.assignment.epoch, since=datetime.now(UTC),
        )  # fmt: skip
        return 0.05

    async def _may_go_on(self, halt: Halt) -> bool:
        """Whether an operator has left word for the record we stand at."""
        async with reading(self._engine) as tx:
            skip = await skips.find(tx, halt.place, malformed=halt.malformed)
        if skip is None:
            return False
        log.warning("going on past %s: %s says %s", "/".join(map(str, halt.place)), skip.actor, skip.reason)
        if halt.malformed:
            async with transaction(self._engine) as tx:
                await skips.use(tx, [skip.id])
            self._breaker.allow(TopicPartition(halt.topic, halt.partition), skip.offset)
        else:
            self._skips = {halt.place: skip}
        self._halt = None
        return True
