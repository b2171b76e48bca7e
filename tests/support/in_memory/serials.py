"""In-memory serials service: the registered rules and policies on a unit of work that holds all rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.serials.app import app
from services.serials.units.domain.events import publish_changes
from services.serials.units.domain.expiry import group_by_expiry
from services.serials.units.domain.fulfillment_events import group_by_demand
from services.serials.units.domain.operations import Transition
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderSerialsPicked
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.serials import SerialRejected
from shared.contracts.upstream import ShelfLifePolicy
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


class InMemorySerials(InMemoryService[SerialsUnitOfWork]):
    """The serials service with all units, holds and demands in memory, and one shelf-life policy."""

    def __init__(self, now: datetime = NOW, shelf_life_policy: ShelfLifePolicy | None = None) -> None:
        self.audit: list[Transition] = []
        self.shelf_life_policy = shelf_life_policy or ShelfLifePolicy()
        super().__init__(app.state.registry, SerialsUnitOfWork(now, numbered_ids()), self._record_changes, now)
        self.uow.location_types = dict(TYPES)
        self.units, self.demands = self.uow.units, self.uow.demands

    def handle_events(self, events: list[CloudEvent[Any]]) -> list[CommandResult]:
        """Set what the loads compute, and handle events as one transaction."""
        uow = self.uow
        uow.published_count, uow.previous_policies = 0, {"A-1": self.shelf_life_policy}
        uow.changed_units.clear()
        for event in events:
            if isinstance(event.data, ProductChanged):
                uow.previous_policies = {event.data.sku: self.shelf_life_policy}
                self.shelf_life_policy = event.data.shelf_life
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
        uow.blocked_units[name] = [unit for unit in changed if unit.is_blocked and unit.status == "ALLOCATED"]
        uow.unblocked_pools[name] = {unit.pool for unit in changed if not unit.is_blocked}

    def _record_changes(self, uow: SerialsUnitOfWork) -> None:
        changes = uow.pop_changes()
        uow.units.pop_changes()
        self.audit += changes.transitions
        publish_changes(uow, changes)

    @property
    def conflicts(self) -> list[SerialRejected]:
        """Events that contradicted the state of units."""
        return self.events_of(SerialRejected)

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
