"""What the line does with a batch when something fails, with a consumer and a database that only pretend."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError

from shared.consumer import line as lines
from shared.consumer.line import Line
from shared.consumer.rebalance import Assignment
from shared.consumer.settle import Unsettled
from shared.consumer.work import CAREFUL_WEIGHT, MAX_WEIGHT, Item
from shared.decision import Map
from tests.shared.conftest import message
from tests.shared.toy.app import app
from tests.shared.toy.messages import Arrived, ToyRejected

ONE, TWO = TopicPartition("toy.news", 0), TopicPartition("toy.news", 1)
Settle = Callable[..., Any]


class Pretending:
    """Keeps what it is told."""

    def __init__(self, *assigned: TopicPartition) -> None:
        self.assigned = set(assigned)
        self.seeks: dict[TopicPartition, int] = {}
        self.commits: list[dict[TopicPartition, int]] = []
        self.refuses = False

    def assignment(self) -> set[TopicPartition]:
        """What is ours."""
        return self.assigned

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go back."""
        self.seeks[partition] = offset

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Ack."""
        if self.refuses:
            raise CommitFailedError
        self.commits.append(offsets)


def consuming(*assigned: TopicPartition) -> Any:
    """A consumer to which so much is assigned."""
    return Pretending(*assigned)


class Settled:
    """Takes the place of the database's part: fails as often as told, and remembers what it was given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.heaviest: list[int] = []
        self.items: list[Sequence[Item]] = []

    async def __call__(self, _: Any, __: Any, items: Sequence[Item], ___: Any, heaviest: int) -> None:
        """Settle, or raise."""
        self.heaviest.append(heaviest)
        if self.failures:
            raise self.failures.pop(0)
        self.items.append(items)


def batch() -> list[Any]:
    """Three records on two partitions."""
    value = message(Arrived(box="A", serials=["1"]))
    places = ((0, 7), (0, 8), (1, 3))
    return [ConsumerRecord("toy.news", at, offset, 0, 0, b"A", value, None, 0, 0, ()) for at, offset in places]


@pytest.fixture
async def line() -> Line:
    """A line with both partitions assigned."""
    made = Line(app.state.map, None, lambda: None)  # type: ignore[arg-type]
    await made.assignment.on_partitions_assigned({ONE, TWO})
    return made


def settling(monkeypatch: pytest.MonkeyPatch, *failures: Exception) -> Settled:
    """Let settling fail so many times."""
    made = Settled(*failures)
    monkeypatch.setattr(lines, "settle", made)
    return made


async def test_a_batch_is_acked_up_to_its_own_end(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly the offsets after its last records, not whatever the consumer has fetched by then."""
    settling(monkeypatch)
    await line.take(consumer := consuming(ONE, TWO), batch())
    assert consumer.commits == [{ONE: 9, TWO: 4}]
    assert consumer.seeks == {}


async def test_what_does_not_concern_the_service_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact of a kind we hear, but not of ours by its data, is acked and never settled."""
    hears = app.state.map.by_type[Arrived.TYPE]._replace(when=lambda data: data.box == "B")
    line = Line(Map("toy", [hears], ToyRejected), None, lambda: None)  # type: ignore[arg-type]
    await line.assignment.on_partitions_assigned({ONE, TWO})
    settled = settling(monkeypatch)
    ours = message(Arrived(box="B", serials=["1"]))
    records = [*batch(), ConsumerRecord("toy.news", 0, 9, 0, 0, b"B", ours, None, 0, 0, ())]
    await line.take(consumer := consuming(ONE, TWO), records)
    assert [[item.place for item in items] for items in settled.items] == [[("toy.news", 0, 9)]]
    assert consumer.commits == [{ONE: 10, TWO: 4}]


async def test_without_its_database_a_batch_is_put_back_whole_and_tried_in_smaller_transactions(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every partition goes back to its first record; readiness tells why; the next attempt may be the time limit's."""
    settled = settling(monkeypatch, ConnectionRefusedError("away"))
    consumer = consuming(ONE, TWO)
    await line.take(consumer, batch())
    assert (consumer.seeks, consumer.commits) == ({ONE: 7, TWO: 3}, [])
    assert "away" in (line.trouble or "")
    await line.take(consumer, batch())
    await line.take(consumer, batch())
    assert settled.heaviest == [MAX_WEIGHT, CAREFUL_WEIGHT, MAX_WEIGHT]
    assert line.trouble is None
    assert len(consumer.commits) == 2


async def test_after_a_failed_ack_nothing_is_taken_before_the_next_assignment(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zombie's buffered batch is put back, not handled; once assigned anew it works again."""
    settled = settling(monkeypatch)
    consumer = consuming(ONE, TWO)
    consumer.refuses = True
    await line.take(consumer, batch())
    consumer.refuses = False
    await line.take(consumer, batch())
    assert (len(settled.items), consumer.seeks, consumer.commits) == (1, {ONE: 7, TWO: 3}, [])
    await line.assignment.on_partitions_assigned({ONE, TWO})
    await line.take(consumer, batch())
    assert (len(settled.items), len(consumer.commits)) == (2, 1)


async def test_a_batch_from_before_a_rebalance_is_not_handled(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its partitions went to another replica: it is put back where it still is ours, and left where not."""
    settled = settling(monkeypatch)
    await line.assignment.on_partitions_revoked({ONE, TWO})
    await line.assignment.on_partitions_assigned({ONE})
    await line.take(consumer := consuming(ONE), batch())
    assert (settled.items, consumer.seeks) == ([], {ONE: 7})


async def test_a_rebalance_waits_for_the_ack_and_not_for_a_pause() -> None:
    """Partitions are given up once the running batch is acked; nobody waits for a consumer that only waits."""
    assignment = Assignment()
    await assignment.on_partitions_assigned({ONE})
    await assignment.working.acquire()
    revoked = asyncio.create_task(assignment.on_partitions_revoked({ONE}))
    await asyncio.sleep(0)
    assert assignment.covers([ONE])
    assignment.working.release()
    await revoked
    assert not assignment.covers([ONE])


async def test_a_halt_ends_with_the_assignment_that_it_was_in(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that halts is named; when the partition comes anew, it is tried anew."""
    bad = Item(batch()[1])
    settled = settling(monkeypatch, Unsettled(bad, RuntimeError("boom")))
    await line.take(consumer := consuming(ONE, TWO), batch())
    assert line.halt is not None
    assert (line.halt.place, line.halt.error) == (("toy.news", 0, 8), "RuntimeError: boom")
    assert (consumer.seeks, consumer.commits) == ({ONE: 7, TWO: 3}, [])
    await line.assignment.on_partitions_assigned({ONE, TWO})
    assert line.halt is None
    await line.take(consumer, batch())
    assert len(settled.items) == 1


async def test_a_line_that_is_told_to_stop_takes_nothing_more(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched is put back for the next replica."""
    settled = settling(monkeypatch)
    line.stop()
    await line.take(consumer := consuming(ONE, TWO), batch())
    assert (settled.items, consumer.seeks, consumer.commits) == ([], {ONE: 7, TWO: 3}, [])
