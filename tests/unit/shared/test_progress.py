"""Progress of a consumer group: when what is not found is said not to exist."""

import asyncio
from collections.abc import Sequence

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.messaging.dispatcher import defer_absences
from shared.messaging.progress import MAX_LAG_SECONDS, MAX_WAITING, ConsumerProgress
from shared.unit_of_work import CommandResult

PARTITIONS = TopicPartition("events", 0), TopicPartition("events", 1)


class Group:
    """A consumer group whose clock, topics and processing are set by a test; partitions belong to several replicas."""

    def __init__(self) -> None:
        self.now = 100.0
        self.published = dict.fromkeys(PARTITIONS, 0)
        self.processed = dict.fromkeys(PARTITIONS, 0)
        self.progress = ConsumerProgress(5.0, lambda: self.now)

    async def check(self) -> None:
        """Take a snapshot and compare the committed offsets with the earlier ones."""
        self.progress.add_snapshot(self.now, {partition: end for partition, end in self.published.items() if end})
        await self.progress.advance(dict(self.processed))

    async def wait(self, seconds: int) -> None:
        """Let time pass, with a check each second."""
        for _ in range(seconds):
            self.now += 1
            await self.check()

    def publish(self, partition: int = 0) -> None:
        """Publish a message."""
        self.published[PARTITIONS[partition]] += 1

    def process_all(self) -> None:
        """Process and commit everything."""
        self.processed = dict(self.published)

    async def decide(self, checks: Sequence[float] = (1.0,)) -> bool:
        """Decide a command that arrives now, while checks follow after so many seconds each."""
        decision = asyncio.create_task(self.progress.has_processed(self.now))
        await asyncio.sleep(0)
        for seconds in checks:
            self.now += seconds
            await self.check()
            await asyncio.sleep(0)
        if not decision.done():
            decision.cancel()
            return False
        return await decision


async def settled_group() -> Group:
    """Return a group that reached the ends of its topics long ago."""
    group = Group()
    await group.check()
    await group.wait(5)
    return group


async def test_unknown_progress_is_not_settled() -> None:
    """Before the first check, and without Kafka, nothing is said not to exist."""
    assert not ConsumerProgress().is_settled
    group = await settled_group()
    assert group.progress.is_settled
    group.now += MAX_LAG_SECONDS + 1  # no check succeeded since
    assert not group.progress.is_settled


async def test_progress_settles_some_seconds_after_the_ends_are_reached() -> None:
    """A paused consumer is behind; it is settled five seconds after it has caught up."""
    group = await settled_group()
    group.publish(1)
    await group.wait(int(MAX_LAG_SECONDS) + 1)
    assert not group.progress.is_settled
    group.process_all()
    await group.wait(1)
    assert not group.progress.is_settled
    await group.wait(4)
    assert not group.progress.is_settled
    await group.wait(1)
    assert group.progress.is_settled


async def test_steady_traffic_is_settled() -> None:
    """A consumer that keeps up with steady traffic decides, although it is never at the ends for seconds."""
    group = await settled_group()
    for _ in range(30):
        group.process_all()
        group.publish()
        await group.wait(1)
        assert group.progress.is_settled


async def test_command_is_decided_by_a_later_snapshot() -> None:
    """A decision needs a snapshot after the command, which a message of the same moment can still precede."""
    group = await settled_group()
    assert not await group.decide([0.9])
    assert await group.decide([1.0])
    group.publish()
    assert not await group.decide([1.0, 1.0])  # the consumer is paused


async def test_few_commands_wait_for_a_decision() -> None:
    """Further commands are answered at once, so that waiting ones do not occupy all places."""
    group = await settled_group()

    waiting = [asyncio.create_task(group.progress.has_processed(group.now)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    assert not await group.progress.has_processed(group.now)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await group.decide()


@given(
    st.lists(
        st.tuples(st.sampled_from(["publish", "process", "wait", "command"]), st.integers(0, 1), st.integers(1, 6)),
        max_size=60,
    )
)
def test_decided_command_follows_everything_before_it(steps: list[tuple[str, int, int]]) -> None:
    """Law: no command is told 404 while a message that was in a topic before the command is unprocessed."""
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, int, int]]) -> None:
    group = await settled_group()
    for action, partition, number in steps:
        match action:
            case "publish":
                group.publish(partition)
            case "process":
                name = PARTITIONS[partition]
                group.processed[name] = min(group.published[name], group.processed[name] + number)
            case "wait":
                await group.wait(number)
            case _:
                before = dict(group.published)
                if await group.decide([0.3] * number):
                    assert all(group.processed[name] >= end for name, end in before.items())


def test_only_provisional_problems_are_deferred() -> None:
    """What arrives by messages and what they may change is deferred, with its detail; other problems are final."""
    absent = ProblemDetail(code=Code.LOCATION_NOT_FOUND, detail="Location X not found", ids=["X"])
    changing = ProvisionalProblem(code=Code.NOT_ON_PICK_LIST, detail="not allocated", ids=["S"])
    final = ProblemDetail(code=Code.NOT_ON_PICK_LIST, detail="allocated elsewhere")
    results = {"A": CommandResult.rejected(absent, changing, final), "B": CommandResult.rejected(final)}
    defer_absences(results)  # type: ignore[arg-type]
    deferred = [(violation.code, violation.detail, violation.ids) for violation in results["A"].violations]
    assert deferred == [
        (Code.NOT_YET_AVAILABLE, absent.detail, ["X"]),
        (Code.NOT_YET_AVAILABLE, changing.detail, ["S"]),
        (Code.NOT_ON_PICK_LIST, final.detail, []),
    ]
    assert results["B"].violations == (final,)
