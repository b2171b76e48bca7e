"""Operations on units, the transitions of the units, and the documents that they refer to."""

from datetime import datetime
from typing import Any, NamedTuple

from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from shared.contracts.envelope import Causation, CloudEvent
from shared.contracts.serials import SerialStatus

OperationIndex = int
"""Position of an operation in the unit of work."""


class MessageContext(NamedTuple):
    """Actor, time and causation of the message being handled (S22)."""

    actor: str
    occurred_at: datetime
    cause: Causation

    @classmethod
    def from_event(cls, event: CloudEvent[Any]) -> "MessageContext":
        """Build the context of a message."""
        return cls(event.actor, event.time, event.cause)


class DocumentRefs(NamedTuple):
    """Reference documents of an operation."""

    receipt: str | None = None
    line: str | None = None
    order_id: str | None = None
    demand_id: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    hold_id: str | None = None
    customer_name: str | None = None
    contact: str | None = None


class Operation(NamedTuple):
    """One change of one or more units of a product: the data that their audit entries share (S22)."""

    change: SerialChangeType
    sku: str
    reason: str
    context: MessageContext
    documents: DocumentRefs


class Transition(NamedTuple):
    """Change of one unit by an operation: an audit entry. The last transition of a unit is its current state."""

    unit: Unit
    operation: OperationIndex
    version: int
    from_status: SerialStatus | None
    status: SerialStatus
    from_location: str | None
    location: str | None


class HoldChange(NamedTuple):
    """Hold that an operation placed on a unit or released."""

    hold_id: str
    unit: Unit
    operation: OperationIndex
