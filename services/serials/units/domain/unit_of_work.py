"""Unit of work: units, holds and demands of one transaction, and their changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from operator import attrgetter

from services.serials.allocation.domain.demand import Allocation, Demand
from services.serials.counts.domain.records import (
    CountDiscrepancy,
    CountedState,
    CountedUnit,
    CountKey,
    LocationCount,
)
from services.serials.units.domain.operations import (
    DocumentRefs,
    Operation,
    OperationIndex,
    Transition,
    UnitChanges,
)
from services.serials.units.domain.recall_tracking import RecallUpdate, ShipmentInfo
from services.serials.units.domain.standing_holds import StandingHold, StandingHoldKey
from services.serials.units.domain.transitions import RELEASING_CHANGES, SerialChangeType, next_status
from services.serials.units.domain.unit import (
    ChangedLocation,
    ExpiryGroup,
    Movement,
    Unit,
    UnitGroup,
    UnitKey,
    describe_units,
    unit_state,
)
from services.serials.units.domain.warranties import SaleRules
from shared.contracts.problems import Code
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.raw_scans import RawScans
from shared.contracts.serials import SerialRejected
from shared.inventory.backorders import BackorderUnitOfWork
from shared.inventory.count_times import MAX_COUNT_AGE
from shared.inventory.demand import Pool
from shared.unit_of_work import MessageContext
from shared.working_set import WorkingSet


class SerialsUnitOfWork(BackorderUnitOfWork[Demand]):
    """Units, holds and demands of one transaction."""

    rejection_type = SerialRejected
    max_count_age = MAX_COUNT_AGE

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.units: WorkingSet[UnitKey, Unit] = WorkingSet(attrgetter("key"), unit_state)
        self.units_by_hold: dict[tuple[str, str], dict[UnitKey, Unit]] = {}
        """Loaded holds by SKU and id, with the units on which each is open; released holds have none."""
        self.return_by_hold: dict[tuple[str, str], str] = {}
        """Return of each loaded hold on returned units, which ends with the disposition."""
        self.standing_holds: dict[StandingHoldKey, StandingHold] = {}
        """Open standing holds."""
        self.released_standing_hold_keys: set[StandingHoldKey] = set()

        self.changed_locations: dict[str, ChangedLocation] = {}
        """Locations that became or ceased to be active storage locations, with their units."""
        self.previous_policies: dict[str, ShelfLifePolicy] = {}
        """Shelf-life policies of changed products before the change."""
        self.last_movements: dict[UnitKey, Movement] = {}
        """Last movements of units that messages report as lost."""
        self.due_units: dict[ExpiryGroup, list[Unit]] = {}
        """Units due for an expiry check."""
        self.units_by_demand: dict[str, list[Unit]] = {}
        """Units allocated to cancelled demands when they were loaded."""
        self.shipments: dict[int | None, ShipmentInfo] = {}
        """Shipments of recalled units."""

        self.counts: WorkingSet[CountKey, LocationCount] = WorkingSet(
            attrgetter("key"), attrgetter(*LocationCount.UPDATED.split())
        )
        """Counts of messages, and the latest complete count of each of their locations."""
        self.counted_units: WorkingSet[CountedUnit, CountedUnit] = WorkingSet(lambda unit: unit)
        self.count_discrepancies: WorkingSet[str, CountDiscrepancy] = WorkingSet(
            attrgetter("discrepancy"), attrgetter(*CountDiscrepancy.UPDATED.split())
        )
        self.counted_states: dict[CountKey, list[CountedState]] = {}
        """Units to compare with the counts that messages complete."""
        self.not_found_holds: dict[UnitKey, dict[str, datetime]] = {}
        """Open holds that short picks have placed on units, with their times."""

        self.operations: list[Operation] = []
        self.changes = UnitChanges()
        """Changes since the last save."""
        self.published_count = 0
        """Number of emitted events up to the last save; the events of the next changes come directly after them."""
        self._standing_hold_operations: dict[tuple[str, str, str, str], OperationIndex] = {}

        self.changed_units: dict[UnitKey, MessageContext] = {}
        """Changed units, each with the context of its last change."""
        self.recall_updates: list[RecallUpdate] = []
        """Open recalls that track changed units."""

        self.released_units: dict[UnitKey, MessageContext] = {}
        """Units that may have become available, each with the context that released it."""
        self.backorder_pools: set[Pool] = set()
        """Pools of changed products that have open demands."""
        self.reallocated_pools: dict[Pool, MessageContext] = {}
        """Pools whose rules changed, so that stored units may match open demands."""
        self.allocations: list[Allocation] = []
        self.skipped_by_pool: dict[Pool, list[UnitGroup]] = {}
        """Unallocated units of pools with short demands."""

    @cached_property
    def sale_rules(self) -> SaleRules:
        """Tracking and warranties of the products of sold units, and time zones of their warehouses."""
        return SaleRules()

    def get_unit(self, sku: str, serial: str) -> Unit:
        """Return a unit; an unregistered unit has no status."""
        return self.units.get((sku, serial)) or Unit(sku, serial)

    def is_blocking(self, location: str | None) -> bool:
        """Whether nothing is allocated from a location; unknown ones do not block."""
        location_type = self.location_types.get(location or "")
        return location in self.inactive_locations or location_type not in {None, "STORAGE"}

    def add_operation(
        self,
        change: SerialChangeType,
        sku: str,
        documents: DocumentRefs | None = None,
        reason: str = "",
        *,
        hold_id: str | None = None,
        context: MessageContext | None = None,
        is_reported_to_recalls: bool = True,
        previous_lot: str | None = None,
    ) -> OperationIndex:
        """Add an operation and return its index, to which transitions refer.

        Without `documents`, it has those of the message being handled, the hold, and the reason of the message.
        """
        if documents is None:
            documents, reason = DocumentRefs.from_message(self.event.data, hold_id), reason or self.reason
        scans = {} if context else self._scans_of(sku)
        reason, context = reason or change.description, context or self.context
        self.operations.append(
            Operation(change, sku, reason, context, documents, is_reported_to_recalls, previous_lot, scans)
        )
        return len(self.operations) - 1

    def _scans_of(self, sku: str) -> Mapping[str, str]:
        """Return the raw scans of the message being handled by the serial numbers of a product that they named."""
        data = self.event.data
        if not isinstance(data, RawScans):
            return {}
        return {read.serial: read.text for read in data.sound_scans if read.serial and read.sku == sku}

    def transition(self, unit: Unit, operation: OperationIndex, location: str | None, scan: str | None = None) -> bool:
        """Apply an operation to a unit, if the state machine allows it (S04)."""
        change, _, _, context, _, is_reported_to_recalls, _, scans = self.operations[operation]
        status = next_status(unit.status, change)
        if status is None:
            return False
        key = unit.key
        if unit.status is None:
            self.units.put(unit)
        unit.version += 1
        self.changes.transitions.append(
            Transition(
                unit,
                operation,
                unit.version,
                unit.status,
                status,
                unit.location,
                location,
                unit.open_hold_count,
                scan or scans.get(unit.serial),
            )
        )
        # A unit that is unpicked as lost stays at its staging location, which blocks it.
        if location != unit.location or change is SerialChangeType.UNPICKED:
            was_blocked, unit.is_blocked = unit.is_blocked, status == "IN_INVENTORY" and self.is_blocking(location)
            if was_blocked:
                self.released_units[key] = context
        unit.status, unit.location = status, location
        if is_reported_to_recalls:
            self.changed_units[key] = context
        if change in RELEASING_CHANGES:
            self.released_units[key] = context
        return True

    def place_standing_hold(self, standing_hold: StandingHold, operation: OperationIndex) -> None:
        """Open a standing hold, unless a hold of the same key exists."""
        if standing_hold.key not in self.standing_holds and standing_hold.key not in self.released_standing_hold_keys:
            self.standing_holds[standing_hold.key] = standing_hold
            self.changes.placed_standing_holds.append((standing_hold, operation))

    def release_standing_hold(self, standing_hold: StandingHold, operation: OperationIndex) -> None:
        """Release a standing hold."""
        del self.standing_holds[standing_hold.key]
        self.released_standing_hold_keys.add(standing_hold.key)
        self.changes.released_standing_holds.append((standing_hold, operation))

    def standing_hold_operation(self, standing_hold: StandingHold) -> OperationIndex:
        """Return the operation of a standing hold on arriving units, one for each message."""
        key = standing_hold.sku, standing_hold.hold_id, self.event.source, self.event.id
        if key not in self._standing_hold_operations:
            self._standing_hold_operations[key] = self.add_operation(
                SerialChangeType.HOLD_PLACED,
                standing_hold.sku,
                DocumentRefs(hold_id=standing_hold.hold_id),
                standing_hold.reason,
            )
        return self._standing_hold_operations[key]

    def track_for_recall(self, unit: Unit, standing_hold: StandingHold) -> None:
        """Track a unit for the recall of a standing hold."""
        unit.open_recall_count += 1
        self.changes.tracked.append((unit, standing_hold))

    def record_unit_conflicts(self, code: Code, units: Sequence[Unit], detail: str) -> None:
        """Record units that contradict the event; units of equal state share one conflict."""
        units_by_description: dict[str, list[Unit]] = {}
        for unit in units:
            units_by_description.setdefault(unit.description, []).append(unit)
        for description, group in units_by_description.items():
            self.record_conflict(
                code, f"{detail}: {describe_units(group)}: {description}",
                sku=group[0].sku, ids=[unit.serial for unit in group],
            )  # fmt: skip

    @property
    def has_pending_allocation(self) -> bool:
        """Whether demands were opened, stock was released or rules changed since the last allocation."""
        return bool(self.demands_to_answer or self.released_units or self.reallocated_pools)

    @property
    def has_withdrawn_stock(self) -> bool:
        """Whether an unsaved change made stored stock unavailable, or changed when it expires."""
        return any(
            transition.from_status == "IN_INVENTORY"
            and (
                not transition.unit.is_available
                or self.operations[transition.operation].change is SerialChangeType.EXPIRY_CORRECTED
            )
            for transition in self.changes.transitions
        )

    @property
    def released_stock(self) -> dict[Pool, dict[UnitKey, MessageContext]]:
        """Units that became available, by pool, with the context that released each."""
        stock: dict[Pool, dict[UnitKey, MessageContext]] = {}
        for key, context in self.released_units.items():
            if (unit := self.units[key]).is_available:
                stock.setdefault(unit.pool, {})[key] = context
        return stock

    def pop_changes(self) -> UnitChanges:
        """Return the changes since the last save, and regard them as saved."""
        changes, self.changes = self.changes, UnitChanges()
        return changes
