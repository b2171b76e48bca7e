"""Records as outside systems would send them: encoded before any clock starts, published a batch per partition."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from deploy.topics import PARTITIONS
from shared.contracts.envelope import Fact

BATCH_BYTES = 512 * 1024
_numbers = itertools.count(1)
_partition = DefaultPartitioner()


class Record(NamedTuple):
    """One message as bytes, and where it goes."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class Wave(NamedTuple):
    """Records of one topic, packed and ready to be sent."""

    topic: str
    records: int
    batches: dict[int, list[Any]]


@cache
def partition_of(key: bytes) -> int:
    """The partition that any client would put this key on."""
    return int(_partition(key, list(range(PARTITIONS)), list(range(PARTITIONS))))


def encode(fact: Fact, source: str = "bench") -> Record:
    """A message of `source`, with an id never used before."""
    head = (
        f'{{"specversion":"1.0","id":"{next(_numbers)}","source":"{source}","type":"{fact.TYPE}",'
        f'"time":"{datetime.now(UTC).isoformat()}","datacontenttype":"application/json","data":'
    )
    key = fact.key().encode()
    value = f"{head}{fact.model_dump_json(exclude_defaults=True)}}}".encode()
    return Record(fact.TOPIC.name, partition_of(key), key, value)


class Sender:
    """A producer that sends whole waves."""

    def __init__(self, servers: str) -> None:
        self.producer = AIOKafkaProducer(
            bootstrap_servers=servers, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 * 1024 * 1024
        )

    async def __aenter__(self) -> Self:
        await self.producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.producer.stop()

    def pack(self, facts: Iterable[Fact]) -> Wave:
        """Encode messages of one topic into batches, in order within each partition."""
        batches: dict[int, list[Any]] = defaultdict(list)
        topic, records = "", 0
        for fact in facts:
            topic, partition, key, value = encode(fact)
            records += 1
            run = batches[partition]
            if not run or run[-1].append(key=key, value=value, timestamp=None) is None:
                run.append(self.producer.create_batch())
                if run[-1].append(key=key, value=value, timestamp=None) is None:
                    raise ValueError(f"a record of {len(value)} bytes fits no batch")
        return Wave(topic, records, batches)

    async def send(self, wave: Wave) -> None:
        """Publish a wave, all partitions at once, until the broker has it all."""

        async def one(partition: int, batches: list[Any]) -> None:
            for batch in batches:
                await (await self.producer.send_batch(batch, wave.topic, partition=partition))

        await asyncio.gather(*(one(partition, batches) for partition, batches in wave.batches.items()))
