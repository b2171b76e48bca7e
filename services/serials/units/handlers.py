"""Handlers of messages that neither release stock nor change demands: load, apply rules, save, publish."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.serials.units.domain import (
    dispatch,
    expiry,
    fulfillment_events,
    holds,
    movements,
    recalls,
    receiving_events,
)
from services.serials.units.domain.events import build_events, conflict_events
from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.results import CommandOutcome, units_result
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import expiry as expiry_store
from services.serials.units.store import recalls as recall_store
from services.serials.units.store import standing_holds
from services.serials.units.store import units as store
from services.serials.units.store.shelf_life import load_shelf_life_rules, shelf_life_rules_of
from shared.contracts.commands.serials import MoveSerials, PlaceSerialHold
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import DispatchCheckRequested, OrderDispatched, OrderSerialsPicked
from shared.contracts.recalls import RecallClosed, RecallOpened
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsReceived,
)
from shared.contracts.reference import LocationType
from shared.identifiers import hold_path
from shared.inventory.reference_data import load_locations
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult


def unit_keys(events: Iterable[CloudEvent[Any]]) -> set[UnitKey]:
    """Return the keys of the units in messages about one product."""
    return {(event.data.sku, serial) for event in events for serial in event.data.serials}


def hold_keys(events: Iterable[CloudEvent[Any]]) -> set[UnitKey]:
    """Return the SKU and id of the holds in messages."""
    return {(event.data.sku, event.data.hold_id) for event in events if event.data.hold_id}


async def load_location_types(tx: Transaction, location_names: Iterable[str | None]) -> dict[str, LocationType]:
    """Load the types of the locations that are defined."""
    return {
        name: location.type
        for name, location in (await load_locations(tx, [name for name in location_names if name])).items()
    }


async def save_and_collect(tx: Transaction, uow: SerialsUnitOfWork) -> list[Message]:
    """Save the unit of work of events and return the events to publish."""
    await store.save(tx, uow)
    return [*(event for _, event in build_events(uow)), *await publish_recall_updates(tx, uow), *conflict_events(uow)]


async def publish_recall_updates(tx: Transaction, uow: SerialsUnitOfWork) -> list[Message]:
    """Build the events about changed units that open recalls track."""
    updates = await recall_store.find_recall_updates(tx, uow)
    return [
        *recalls.recall_updates(
            uow, updates, await recall_store.find_shipments(tx, (update.unit for update in updates))
        )
    ]


def to_results(
    uow: SerialsUnitOfWork, outcomes: Sequence[CommandOutcome], extra_events: Sequence[Message] = ()
) -> list[CommandResult]:
    """Build the result of each command; events caused by all of them go to the last accepted one."""
    events_by_operation: dict[int, list[Message]] = {}
    for operation, event in build_events(uow):
        events_by_operation.setdefault(operation, []).append(event)
    results = [
        CommandResult(violations=outcome.violations)
        if outcome.operation is None or (outcome.violations and not outcome.accepted)
        else CommandResult(
            units_result(uow.operations[outcome.operation].sku, outcome.accepted),
            events_by_operation.pop(outcome.operation, []),
            outcome.violations,
        )
        for outcome in outcomes
    ]
    if remaining_events := [
        *(event for operation_events in events_by_operation.values() for event in operation_events),
        *extra_events,
    ]:
        last_index = max(index for index, result in enumerate(results) if result.body)
        last_result = results[last_index]
        results[last_index] = CommandResult(
            last_result.body, [*last_result.events, *remaining_events], last_result.violations
        )
    return results


async def on_receipt_line_expected(
    tx: Transaction, events: Sequence[CloudEvent[ReceiptLineExpected]]
) -> Sequence[Message]:
    """Set announced units to EXPECTED (S05)."""
    uow = await store.load(tx, unit_keys(events))
    receiving_events.expect(uow, events)
    return await save_and_collect(tx, uow)


async def on_receipt_line_cancelled(
    tx: Transaction, events: Sequence[CloudEvent[ReceiptLineCancelled]]
) -> Sequence[Message]:
    """Cancel the expectation of announced units."""
    uow = await store.load(tx, unit_keys(events))
    receiving_events.cancel_expectation(uow, events)
    return await save_and_collect(tx, uow)


async def on_receipt_serials_received(
    tx: Transaction, events: Sequence[CloudEvent[ReceiptSerialsReceived]]
) -> Sequence[Message]:
    """Set arrived units to RECEIVED, in staging (S06)."""
    uow = await store.load(tx, unit_keys(events))
    await store.load_held_units(tx, uow, hold_keys(events))
    await standing_holds.load_standing_holds(tx, uow, {event.data.sku for event in events})
    receiving_events.receive(uow, events)
    return await save_and_collect(tx, uow)


async def on_return_serials_received(
    tx: Transaction, events: Sequence[CloudEvent[ReturnSerialsReceived]]
) -> Sequence[Message]:
    """Set returned units to RECEIVED, on hold."""
    uow = await store.load(tx, unit_keys(events))
    await store.load_held_units(tx, uow, hold_keys(events))
    await standing_holds.load_standing_holds(tx, uow, {event.data.sku for event in events})
    receiving_events.receive_return(uow, events)
    return await save_and_collect(tx, uow)


async def on_order_serials_picked(
    tx: Transaction, events: Sequence[CloudEvent[OrderSerialsPicked]]
) -> Sequence[Message]:
    """Set allocated units to PICKED (S09)."""
    uow = await store.load(tx, unit_keys(events))
    fulfillment_events.pick(uow, events)
    return await save_and_collect(tx, uow)


async def on_dispatch_check_requested(
    tx: Transaction, events: Sequence[CloudEvent[DispatchCheckRequested]]
) -> Sequence[Message]:
    """Check whether units may ship, without changing them."""
    uow = await store.load(tx, packed_unit_keys(events))
    return dispatch.check_dispatch(uow, events, await shelf_life_rules_of(tx, uow.units.values()), tx.now)


async def on_order_dispatched(tx: Transaction, events: Sequence[CloudEvent[OrderDispatched]]) -> Sequence[Message]:
    """Set picked units to SHIPPED (S10)."""
    uow = await store.load(tx, packed_unit_keys(events))
    fulfillment_events.ship(uow, events, await shelf_life_rules_of(tx, uow.units.values()))
    return await save_and_collect(tx, uow)


def packed_unit_keys(events: Iterable[CloudEvent[Any]]) -> set[UnitKey]:
    """Return the keys of the packed units in messages."""
    return {(unit.sku, unit.serial) for event in events for unit in event.data.units}


async def move(tx: Transaction, requests: Sequence[CloudEvent[MoveSerials]]) -> Sequence[CommandResult]:
    """Move unallocated units (S36)."""
    uow = await store.load(tx, unit_keys(requests))
    location_types = await load_location_types(tx, [request.data.location for request in requests])
    outcomes = movements.move(uow, requests, location_types)
    await store.save(tx, uow)
    return to_results(uow, outcomes, await publish_recall_updates(tx, uow))


async def place_holds(tx: Transaction, requests: Sequence[CloudEvent[PlaceSerialHold]]) -> Sequence[CommandResult]:
    """Place holds on units or lot numbers; the events name the affected orders."""
    uow = await store.load(tx, unit_keys(requests))
    await store.load_held_units(tx, uow, hold_keys(requests))
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(requests))
    lot_holds = [
        StandingHold(sku=command.sku, hold_id=command.hold_id, reason=command.reason, lots=frozenset([command.lot]))
        for command in (request.data for request in requests)
        if command.lot
    ]
    await standing_holds.load_matching(tx, uow, lot_holds)
    outcomes = holds.place_holds(uow, requests)
    await store.save(tx, uow)
    results = to_results(uow, outcomes, await publish_recall_updates(tx, uow))
    return [result.created(hold_path(request.data.hold_id)) for request, result in zip(requests, results, strict=True)]


async def check_expiry(tx: Transaction, events: Sequence[CloudEvent[SerialExpiryCheckDue]]) -> Sequence[Message]:
    """Publish crossed expiry thresholds, and hold expired units (S28, S29)."""
    uow = await expiry_store.load_due_for_check(tx, (event.data for event in events))
    await standing_holds.load_open_holds(tx, uow)
    pools = {(event.data.sku, event.data.warehouse) for event in events}
    expiry_events = expiry.check_expiry(uow, events, await load_shelf_life_rules(tx, pools))
    emitted = await save_and_collect(tx, uow)
    changed_ids = {unit.id for unit in uow.changed_units}
    await expiry_store.save_next_check(tx, (unit for unit in uow.units.values() if unit.id not in changed_ids))
    return [*emitted, *expiry_events]


async def on_recall_opened(tx: Transaction, events: Sequence[CloudEvent[RecallOpened]]) -> Sequence[Message]:
    """Hold the units that a recall matches and report them, in one transaction (S46)."""
    uow = SerialsUnitOfWork()
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(events))
    await standing_holds.load_matching(tx, uow, [StandingHold.from_recall(event.data) for event in events])
    await standing_holds.load_open_holds(tx, uow)
    matches = recalls.open_recalls(uow, events)
    await store.save(tx, uow)
    shipments = await recall_store.find_shipments(tx, (unit for match in matches for unit in match.units))
    return [*(message for _, message in build_events(uow)), *recalls.recalled_events(matches, shipments)]


async def on_recall_closed(tx: Transaction, events: Sequence[CloudEvent[RecallClosed]]) -> Sequence[Message]:
    """Stop tracking the units of closed recalls; holds and standing holds stay open (S46)."""
    await recall_store.stop_tracking(tx, (event.data for event in events))
    return ()
