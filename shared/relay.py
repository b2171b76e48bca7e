"""Publishes what stands in the outbox: at least once, in order within a key, without end of patience."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import transaction
from shared.failpoints import failpoint
from shared.telemetry import OUTBOX_AGE, OUTBOX_ROWS, PUBLISHED

log = logging.getLogger(__name__)

ROUND = 2000
"""Rows a round takes at most."""
TIMEOUT = 4.0
"""Seconds a round may publish: under the 5 s after which the database ends an idle transaction."""
IDLE = 0.25
"""Seconds between looks at an empty outbox, for rows of a replica that crashed; our own wake us at once."""

LOCK = 7230018
# Held for one round, in its transaction: a frozen process would keep a session's lock for ever.
ONE_AT_A_TIME = text(f"SELECT pg_advisory_xact_lock({LOCK})")
# What exists, not what is newer than the last seen: ids are given before commits, which come in another order.
NEXT = text("SELECT id, topic, key, value, at FROM outbox ORDER BY id LIMIT :size")
SENT = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
COUNT = text("SELECT count(*) AS waiting FROM (SELECT 1 FROM outbox LIMIT 100000) AS rows")

Rows = Sequence[Row[Any]]


@lru_cache(maxsize=65536)
def hash_of(key: str) -> int:
    """Kafka's own hash, so that everybody's producer puts a key on the same partition."""
    return int(murmur2(key.encode())) & 0x7FFFFFFF


class Relay:
    """One service's publisher; of several replicas one at a time works."""

    def __init__(self, service: str, engine: AsyncEngine, bootstrap_servers: str) -> None:
        self._service, self._engine, self._servers = service, engine, bootstrap_servers
        self._producer: AIOKafkaProducer | None = None
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self.trouble: str | None = None
        """What keeps it from publishing, for readiness."""

    def wake(self) -> None:
        """Say that something was committed to the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until stopped; what fails is tried again."""
        failures = 0
        while not self._ended.is_set():
            self._wake.clear()
            try:
                sent = await self.round()
                failures, self.trouble = 0, None
            except Exception as error:  # noqa: BLE001 - whatever it is, the rows are still there
                sent, failures = 0, failures + 1
                self.trouble = f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]
                log.warning("the relay tries again: %s", self.trouble)
                await self._discard_producer()
            if sent == ROUND:
                continue  # there is more
            with suppress(TimeoutError):
                async with asyncio.timeout(min(5.0, 0.1 * 2**failures) if failures else IDLE):
                    # A commit is no reason to hurry while Kafka is away.
                    await (self._ended.wait() if failures else self._wake.wait())
        with suppress(Exception):
            while not failures and await self.round():
                pass
        await self._discard_producer()

    def stop(self) -> None:
        """Publish what is left, and end."""
        self._ended.set()
        self._wake.set()

    async def round(self) -> int:
        """Publish the oldest rows and delete what Kafka acknowledged; how many that were."""
        async with transaction(self._engine) as tx:
            await tx.rows(ONE_AT_A_TIME)
            rows = await tx.rows(NEXT, {"size": ROUND})
            OUTBOX_AGE.labels(self._service).set((tx.now - rows[0].at).total_seconds() if rows else 0)
            if not rows:
                return 0
            sent, errors = await self._publish(rows)
            failpoint("relay.after_publish")
            if sent:
                await tx.run(SENT, {"ids": sent})
        PUBLISHED.labels(self._service).inc(len(sent))
        if errors:
            raise errors[0]
        return len(sent)

    async def _publish(self, rows: Rows) -> tuple[list[int], list[BaseException]]:
        producer = await self._connected()
        partitions: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
        counts: dict[str, int] = {}
        for row in rows:
            if row.topic not in counts:
                async with asyncio.timeout(TIMEOUT):
                    counts[row.topic] = len(await producer.partitions_for(row.topic))
            partitions[row.topic, hash_of(row.key) % counts[row.topic]].append(row)
        sent: list[int] = []
        ends = await asyncio.gather(
            *(self._send(producer, at, some, sent) for at, some in partitions.items()), return_exceptions=True
        )
        return sent, [end for end in ends if isinstance(end, BaseException)]

    async def _send(self, producer: AIOKafkaProducer, at: tuple[str, int], rows: Rows, sent: list[int]) -> None:
        """Send one partition's rows, a batch after the other: a later one never lands without an earlier one."""
        topic, partition = at
        rest = list(rows)
        async with asyncio.timeout(TIMEOUT):
            while rest:
                batch, taken = producer.create_batch(), 0
                for row in rest:
                    if batch.append(key=row.key.encode(), value=row.value, timestamp=None) is None:
                        break
                    taken += 1
                if not taken:
                    raise ValueError(f"outbox row {rest[0].id} is larger than a batch")
                await (await producer.send_batch(batch, topic, partition=partition))
                sent.extend(row.id for row in rest[:taken])
                rest = rest[taken:]

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                client_id=f"tracelot-{self._service}",
                enable_idempotence=True,
                compression_type="lz4",
                max_batch_size=1024 * 1024,
                max_request_size=4 * 1024 * 1024,
                request_timeout_ms=10_000,
            )
            try:
                async with asyncio.timeout(TIMEOUT):
                    await producer.start()
            except BaseException:
                await _close(producer)
                raise
            self._producer = producer
        return self._producer

    async def _discard_producer(self) -> None:
        """Close the producer; after a fatal error or a timeout only a new one can go on."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    """Close a producer, by force where it would wait for a broker that is away."""
    with suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(1):
            await producer.stop()
            return
    with suppress(Exception):
        async with asyncio.timeout(1):
            await producer._sender.close()  # noqa: SLF001 - or it would send old batches for ever, after newer ones
            await producer.client.close()


async def count(engine: AsyncEngine, service: str) -> int:
    """How many rows wait, at most 100 000."""
    async with transaction(engine) as tx:
        (found,) = await tx.rows(COUNT)
    OUTBOX_ROWS.labels(service).set(found.waiting)
    return int(found.waiting)
