"""Unit of work: loaded units, their changes, and everything to save in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.serials.units.domain.operations import (
    DocumentRefs,
    HoldChange,
    MessageContext,
    Operation,
    OperationIndex,
    Transition,
)
from services.serials.units.domain.standing_holds import StandingHold, StandingHoldKey
from services.serials.units.domain.transitions import SerialChangeType, next_status
from services.serials.units.domain.unit import Pool, Unit, UnitKey, describe_units
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code


@dataclass(frozen=True, slots=True)
class EventConflict:
    """Event that contradicts the state of units: it does not change them and is reported to a supervisor."""

    event: CloudEvent[Any]
    code: Code
    detail: str
    units: Sequence[Unit]


@dataclass(slots=True)
class SerialsUnitOfWork:
    """Loaded units, their transitions, and the stock that they released."""

    units: dict[UnitKey, Unit] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    placed_holds: list[HoldChange] = field(default_factory=list)
    released_holds: list[HoldChange] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    units_by_hold: dict[tuple[str, str], dict[UnitKey, Unit]] = field(default_factory=dict)
    """Loaded holds by SKU and id, with the units on which each is open; released holds have none."""

    standing_holds: dict[StandingHoldKey, StandingHold] = field(default_factory=dict)
    """Open standing holds."""

    released_standing_hold_keys: set[StandingHoldKey] = field(default_factory=set)
    """Keys of released standing holds that were loaded."""

    placed_standing_holds: list[tuple[StandingHold, OperationIndex]] = field(default_factory=list)
    released_standing_holds: list[tuple[StandingHold, OperationIndex]] = field(default_factory=list)
    """Standing holds placed and released in this transaction, each with its operation."""

    tracked: list[tuple[Unit, StandingHold]] = field(default_factory=list)
    """Units matched by recalls in this transaction; they may be tracked already."""

    _standing_hold_operations: dict[tuple[str, str, str, str], OperationIndex] = field(default_factory=dict)

    return_by_hold: dict[tuple[str, str], str] = field(default_factory=dict)
    """Return of each loaded hold on returned units, which ends with the disposition."""

    released_stock: dict[Pool, dict[UnitKey, MessageContext]] = field(default_factory=dict)
    """Units that became available, by pool, with the context that released them."""

    def get_unit(self, sku: str, serial: str) -> Unit:
        """Return a unit; an unregistered unit has no status."""
        key = (sku, serial)
        unit = self.units.get(key)
        if unit is None:
            unit = self.units[key] = Unit(sku, serial)
        return unit

    def load(self, units: Iterable[Unit]) -> None:
        """Add loaded units; units that are already present are kept."""
        for unit in units:
            self.units.setdefault(unit.key, unit)

    def add_operation(
        self, change: SerialChangeType, sku: str, context: MessageContext, documents: DocumentRefs, reason: str = ""
    ) -> OperationIndex:
        """Add an operation and return its index, to which transitions refer."""
        self.operations.append(
            Operation(change=change, sku=sku, reason=reason or change.description, context=context, documents=documents)
        )
        return len(self.operations) - 1

    def transition(self, unit: Unit, operation: OperationIndex, location: str | None) -> bool:
        """Apply an operation to a unit, if the state machine allows it (S04)."""
        change = self.operations[operation].change
        status = next_status(unit.status, change)
        if status is None:
            return False
        unit.version += 1
        transition = Transition(
            unit=unit, operation=operation, version=unit.version, from_status=unit.status, status=status,
            from_location=unit.location, location=location,
        )  # fmt: skip
        self.transitions.append(transition)
        unit.status, unit.location = status, location
        return True

    def place_standing_hold(self, standing_hold: StandingHold, operation: OperationIndex) -> None:
        """Open a standing hold, unless a hold of the same key exists."""
        if standing_hold.key not in self.standing_holds and standing_hold.key not in self.released_standing_hold_keys:
            self.standing_holds[standing_hold.key] = standing_hold
            self.placed_standing_holds.append((standing_hold, operation))

    def standing_hold_operation(self, standing_hold: StandingHold, context: MessageContext) -> OperationIndex:
        """Return the operation of a standing hold on arriving units, one for each message."""
        key = standing_hold.sku, standing_hold.hold_id, context.cause.source, context.cause.id
        if key not in self._standing_hold_operations:
            self._standing_hold_operations[key] = self.add_operation(
                SerialChangeType.HOLD_PLACED,
                standing_hold.sku,
                context,
                DocumentRefs(hold_id=standing_hold.hold_id),
                standing_hold.reason,
            )
        return self._standing_hold_operations[key]

    def track_for_recall(self, unit: Unit, standing_hold: StandingHold) -> None:
        """Track a unit for the recall of a standing hold."""
        unit.open_recall_count += 1
        self.tracked.append((unit, standing_hold))

    def mark_released(self, unit: Unit, context: MessageContext) -> None:
        """Record a unit that became available."""
        if unit.is_available:
            self.released_stock.setdefault(unit.pool, {})[unit.key] = context

    def record_conflict(self, event: CloudEvent[Any], code: Code, units: Sequence[Unit], detail: str) -> None:
        """Record units that contradict an event; units of equal state share one conflict."""
        units_by_description: dict[str, list[Unit]] = {}
        for unit in units:
            units_by_description.setdefault(unit.description, []).append(unit)
        for description, group in units_by_description.items():
            self.conflicts.append(
                EventConflict(event, code, f"{detail}: {describe_units(group)}: {description}", group)
            )

    @property
    def recorded_operations(self) -> list[OperationIndex]:
        """Indexes of the operations that changed units or standing holds."""
        standing_hold_operations = (
            operation for _, operation in (*self.placed_standing_holds, *self.released_standing_holds)
        )
        return sorted({transition.operation for transition in self.transitions}.union(standing_hold_operations))

    @property
    def changed_units(self) -> list[Unit]:
        """Units with at least one transition."""
        return list({id(transition.unit): transition.unit for transition in self.transitions}.values())
