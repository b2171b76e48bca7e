"""Kafka records as the consumer receives them."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord

Record = ConsumerRecord[bytes | None, bytes | None]


def build_record(
    value: bytes | None,
    *,
    key: bytes | None = b"A",
    topic: str = "toy.arrivals",
    partition: int = 0,
    offset: int = 1,
    headers: Sequence[tuple[str, bytes]] = (),
    at: int = 1_700_000_000_000,
    at_type: int = 0,
) -> Record:
    """Build a record, by default the second one of the first partition of arrivals."""
    return ConsumerRecord(topic, partition, offset, at, at_type, key, value, None, 0, 0, headers)
