"""Records as sent by upstream systems: encoded before the measurement, published in one batch per partition."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from shared.contracts.envelope import Message
from shared.settings import DEFAULT_PARTITIONS

BATCH_BYTES = 512 * 1024
_numbers = itertools.count(1)
_partition = DefaultPartitioner()


class Record(NamedTuple):
    """An encoded message with its topic and partition."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class PreparedRecords(NamedTuple):
    """Encoded records of one topic, in batches by partition."""

    topic: str
    records: int
    batches: dict[int, list[Any]]


@cache
def partition_of(key: bytes) -> int:
    """Return the partition of a key, as chosen by any Kafka client."""
    return int(_partition(key, list(range(DEFAULT_PARTITIONS)), list(range(DEFAULT_PARTITIONS))))


def encode(message: Message, source: str = "bench") -> Record:
    """Encode a message of `source` with a new id."""
    envelope = (
        f'{{"specversion":"1.0","id":"{next(_numbers)}","source":"{source}","type":"{message.TYPE}",'
        f'"time":"{datetime.now(UTC).isoformat()}","datacontenttype":"application/json","data":'
    )
    key = message.key().encode()
    value = f"{envelope}{message.model_dump_json(exclude_defaults=True)}}}".encode()
    return Record(message.TOPIC.name, partition_of(key), key, value)


class RecordSender:
    """Producer of prepared records."""

    def __init__(self, servers: str) -> None:
        self.producer = AIOKafkaProducer(
            bootstrap_servers=servers, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 * 1024 * 1024
        )

    async def __aenter__(self) -> Self:
        await self.producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.producer.stop()

    def prepare(self, messages: Iterable[Message]) -> PreparedRecords:
        """Encode messages of one topic into batches, in order within each partition."""
        batches: dict[int, list[Any]] = defaultdict(list)
        topic, records = "", 0
        for message in messages:
            topic, partition, key, value = encode(message)
            records += 1
            partition_batches = batches[partition]
            if not partition_batches or partition_batches[-1].append(key=key, value=value, timestamp=None) is None:
                partition_batches.append(self.producer.create_batch())
                if partition_batches[-1].append(key=key, value=value, timestamp=None) is None:
                    raise ValueError(f"record of {len(value)} bytes exceeds the batch size")
        return PreparedRecords(topic, records, batches)

    async def send(self, prepared: PreparedRecords) -> None:
        """Publish prepared records to all partitions in parallel and wait for the acknowledgements."""

        async def send_partition(partition: int, batches: list[Any]) -> None:
            for batch in batches:
                await (await self.producer.send_batch(batch, prepared.topic, partition=partition))

        await asyncio.gather(*(send_partition(partition, batches) for partition, batches in prepared.batches.items()))
