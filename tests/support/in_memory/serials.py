"""In-memory serials service: the same rules on dictionaries, for tests of whole lifecycles."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from services.serials.allocation.domain.allocate import allocate
from services.serials.allocation.domain.allocation_events import allocated_events
from services.serials.allocation.domain.demand import Demand, DemandSet
from services.serials.allocation.domain.skip_reasons import skip_reasons
from services.serials.units.domain import (
    adjustments,
    corrections,
    dispatch,
    events,
    expiry,
    fulfillment_events,
    holds,
    movements,
    recalls,
    receiving_events,
)
from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.operations import MessageContext
from services.serials.units.domain.results import CommandOutcome
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.standing_holds import StandingHold, StandingHoldKey
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit, UnitKey
from services.serials.units.domain.unit_of_work import EventConflict, SerialsUnitOfWork
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReleaseSerialHold,
)
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsDisposed,
    ReturnSerialsReceived,
)
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import ShelfLifePolicy
from shared.inventory.shelf_life import ShelfLifeRules
from tests.support.events import NOW, to_event
from tests.support.messages.serials import (
    OUTBOUND,
    SHELF,
    TYPES,
    order_fields,
    receive,
    request_allocation,
    serial_numbers,
)

Messages = list[CloudEvent[Any]]
Rule = Callable[[SerialsUnitOfWork, DemandSet, ShelfLifeByPool, Messages], Any]


def _reopen_demands(rule: Callable[..., Any]) -> Rule:
    return lambda uow, demands, _, messages: demands.reopen(rule(uow, messages))


def _cancel_allocations(uow: SerialsUnitOfWork, demands: DemandSet, _: ShelfLifeByPool, messages: Messages) -> None:
    demands.cancel(messages)
    fulfillment_events.release_allocations(uow, messages)


RULES: dict[type[Message], Rule] = {
    ReceiptLineExpected: lambda uow, _, __, messages: receiving_events.expect(uow, messages),
    ReceiptLineCancelled: lambda uow, _, __, messages: receiving_events.cancel_expectation(uow, messages),
    ReceiptSerialsReceived: lambda uow, _, __, messages: receiving_events.receive(uow, messages),
    ReturnSerialsReceived: lambda uow, _, __, messages: receiving_events.receive_return(uow, messages),
    OrderSerialsPicked: lambda uow, _, __, messages: fulfillment_events.pick(uow, messages),
    DispatchCheckRequested: lambda uow, _, shelf_life_by_pool, messages: dispatch.check_dispatch(
        uow, messages, shelf_life_by_pool, NOW
    ),
    OrderDispatched: lambda uow, _, shelf_life_by_pool, messages: fulfillment_events.ship(
        uow, messages, shelf_life_by_pool
    ),
    MoveSerials: lambda uow, _, __, messages: movements.move(uow, messages, TYPES),
    PlaceSerialHold: lambda uow, _, __, messages: holds.place_holds(uow, messages),
    SerialExpiryCheckDue: lambda uow, _, shelf_life_by_pool, messages: expiry.check_expiry(
        uow, messages, shelf_life_by_pool
    ),
    RecallOpened: lambda uow, _, __, messages: recalls.open_recalls(uow, messages),
}
ALLOCATING_RULES: dict[type[Message], Rule] = {
    ReturnSerialsDisposed: lambda uow, _, __, messages: receiving_events.dispose_return(uow, messages),
    AllocationRequested: lambda _, demands, __, messages: demands.open(messages),
    AllocationCancelled: _cancel_allocations,
    OrderSerialsDeallocated: _reopen_demands(fulfillment_events.deallocate),
    OrderSerialsUnpicked: _reopen_demands(fulfillment_events.unpick),
    PutAwaySerials: lambda uow, _, __, messages: movements.put_away(uow, messages, TYPES),
    ReleaseSerialHold: lambda uow, _, __, messages: holds.release_holds(uow, messages),
    ProductChanged: lambda *_: None,
    CorrectSerialExpiry: lambda uow, _, shelf_life_by_pool, messages: corrections.correct_expiry(
        uow, messages, shelf_life_by_pool
    ),
    AdjustSerials: lambda uow, _, __, messages: adjustments.adjust(uow, messages, TYPES),
}


class AuditRow(NamedTuple):
    """Audit entry of a unit."""

    key: UnitKey
    version: int
    change: SerialChangeType
    from_status: str | None
    status: str
    from_location: str | None
    location: str | None


@dataclass
class InMemorySerials:
    """Contents of the tables, and all published events."""

    units: dict[UnitKey, Unit] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    cancelled_demands: set[str] = field(default_factory=set)
    units_by_hold: dict[tuple[str, str], dict[UnitKey, Unit]] = field(default_factory=dict)
    return_by_hold: dict[tuple[str, str], str] = field(default_factory=dict)
    standing_holds: dict[StandingHoldKey, StandingHold] = field(default_factory=dict)
    closed_standing_holds: set[StandingHoldKey] = field(default_factory=set)
    audit: list[AuditRow] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    published: list[Message] = field(default_factory=list)
    now: datetime = NOW
    shelf_life_policy: ShelfLifePolicy = field(default_factory=ShelfLifePolicy)

    def handle(self, *payloads: Message) -> Any:
        """Handle messages of one type as a batch and return the result of the rule."""
        return self.handle_events([to_event(payload) for payload in payloads])

    def handle_events(self, messages: Messages) -> Any:
        """Handle a batch: apply the rules, allocate where the service would, and store the changes."""
        message_type = type(messages[0].data)
        uow = SerialsUnitOfWork(
            self.units,
            units_by_hold=self.units_by_hold,
            return_by_hold=self.return_by_hold,
            standing_holds=self.standing_holds,
        )
        uow.released_standing_hold_keys = self.closed_standing_holds
        demands = DemandSet(by_id=self.demands)
        if message_type is AllocationRequested:  # the table keeps cancellations that arrived before their request
            messages = [message for message in messages if message.data.demand_id not in self.cancelled_demands]
        shelf_life_by_pool = {
            unit.pool: ShelfLifeRules.as_of(self.now, policy=self.shelf_life_policy)
            for unit in self.units.values()
            if unit.expiry
        }
        emitted: list[Message] = []
        if message_type is ProductChanged:
            self.shelf_life_policy = messages[-1].data.shelf_life
            shelf_life_by_pool = {
                pool: rules._replace(policy=self.shelf_life_policy) for pool, rules in shelf_life_by_pool.items()
            }
            uow.released_stock = {
                demand.pool: {demand.pool: MessageContext.from_event(messages[-1])} for demand in demands.open_demands
            }
        if message_type in ALLOCATING_RULES:
            outcome = ALLOCATING_RULES[message_type](uow, demands, shelf_life_by_pool, messages)
            allocations = allocate(uow, demands, shelf_life_by_pool)
            emitted = [*allocated_events(allocations, skip_reasons(uow, allocations, {}, shelf_life_by_pool))]
        else:
            outcome = RULES[message_type](uow, demands, shelf_life_by_pool, messages)
        self._store(uow, demands)
        self.published += [event for _, event in events.build_events(uow)] + emitted
        return outcome

    def _store(self, uow: SerialsUnitOfWork, demands: DemandSet) -> None:
        for key in [key for key, unit in self.units.items() if unit.status is None]:
            del self.units[key]
        self.closed_standing_holds |= {standing_hold.key for standing_hold, _ in uow.released_standing_holds}
        self.cancelled_demands |= demands.early_cancellations.keys()
        self.conflicts += uow.conflicts
        self.audit += [
            AuditRow(
                transition.unit.key,
                transition.version,
                uow.operations[transition.operation].change,
                transition.from_status,
                transition.status,
                transition.from_location,
                transition.location,
            )
            for transition in uow.transitions
        ]

    def events_of(self, event_type: type[Message]) -> list[Any]:
        """Return the published events of a type."""
        return [event for event in self.published if isinstance(event, event_type)]

    def status(self, serial: str, sku: str = "A-1") -> str | None:
        """Return the status of a unit."""
        unit = self.units.get((sku, serial))
        return unit.status if unit else None


def error_codes(outcomes: Iterable[CommandOutcome]) -> list[list[str]]:
    """Return the rejection codes of each command."""
    return [[str(violation.code) for violation in outcome.violations] for outcome in outcomes]


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
