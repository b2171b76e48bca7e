"""In-memory serials service: the registered rules and policies on a unit of work that holds all rows."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from services.serials.app import app
from services.serials.counts.domain.records import CountDiscrepancy, CountedState, CountKey
from services.serials.units.domain.adjustments import CHANGE_BY_ADJUSTMENT
from services.serials.units.domain.events import publish_changes
from services.serials.units.domain.expiry import group_by_expiry
from services.serials.units.domain.fulfillment_events import group_by_demand
from services.serials.units.domain.operations import Transition
from services.serials.units.domain.scans import USES
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import ChangedLocation, Movement, Unit, UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderSerialsPicked
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.serials import SerialRejected
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct
from shared.inventory.shelf_life import ShelfLifeRules
from shared.unit_of_work import CommandResult
from tests.support.events import NOW
from tests.support.in_memory.service import InMemoryService, numbered_ids
from tests.support.messages.serials import (
    OUTBOUND,
    SHELF,
    TYPES,
    order_fields,
    receive,
    request_allocation,
    serial_numbers,
)

K = TypeVar("K")
V = TypeVar("V")


class Computed(dict[K, V]):
    """A mapping that computes each value when a rule asks for it."""

    def __init__(self, compute: Callable[[K], Any]) -> None:
        super().__init__()
        self._compute = compute

    def get(self, key: K, default: Any = None) -> Any:  # noqa: ARG002 - every key has a value
        """Compute the value of a key."""
        return self._compute(key)

    def __getitem__(self, key: K) -> V:
        """Compute the value of a key."""
        value: V = self._compute(key)
        return value


class InMemorySerials(InMemoryService[SerialsUnitOfWork]):
    """The serials service with all units, holds and demands in memory, and one shelf-life policy."""

    def __init__(self, now: datetime = NOW, shelf_life_policy: ShelfLifePolicy | None = None) -> None:
        self.audit: list[Transition] = []
        self.barcodes: list[KnownName] = []
        """Barcodes of the products."""
        self.shelf_life_policy = shelf_life_policy or ShelfLifePolicy()
        super().__init__(app.state.registry, SerialsUnitOfWork(now, numbered_ids()), self._record_changes, now)
        self.uow.location_types = dict(TYPES)
        self.units, self.demands = self.uow.units, self.uow.demands
        self.uow.counted_states = Computed(self._counted_states)
        self.uow.last_movements = Computed(self._last_movement)
        self.uow.not_found_holds = Computed(self._not_found_holds)

    uses = USES

    def catalogue(self) -> Catalogue:
        """Units, their products, and the barcodes of the test."""
        names = [KnownName("SERIAL", unit.serial, unit.sku) for unit in self.units] + self.barcodes
        products = [KnownProduct(sku, "SERIAL") for sku in {name.sku for name in names}]
        return Catalogue(products, [*names, *(KnownName("SKU", product.sku, product.sku) for product in products)])

    def handle_events(self, events: list[CloudEvent[Any]]) -> list[CommandResult]:
        """Set what the loads compute, and handle events as one transaction."""
        uow = self.uow
        uow.published_count, uow.previous_policies = 0, {"A-1": self.shelf_life_policy}
        uow.changed_units.clear()
        for event in events:
            if isinstance(event.data, ProductChanged):
                uow.previous_policies = {event.data.sku: self.shelf_life_policy}
                self.shelf_life_policy = event.data.shelf_life
                uow.sale_rules.warranties[event.data.sku] = event.data.warranty
                uow.sale_rules.trackings[event.data.sku] = event.data.tracking
                uow.sale_rules.serial_formats[event.data.sku] = event.data.serial_format
        rules = ShelfLifeRules.as_of(self.now, policy=self.shelf_life_policy)
        uow.shelf_life_rules = {unit.pool: rules for unit in self.units}
        uow.due_units, uow.units_by_demand = group_by_expiry(self.units), group_by_demand(self.units)
        uow.backorder_pools = {demand.pool for demand in uow.open_demands}
        for event in events:
            if isinstance(event.data, LocationChanged):
                self._change_location(event.data)
        return super().handle_events(events)

    def _change_location(self, change: LocationChanged) -> None:
        """Do the work of the load of a changed location."""
        uow, name = self.uow, change.location
        uow.location_types[name] = change.type
        (uow.inactive_locations.discard if change.is_active else uow.inactive_locations.add)(name)
        is_blocking = uow.is_blocking(name)
        stored = [unit for unit in self.units if unit.location == name and unit.status in {"IN_INVENTORY", "ALLOCATED"}]
        changed = [unit for unit in stored if unit.is_blocked != is_blocking]
        for unit in changed:
            unit.is_blocked = is_blocking
        uow.units.pop_changes()
        uow.changed_locations[name] = ChangedLocation(
            [unit for unit in changed if unit.is_blocked and unit.status == "ALLOCATED"],
            {unit.pool for unit in changed if not unit.is_blocked},
        )

    def _record_changes(self, uow: SerialsUnitOfWork) -> None:
        changes = uow.pop_changes()
        for rows in (uow.units, uow.counts, uow.counted_units, uow.count_discrepancies):
            rows.pop_changes()
        self.audit += changes.transitions
        publish_changes(uow, changes)

    def _counted_states(self, key: CountKey) -> list[CountedState]:
        """All registered units, with where they stood at the time of a count."""
        count = self.uow.counts[key]
        return [self._state_of(unit, count.counted_at) for unit in self.units]

    def _state_of(self, unit: Unit, counted_at: datetime) -> CountedState:
        entries = [
            (self.uow.operations[entry.operation], entry) for entry in self.audit if entry.unit.key == unit.key
        ]  # fmt: skip
        before = [entry for operation, entry in entries if operation.context.occurred_at <= counted_at]
        moves = [op.context.occurred_at for op, entry in entries if entry.from_location != entry.location]
        adjustments = [op.context.occurred_at for op, _ in entries if op.change in CHANGE_BY_ADJUSTMENT.values()]
        assert unit.status is not None
        return CountedState(
            unit.sku, unit.serial, unit.status, unit.location, unit.order_id, unit.adjustment,
            before[-1].location if before else None, moves[-1] if moves else None,
            adjustments[-1] if unit.adjustment else None,
        )  # fmt: skip

    def _last_movement(self, key: UnitKey) -> Movement | None:
        """The last change of the location of a unit."""
        movements = [
            Movement(self.uow.operations[entry.operation].context.occurred_at, entry.location)
            for entry in self.audit if entry.unit.key == key and entry.from_location not in {None, entry.location}
        ]  # fmt: skip
        return movements[-1] if movements else None

    def _not_found_holds(self, key: UnitKey) -> dict[str, datetime]:
        return {
            operation.documents.hold_id: operation.context.occurred_at
            for operation in self.uow.operations
            if operation.documents.hold_id and operation.documents.demand_id
            and key in self.uow.units_by_hold.get((operation.sku, operation.documents.hold_id), {})
        }  # fmt: skip

    @property
    def conflicts(self) -> list[SerialRejected]:
        """Events that contradicted the state of units."""
        return self.events_of(SerialRejected)

    def open_discrepancies(self, location: str) -> list[CountDiscrepancy]:
        """Return the open count discrepancies of a location."""
        return [
            discrepancy for discrepancy in self.uow.count_discrepancies
            if (discrepancy.location, discrepancy.status) == (location, "OPEN")
        ]  # fmt: skip

    def change_of(self, entry: Transition) -> SerialChangeType:
        """Return the kind of change of an audit entry."""
        return self.uow.operations[entry.operation].change

    def status(self, serial: str, sku: str = "A-1") -> str | None:
        """Return the status of a unit."""
        return self.uow.get_unit(sku, serial).status


def error_codes(results: Iterable[CommandResult]) -> list[list[str]]:
    """Return the rejection codes of each command."""
    return [[str(violation.code) for violation in result.violations] for result in results]


def with_stock(count: int) -> InMemorySerials:
    """Return a service with a number of units in storage."""
    service = InMemorySerials()
    service.handle(receive(serial_numbers(count)))
    service.handle(PutAwaySerials(sku="A-1", serials=serial_numbers(count), location=SHELF))
    return service


def with_picked_units(count: int) -> InMemorySerials:
    """Return a service with a number of units picked for one order."""
    service = with_stock(count)
    service.handle(request_allocation("D1", count))
    service.handle(OrderSerialsPicked(**order_fields("D1", serial_numbers(count)), location=OUTBOUND))
    return service
