"""Grouping of mixed messages into few loads without reordering."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import CloudEvent, Message
from shared.messaging.dispatcher import group_by_load
from shared.messaging.handlers import EventHandler
from shared.messaging.registry import HandlerRegistry
from shared.persistence.database import Transaction
from shared.unit_of_work import UnitOfWork
from tests.support.toy.messages import Add, Added, Arrived


async def load_first(_: Transaction, __: UnitOfWork, ___: Sequence[CloudEvent[Any]]) -> None:
    """Load nothing."""


async def load_second(_: Transaction, __: UnitOfWork, ___: Sequence[CloudEvent[Any]]) -> None:
    """Load nothing."""


async def save_nothing(_: Transaction, __: UnitOfWork) -> None:
    """Save nothing."""


def _lock_keys(data: Any) -> list[str]:
    return [str(data.box)]


REGISTRY = HandlerRegistry(
    "toy",
    [
        EventHandler(Add, None, _lock_keys, load=load_first),
        EventHandler(Arrived, None, _lock_keys, load=load_second),
        EventHandler(Added, None, _lock_keys, load=load_second),
    ],
    UnitOfWork,
    save_nothing,
)
MESSAGE_TYPES: dict[str, type[Message]] = {handler.message.TYPE: handler.message for handler in REGISTRY.handlers}


def make_event(event_type: str) -> CloudEvent[Any]:
    """Create an event of a type without data."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return CloudEvent[Any].model_construct(id=str(uuid4()), source="tests", type=event_type, time=now, data=None)


message_batches = st.lists(
    st.tuples(st.sampled_from(list(MESSAGE_TYPES)), st.frozensets(st.sampled_from("ABC"), max_size=3))
)


@given(message_batches)
def test_messages_with_a_common_lock_key_keep_their_order(batch: list[tuple[str, frozenset[str]]]) -> None:
    """Each message is in one batch of its handler; messages with a common lock key keep their order."""
    events = [make_event(event_type) for event_type, _ in batch]
    batches = group_by_load(REGISTRY, events, [lock_keys for _, lock_keys in batch])
    order = [event.id for batch_ in batches for _, event in batch_.items]
    assert sorted(order) == sorted(event.id for event in events)
    for batch_ in batches:
        assert {handler.load for handler, _ in batch_.items} == {batch_.load}
    position_of = {id_: position for position, id_ in enumerate(order)}
    for key in "ABC":
        positions = [position_of[event.id] for event, (_, keys) in zip(events, batch, strict=True) if key in keys]
        assert positions == sorted(positions)


def test_messages_without_a_common_lock_key_share_a_batch() -> None:
    """Messages of a hundred documents that alternate between two handlers need two calls."""
    events = [make_event(event_type) for event_type in [Add.TYPE, Arrived.TYPE] * 100]
    lock_keys = [frozenset([str(number // 2)]) for number in range(200)]
    assert [len(batch.items) for batch in group_by_load(REGISTRY, events, lock_keys)] == [100, 100]
