"""Changes that arrive before their order: applied once when it is placed, or rejected after some time."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Message
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled
from shared.messaging.waiting import WaitingOverdue
from tests.unit.fulfillment.in_memory import NOW, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import order_line, order_placed

CANCEL = OrderCancelled(order="SO-1")
CANCEL_LINE = OrderLineCancelled(order="SO-1", line="1")
AMEND = OrderAmended(order="SO-1", lines=[order_line("2", "B")])
OVERDUE = WaitingOverdue(document="SO-1", received_until=NOW + timedelta(hours=1))


def rejections(fulfillment: InMemoryFulfillment) -> list[tuple[str, str]]:
    """Return the types and codes of the messages that were kept and are rejected now."""
    return [(event.type, str(violation.code)) for event, violation in fulfillment.uow.rejected]


@pytest.mark.parametrize("messages", list(permutations([order_placed(), CANCEL])))
def test_cancelled_order_is_cancelled_in_any_order(messages: tuple[Message, ...]) -> None:
    """An order and its cancellation give a cancelled order, whichever arrives first (S11)."""
    fulfillment = InMemoryFulfillment(("A", "B"))
    for message in messages:
        fulfillment.handle(message)
    assert fulfillment.uow.orders["SO-1"].cancelled
    assert not fulfillment.uow.waiting.events_of("SO-1")


@given(st.lists(st.sampled_from([CANCEL_LINE, AMEND]), max_size=4))
def test_waiting_messages_have_the_effect_of_later_ones(changes: list[Message]) -> None:
    """Law: changes before their order give the same lines as the same changes after it, and the same rejections."""
    lines, rejected = [], []
    for is_early in (True, False):
        fulfillment = InMemoryFulfillment(("A", "B"))
        codes: list[str] = []
        for message in (*changes, order_placed()) if is_early else (order_placed(), *changes):
            fulfillment.handle(message)
            codes += [str(violation.code) for violation in fulfillment.violations]
            codes += [code for _, code in rejections(fulfillment)]
        lines.append(
            {line.line: (line.ordered, line.cancelled) for line in fulfillment.uow.orders["SO-1"].lines.values()}
        )
        rejected.append(codes)
    assert lines[0] == lines[1]
    assert rejected[0] == rejected[1]


def test_rejection_belongs_to_the_change() -> None:
    """A change that its order does not allow is rejected itself; the order is placed without a violation."""
    fulfillment = InMemoryFulfillment()
    fulfillment.handle(OrderLineCancelled(order="SO-1", line="9"))
    fulfillment.handle(order_placed())
    assert rejections(fulfillment) == [("order.line_cancelled.v1", "line_not_found")]
    assert not fulfillment.violations


def test_overdue_change_is_rejected_once() -> None:
    """A change whose order does not arrive is rejected, and has no effect on an order that arrives even later."""
    fulfillment = InMemoryFulfillment()
    fulfillment.handle(CANCEL)
    fulfillment.handle(WaitingOverdue(document="SO-1", received_until=NOW - timedelta(hours=1)))
    assert not rejections(fulfillment)
    fulfillment.handle(OVERDUE)
    assert rejections(fulfillment) == [("order.cancelled.v1", "order_not_found")]
    fulfillment.handle(OVERDUE)
    assert not rejections(fulfillment)
    fulfillment.handle(order_placed())
    assert not fulfillment.uow.orders["SO-1"].cancelled
