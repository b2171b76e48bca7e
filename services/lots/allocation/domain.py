"""What becomes of a demand for a counted product: it stands, or its first answer closes it."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationRequested
from shared.contracts.lots import LotAllocated

DemandStatus = Literal["OPEN", "CLOSED", "WITHDRAWN"]


class Opened(NamedTuple):
    """A demand as it was asked for, how it stands after its answer, and the answer."""

    asked: AllocationRequested
    status: DemandStatus
    answer: LotAllocated


def opened(known: Collection[str], events: Sequence[CloudEvent[AllocationRequested]]) -> list[Opened]:
    """Open what is not known yet; what was withdrawn before it was asked for is known."""
    new = {event.data.demand: event for event in reversed(events) if event.data.demand not in known}
    return [_opened(event) for event in events if new.get(event.data.demand) is event]


def _opened(event: CloudEvent[AllocationRequested]) -> Opened:
    asked = event.data
    closed = asked.shortfall == "DROP"
    answer = LotAllocated(
        actor=event.actor,
        cause=event.cause,
        sku=asked.sku,
        demand=asked.demand,
        order=asked.order,
        line=asked.line,
        short=asked.quantity,
        closed=closed,
    )
    return Opened(asked, "CLOSED" if closed else "OPEN", answer)
