"""Outbox relay: at-least-once delivery, ordered per key, unlimited retries."""

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

from shared.ops.failpoints import failpoint
from shared.ops.telemetry import MESSAGES_PUBLISHED, OUTBOX_OLDEST_AGE, OUTBOX_ROWS, describe_error
from shared.persistence.database import transaction
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)

BATCH_SIZE = 2000
"""Maximum rows per run."""
PUBLISH_TIMEOUT = 4.0
"""Seconds for publishing, below the 5 s after which the database ends an idle transaction."""
POLL_INTERVAL = 0.25
"""Seconds between polls of an empty outbox, for rows of crashed replicas; own commits wake the relay at once."""

ADVISORY_LOCK_KEY = 7230018
# Held for one transaction: a frozen process would keep a session lock indefinitely.
LOCK_RELAY = text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK_KEY})")
# Selects existing rows, not ids above the last one: ids are assigned before commits, which may be reordered.
SELECT_OLDEST = text("SELECT id, topic, key, value, created_at FROM outbox ORDER BY id LIMIT :size")
DELETE_PUBLISHED = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
SELECT_COUNT = text("SELECT count(*) AS pending_count FROM (SELECT 1 FROM outbox LIMIT 100000) AS pending")

OutboxRows = Sequence[Row[Any]]


@lru_cache(maxsize=65536)
def partition_hash(key: str) -> int:
    """Return Kafka's murmur2 hash, so that all producers assign a key to the same partition."""
    return int(murmur2(key.encode())) & 0x7FFFFFFF


class OutboxRelay:
    """Publishes the outbox of a service; one replica at a time is active."""

    def __init__(self, service: str, engine: AsyncEngine, settings: KafkaSettings) -> None:
        self._service, self._engine, self._settings = service, engine, settings
        self._producer: AIOKafkaProducer | None = None
        self._wake_event = asyncio.Event()
        self._stop_requested = asyncio.Event()
        self.last_error: str | None = None
        """Error of the last run, for readiness."""

    def wake(self) -> None:
        """Signal that rows were committed to the outbox."""
        self._wake_event.set()

    async def run(self) -> None:
        """Publish until stopped, retrying after errors."""
        failures = 0
        while not self._stop_requested.is_set():
            self._wake_event.clear()
            try:
                sent_count = await self.run_once()
                failures, self.last_error = 0, None
            except Exception as error:  # noqa: BLE001 - the rows remain in the outbox
                sent_count, failures = 0, failures + 1
                self.last_error = describe_error(error)
                log.warning("outbox relay failed, retrying: %s", self.last_error)
                await self._discard_producer()
            if sent_count == BATCH_SIZE:
                continue  # more rows are pending
            with suppress(TimeoutError):
                async with asyncio.timeout(min(5.0, 0.1 * 2**failures) if failures else POLL_INTERVAL):
                    # Commits do not shorten the back-off.
                    await (self._stop_requested.wait() if failures else self._wake_event.wait())
        with suppress(Exception):
            while not failures and await self.run_once():
                pass
        await self._discard_producer()

    def stop(self) -> None:
        """Publish the remaining rows and stop."""
        self._stop_requested.set()
        self._wake_event.set()

    async def run_once(self) -> int:
        """Publish the oldest rows and delete the acknowledged ones; returns their number."""
        async with transaction(self._engine) as tx:
            await tx.fetch_all(LOCK_RELAY)
            rows = await tx.fetch_all(SELECT_OLDEST, {"size": BATCH_SIZE})
            OUTBOX_OLDEST_AGE.labels(self._service).set((tx.now - rows[0].created_at).total_seconds() if rows else 0)
            if not rows:
                return 0
            sent_ids, errors = await self._publish(rows)
            failpoint("relay.after_publish")
            if sent_ids:
                await tx.execute(DELETE_PUBLISHED, {"ids": sent_ids})
        MESSAGES_PUBLISHED.labels(self._service).inc(len(sent_ids))
        if errors:
            raise errors[0]
        return len(sent_ids)

    async def _publish(self, rows: OutboxRows) -> tuple[list[int], list[BaseException]]:
        producer = await self._get_producer()
        rows_by_partition: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
        partition_counts: dict[str, int] = {}
        for row in rows:
            topic = self._settings.topic_name(row.topic)  # the outbox has declared names
            if topic not in partition_counts:
                async with asyncio.timeout(PUBLISH_TIMEOUT):
                    partition_counts[topic] = len(await producer.partitions_for(topic))
            rows_by_partition[topic, partition_hash(row.key) % partition_counts[topic]].append(row)
        sent_ids: list[int] = []
        results = await asyncio.gather(
            *(
                self._send(producer, topic_partition, partition_rows, sent_ids)
                for topic_partition, partition_rows in rows_by_partition.items()
            ),
            return_exceptions=True,
        )
        return sent_ids, [result for result in results if isinstance(result, BaseException)]

    async def _send(
        self, producer: AIOKafkaProducer, topic_partition: tuple[str, int], rows: OutboxRows, sent_ids: list[int]
    ) -> None:
        """Send the rows of one partition in sequential batches, which preserves their order."""
        topic, partition = topic_partition
        remaining = list(rows)
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            while remaining:
                batch, appended_count = producer.create_batch(), 0
                for row in remaining:
                    if batch.append(key=row.key.encode(), value=row.value, timestamp=None) is None:
                        break
                    appended_count += 1
                if not appended_count:
                    raise ValueError(f"outbox row {remaining[0].id} is larger than a batch")
                await (await producer.send_batch(batch, topic, partition=partition))
                sent_ids.extend(row.id for row in remaining[:appended_count])
                remaining = remaining[appended_count:]

    async def _get_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka_bootstrap_servers,
                client_id=f"tracelot-{self._service}",
                enable_idempotence=True,
                compression_type="lz4",
                max_batch_size=1024 * 1024,
                max_request_size=4 * 1024 * 1024,
                request_timeout_ms=10_000,
            )
            try:
                async with asyncio.timeout(PUBLISH_TIMEOUT):
                    await producer.start()
            except BaseException:
                await _close_producer(producer)
                raise
            self._producer = producer
        return self._producer

    async def _discard_producer(self) -> None:
        """Close the producer; after a fatal error or a timeout a new one is required."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _close_producer(producer)


async def _close_producer(producer: AIOKafkaProducer) -> None:
    """Close a producer, by force if it waits for an unavailable broker."""
    with suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(1):
            await producer.stop()
            return
    with suppress(Exception):
        async with asyncio.timeout(1):
            await producer._sender.close()  # noqa: SLF001 - otherwise it sends old batches after newer ones
            await producer.client.close()


async def count_pending(engine: AsyncEngine, service: str) -> int:
    """Count the pending rows, at most 100 000."""
    async with transaction(engine) as tx:
        (result,) = await tx.fetch_all(SELECT_COUNT)
    OUTBOX_ROWS.labels(service).set(result.pending_count)
    return int(result.pending_count)
