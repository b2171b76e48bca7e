"""Kafka records as the consumer receives them."""

from aiokafka import ConsumerRecord

Record = ConsumerRecord[bytes | None, bytes | None]


def build_record(
    value: bytes | None, *, key: bytes | None = b"A", topic: str = "toy.arrivals", partition: int = 0, offset: int = 1
) -> Record:
    """Build a record, by default the second one of the first partition of arrivals."""
    return ConsumerRecord(topic, partition, offset, 1_700_000_000_000, 0, key, value, None, 0, 0, ())
