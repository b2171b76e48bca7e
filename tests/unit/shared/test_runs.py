"""How a batch of mixed messages is cut into few calls of handlers without anybody being overtaken."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import CloudEvent, Fact
from shared.database import Transaction
from shared.decision import Map, runs
from shared.routing import Hears
from tests.shared.toy.messages import Add, Added, Arrived, ToyRejected


async def one(_: Transaction, __: Sequence[CloudEvent[Any]]) -> Sequence[Fact]:
    """Take some."""
    return ()


async def two(_: Transaction, __: Sequence[CloudEvent[Any]]) -> Sequence[Fact]:
    """Take others."""
    return ()


def _locks(data: Any) -> list[str]:
    return [str(data.box)]


MAP = Map("toy", [Hears(Add, one, _locks), Hears(Arrived, two, _locks), Hears(Added, two, _locks)], ToyRejected)
KINDS: dict[str, type[Fact]] = {row.message.TYPE: row.message for row in MAP.rows}


def event(kind: str) -> CloudEvent[Any]:
    """An event of a type; what it says is of no matter here."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return CloudEvent[Any].model_construct(id=str(uuid4()), source="tests", type=kind, time=now, data=None)


batches = st.lists(st.tuples(st.sampled_from(list(KINDS)), st.frozensets(st.sampled_from("ABC"), max_size=3)))


@given(batches)
def test_nobody_is_overtaken_under_a_lock(batch: list[tuple[str, frozenset[str]]]) -> None:
    """Each message is in one run, of its own handler; those that share a lock keep their order."""
    events = [event(kind) for kind, _ in batch]
    found = runs(MAP, events, [names for _, names in batch])
    order = [event.id for run in found for event in run.events]
    assert sorted(order) == sorted(event.id for event in events)
    for run in found:
        assert {MAP.by_type[event.type].handler for event in run.events} == {run.row.handler}
    place = {id_: position for position, id_ in enumerate(order)}
    for name in "ABC":
        under = [place[event.id] for event, (_, names) in zip(events, batch, strict=True) if name in names]
        assert under == sorted(under)


def test_messages_that_share_no_lock_share_a_call() -> None:
    """A hundred documents whose messages alternate between two handlers: two calls, not two hundred."""
    kinds = [Add.TYPE, Arrived.TYPE] * 100
    events = [event(kind) for kind in kinds]
    names = [frozenset([str(number // 2)]) for number in range(200)]
    assert [len(run.events) for run in runs(MAP, events, names)] == [100, 100]
