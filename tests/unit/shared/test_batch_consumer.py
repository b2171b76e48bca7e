"""Failure handling of the batch consumer, with fakes for Kafka and the database."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from shared.messaging import batch_consumer as batch_consumer_module
from shared.messaging import skips
from shared.messaging.batch_consumer import HALT_RETRY_SECONDS, BatchConsumer
from shared.messaging.rebalance import Assignment
from shared.messaging.registry import HandlerRegistry
from shared.messaging.transactions import PoisonRecordError
from shared.messaging.work import MAX_COST, RETRY_COST, WorkItem
from shared.unit_of_work import UnitOfWork
from tests.support.events import encode_message
from tests.support.records import build_record
from tests.support.toy.app import app, save
from tests.support.toy.messages import Arrived

FIRST_PARTITION, SECOND_PARTITION = TopicPartition("toy.arrivals", 0), TopicPartition("toy.arrivals", 1)


class FakeConsumer:
    """Records seeks and commits."""

    def __init__(self, *assigned: TopicPartition) -> None:
        self.assigned = set(assigned)
        self.seeks: dict[TopicPartition, int] = {}
        self.commits: list[dict[TopicPartition, int]] = []
        self.rejects_commits = False

    def assignment(self) -> set[TopicPartition]:
        """Return the assigned partitions."""
        return self.assigned

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Record a seek."""
        self.seeks[partition] = offset

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Record a commit, or fail."""
        if self.rejects_commits:
            raise CommitFailedError
        self.commits.append(offsets)


def fake_consumer(*assigned: TopicPartition) -> Any:
    """Create a fake consumer with assigned partitions."""
    return FakeConsumer(*assigned)


class FakeProcessor:
    """Replaces transaction processing: raises the given failures, then records the items."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.max_costs: list[int] = []
        self.processed: list[Sequence[WorkItem]] = []

    async def __call__(self, _: Any, __: Any, items: Sequence[WorkItem], ___: Any, max_cost: int) -> None:
        """Record the items, or raise the next failure."""
        self.max_costs.append(max_cost)
        if self.failures:
            raise self.failures.pop(0)
        self.processed.append(items)


def batch() -> list[Any]:
    """Create three records on two partitions."""
    value = encode_message(Arrived(box="A", serials=["1"]))
    positions = ((0, 7), (0, 8), (1, 3))
    return [build_record(value, partition=partition, offset=offset) for partition, offset in positions]


@pytest.fixture
async def batch_consumer() -> BatchConsumer:
    """Create a batch consumer with both partitions assigned."""
    consumer = BatchConsumer(app.state.registry, None, lambda: None)  # type: ignore[arg-type]
    await consumer.assignment.on_partitions_assigned({FIRST_PARTITION, SECOND_PARTITION})
    return consumer


def fake_processing(monkeypatch: pytest.MonkeyPatch, *failures: Exception) -> FakeProcessor:
    """Replace transaction processing with a fake that raises the failures first."""
    processor = FakeProcessor(*failures)
    monkeypatch.setattr(batch_consumer_module, "process_in_transactions", processor)
    return processor


async def test_batch_commits_its_own_end_offsets(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offsets after the last records of the batch are committed, not those fetched meanwhile."""
    fake_processing(monkeypatch)
    await batch_consumer.process(consumer := fake_consumer(FIRST_PARTITION, SECOND_PARTITION), batch())
    assert consumer.commits == [{FIRST_PARTITION: 9, SECOND_PARTITION: 4}]
    assert consumer.seeks == {}


async def test_filtered_messages_are_committed_unprocessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that do not match the predicate of their handler are committed without processing."""
    handler = app.state.registry.handlers_by_type[Arrived.TYPE][0]._replace(predicate=lambda data: data.box == "B")
    batch_consumer = BatchConsumer(HandlerRegistry("toy", [handler], UnitOfWork, save), None, lambda: None)  # type: ignore[arg-type]
    await batch_consumer.assignment.on_partitions_assigned({FIRST_PARTITION, SECOND_PARTITION})
    processor = fake_processing(monkeypatch)
    accepted_value = encode_message(Arrived(box="B", serials=["1"]))
    records = [*batch(), build_record(accepted_value, key=b"B", offset=9)]
    await batch_consumer.process(consumer := fake_consumer(FIRST_PARTITION, SECOND_PARTITION), records)
    assert [[item.position for item in items] for items in processor.processed] == [[("toy.arrivals", 0, 9)]]
    assert consumer.commits == [{FIRST_PARTITION: 10, SECOND_PARTITION: 4}]


async def test_batch_is_rewound_and_retried_with_smaller_transactions(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error, all partitions are rewound, the error is reported, and transactions are smaller."""
    processor = fake_processing(monkeypatch, ConnectionRefusedError("unavailable"))
    consumer = fake_consumer(FIRST_PARTITION, SECOND_PARTITION)
    await batch_consumer.process(consumer, batch())
    assert (consumer.seeks, consumer.commits) == ({FIRST_PARTITION: 7, SECOND_PARTITION: 3}, [])
    assert "unavailable" in (batch_consumer.last_error or "")
    await batch_consumer.process(consumer, batch())
    await batch_consumer.process(consumer, batch())
    assert processor.max_costs == [MAX_COST, RETRY_COST, MAX_COST]
    assert batch_consumer.last_error is None
    assert len(consumer.commits) == 2


async def test_no_batch_is_processed_after_a_failed_commit(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed commit, fetched batches are rewound until the next assignment."""
    processor = fake_processing(monkeypatch)
    consumer = fake_consumer(FIRST_PARTITION, SECOND_PARTITION)
    consumer.rejects_commits = True
    await batch_consumer.process(consumer, batch())
    consumer.rejects_commits = False
    await batch_consumer.process(consumer, batch())
    assert (len(processor.processed), consumer.seeks, consumer.commits) == (
        1,
        {FIRST_PARTITION: 7, SECOND_PARTITION: 3},
        [],
    )
    await batch_consumer.assignment.on_partitions_assigned({FIRST_PARTITION, SECOND_PARTITION})
    await batch_consumer.process(consumer, batch())
    assert (len(processor.processed), len(consumer.commits)) == (2, 1)


async def test_batch_from_before_a_rebalance_is_not_processed(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch with a revoked partition is rewound on the partitions still assigned."""
    processor = fake_processing(monkeypatch)
    await batch_consumer.assignment.on_partitions_revoked({FIRST_PARTITION, SECOND_PARTITION})
    await batch_consumer.assignment.on_partitions_assigned({FIRST_PARTITION})
    await batch_consumer.process(consumer := fake_consumer(FIRST_PARTITION), batch())
    assert (processor.processed, consumer.seeks) == ([], {FIRST_PARTITION: 7})


async def test_rebalance_waits_for_the_commit_but_not_for_a_back_off() -> None:
    """Revocation waits for the commit of the running batch, but not for a back-off."""
    assignment = Assignment()
    await assignment.on_partitions_assigned({FIRST_PARTITION})
    await assignment.processing_lock.acquire()
    revocation = asyncio.create_task(assignment.on_partitions_revoked({FIRST_PARTITION}))
    await asyncio.sleep(0)
    assert assignment.owns([FIRST_PARTITION])
    assignment.processing_lock.release()
    await revocation
    assert not assignment.owns([FIRST_PARTITION])


async def test_halt_ends_with_its_assignment(batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The halt names the failing record; after a reassignment the record is retried."""
    poison_item = WorkItem(batch()[1])
    processor = fake_processing(monkeypatch, PoisonRecordError(poison_item, RuntimeError("boom")))
    await batch_consumer.process(consumer := fake_consumer(FIRST_PARTITION, SECOND_PARTITION), batch())
    assert batch_consumer.halt is not None
    assert (batch_consumer.halt.position, batch_consumer.halt.error) == (("toy.arrivals", 0, 8), "RuntimeError: boom")
    assert (consumer.seeks, consumer.commits) == ({FIRST_PARTITION: 7, SECOND_PARTITION: 3}, [])
    await batch_consumer.assignment.on_partitions_assigned({FIRST_PARTITION, SECOND_PARTITION})
    assert batch_consumer.halt is None
    await batch_consumer.process(consumer, batch())
    assert len(processor.processed) == 1


async def test_halted_record_is_processed_again_after_a_minute(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A halted record waits for its next attempt; each failed attempt is counted, a successful one ends the halt."""
    monkeypatch.setattr(skips, "find_permit", no_permit)
    monkeypatch.setattr(batch_consumer_module, "read_only", lambda _engine: nullcontext())
    error = PoisonRecordError(WorkItem(batch()[1]), RuntimeError("grant missing"))
    processor = fake_processing(monkeypatch, error, error)
    consumer = fake_consumer(FIRST_PARTITION, SECOND_PARTITION)
    await batch_consumer.process(consumer, batch())
    first = batch_consumer.halt
    assert first is not None
    assert (first.next_attempt_at - first.halted_at).total_seconds() == HALT_RETRY_SECONDS == 60
    await batch_consumer.process(consumer, batch())
    assert batch_consumer.halt is first
    batch_consumer._halt = replace(first, next_attempt_at=first.halted_at)  # noqa: SLF001 - instead of a minute
    await batch_consumer.process(consumer, batch())
    second = batch_consumer.halt
    assert second is not None
    assert (second.attempts, second.halted_at, second.position) == (2, first.halted_at, first.position)
    batch_consumer._halt = replace(second, next_attempt_at=first.halted_at)  # noqa: SLF001 - instead of a minute
    await batch_consumer.process(consumer, batch())
    assert batch_consumer.halt is None
    assert len(processor.processed) == 1
    assert len(consumer.commits) == 1


async def no_permit(*_: Any, **_kwargs: Any) -> None:
    """Find no skip permit."""


async def test_stopped_consumer_processes_nothing_more(
    batch_consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched records are rewound; the next replica processes them."""
    processor = fake_processing(monkeypatch)
    batch_consumer.stop()
    await batch_consumer.process(consumer := fake_consumer(FIRST_PARTITION, SECOND_PARTITION), batch())
    assert (processor.processed, consumer.seeks, consumer.commits) == (
        [],
        {FIRST_PARTITION: 7, SECOND_PARTITION: 3},
        [],
    )
