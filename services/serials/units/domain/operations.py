"""Operations on units, the transitions of the units, and the documents that they refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel

from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from shared.contracts.documents import document_fields, read_documents
from shared.contracts.serials import SerialStatus
from shared.unit_of_work import MessageContext

OperationIndex = int
"""Position of an operation in the unit of work."""


class DocumentRefs(NamedTuple):
    """Reference documents of an operation: columns of the audit trail."""

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
    ship_to: str | None = None
    supplier: str | None = None
    document: str | None = None
    inferred_from: str | None = None

    @classmethod
    def from_message(cls, message: BaseModel, hold_id: str | None = None) -> "DocumentRefs":
        """Collect the references in a message; the hold is that of the operation."""
        values = read_documents(message, cls._fields) | {"hold_id": hold_id}
        return cls(**{name: value or None for name, value in values.items()})

    def to_fields(self, model: type[BaseModel]) -> dict[str, Any]:
        """Return the references that a message has fields for."""
        return {field: getattr(self, name) for name, field in document_fields(model, self._fields).items()}


class Operation(NamedTuple):
    """One change of one or more units of a product: the data that their audit entries share (S22)."""

    change: SerialChangeType
    sku: str
    reason: str
    context: MessageContext
    documents: DocumentRefs
    is_reported_to_recalls: bool = True
    """Whether open recalls are told; a recall answers with its own hold."""
    previous_lot: str | None = None
    """The wrong lot number that a correction replaces."""
    scans: Mapping[str, str] = {}
    """Raw scans of the command by the serial numbers that they named."""


class Transition(NamedTuple):
    """Change of one unit by an operation: an audit entry. The last transition of a unit is its current state."""

    unit: Unit
    operation: OperationIndex
    version: int
    from_status: SerialStatus | None
    status: SerialStatus
    from_location: str | None
    location: str | None
    open_hold_count: int
    scan: str | None = None
    """Raw scan that named the unit."""


class HoldChange(NamedTuple):
    """Hold that an operation placed on a unit or released."""

    hold_id: str
    unit: Unit
    operation: OperationIndex


@dataclass(slots=True)
class UnitChanges:
    """Audit entries, holds and recall tracking to save and to publish."""

    transitions: list[Transition] = field(default_factory=list)
    placed_holds: list[HoldChange] = field(default_factory=list)
    released_holds: list[HoldChange] = field(default_factory=list)
    placed_standing_holds: list[tuple[StandingHold, OperationIndex]] = field(default_factory=list)
    released_standing_holds: list[tuple[StandingHold, OperationIndex]] = field(default_factory=list)
    tracked: list[tuple[Unit, StandingHold]] = field(default_factory=list)
    """Units matched by recalls; they may be tracked already."""

    @property
    def operations(self) -> list[OperationIndex]:
        """Operations that changed units or standing holds, in order."""
        standing_holds = (*self.placed_standing_holds, *self.released_standing_holds)
        return sorted(
            {transition.operation for transition in self.transitions}.union(
                operation for _, operation in standing_holds
            )
        )
