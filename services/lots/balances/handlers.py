"""Handlers of lot stock: load rows, apply the rules, save, publish.

A handler that may release stock takes a `before_commit` function, which allocates backorders before it saves.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from services.lots.balances import store
from services.lots.balances.domain import adjustments, dates, holds, movements, receipts, returns
from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import BalanceKey
from services.lots.balances.domain.results import CommandOutcome
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import (
    AdjustLot,
    CorrectLotDates,
    CountLot,
    MoveLot,
    PlaceLotHold,
    PutAwayLot,
    ReleaseLotHold,
)
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptLotsReceived, ReturnLotsDisposed, ReturnLotsReceived
from shared.contracts.reference import LocationChanged
from shared.identifiers import hold_path
from shared.inventory.reference_data import save_locations
from shared.persistence import locks
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

BeforeCommit = Callable[[Transaction, LotsUnitOfWork], Awaitable[Sequence[Message]]]
"""Saves a unit of work, optionally after allocating released stock, and returns the events of that."""


async def save_only(tx: Transaction, uow: LotsUnitOfWork) -> Sequence[Message]:
    """Save a unit of work without allocating backorders."""
    await store.save(tx, uow)
    return ()


async def save_and_collect(
    tx: Transaction, uow: LotsUnitOfWork, emitted: Sequence[Message], before_commit: BeforeCommit
) -> Sequence[Message]:
    """Save the effects of events and return all events."""
    return [*emitted, *await before_commit(tx, uow), *uow.conflict_events()]


async def save_and_answer(
    tx: Transaction, uow: LotsUnitOfWork, outcomes: Sequence[CommandOutcome], before_commit: BeforeCommit
) -> list[CommandResult]:
    """Save the effects of commands and return a result for each.

    Events that follow from the whole batch are added to the last accepted command.
    """
    extra_events = await before_commit(tx, uow)
    results = [
        CommandResult(outcome.body, outcome.events, [outcome.violation] if outcome.violation else ())
        for outcome in outcomes
    ]
    accepted_indexes = [index for index, result in enumerate(results) if result.body]
    if accepted_indexes and extra_events:
        last_result = results[accepted_indexes[-1]]
        results[accepted_indexes[-1]] = CommandResult(
            last_result.body, [*last_result.events, *extra_events], last_result.violations
        )
    return results


async def on_receipt_lots_received(
    tx: Transaction, events: Sequence[CloudEvent[ReceiptLotsReceived]], before_commit: BeforeCommit = save_only
) -> Sequence[Message]:
    """Record receipts of lots (S23, S26)."""
    keys = _balance_keys(events)
    uow = await store.load(tx, keys)
    await _load_location_stock(tx, uow, keys)
    if held_lots := receipts.lots_to_hold(uow, events):
        await store.load_commitments(tx, uow, held_lots)
    return await save_and_collect(tx, uow, receipts.receive(uow, events), before_commit)


async def on_location_changed(
    tx: Transaction, events: Sequence[CloudEvent[LocationChanged]], before_commit: BeforeCommit = save_only
) -> Sequence[Message]:
    """Store locations and re-evaluate the stock at locations whose type changed."""
    await save_locations(tx, events)
    context_by_location = {
        event.data.location: MessageContext.from_event(event, "location type changed") for event in events
    }
    if not (stock_keys := await store.find_location_type_changes(tx, context_by_location)):
        return ()
    # The message does not name these products, so the lock order is not guaranteed: a deadlock is retried.
    await locks.acquire(tx, {f"sku:{sku}" for sku, _ in stock_keys})
    uow = LotsUnitOfWork(tx.now)
    await store.load_location_stock(tx, uow, stock_keys)
    await store.load_lots(tx, uow, {(sku, lot) for sku, lot, _ in uow.balances})
    await store.load_location_types(tx, uow, context_by_location)
    return await save_and_collect(
        tx, uow, movements.apply_location_type_changes(uow, context_by_location), before_commit
    )


async def put_away(
    tx: Transaction, requests: Sequence[CloudEvent[PutAwayLot]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Put lots away into storage and allocate them to backorders (S07)."""
    uow = await _load_for_moves(tx, requests)
    outcomes = await _attach_suggestions(tx, requests, movements.put_away(uow, requests))
    return await save_and_answer(tx, uow, outcomes, before_commit)


async def move(
    tx: Transaction, requests: Sequence[CloudEvent[MoveLot]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Move unallocated lots."""
    uow = await _load_for_moves(tx, requests)
    outcomes = await _attach_suggestions(tx, requests, movements.move(uow, requests))
    return await save_and_answer(tx, uow, outcomes, before_commit)


async def on_return_lots_received(
    tx: Transaction, events: Sequence[CloudEvent[ReturnLotsReceived]], before_commit: BeforeCommit = save_only
) -> Sequence[Message]:
    """Record customer returns on hold."""
    keys = _balance_keys(events)
    uow = await store.load(tx, keys)
    await _load_location_stock(tx, uow, keys)
    await store.load_commitments(tx, uow, [(sku, lot) for sku, lot, _ in keys])
    return await save_and_collect(tx, uow, returns.receive_return(uow, events), before_commit)


async def on_return_lots_disposed(
    tx: Transaction, events: Sequence[CloudEvent[ReturnLotsDisposed]], before_commit: BeforeCommit = save_only
) -> Sequence[Message]:
    """Apply dispositions of customer returns."""
    uow = await store.load(tx, _balance_keys(events))
    return await save_and_collect(tx, uow, returns.dispose_return(uow, events), before_commit)


async def adjust(
    tx: Transaction, requests: Sequence[CloudEvent[AdjustLot]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Record scrapped, lost or found quantities."""
    uow = await _load_balances(tx, requests)
    return await save_and_answer(tx, uow, adjustments.adjust(uow, requests), before_commit)


async def count(
    tx: Transaction, requests: Sequence[CloudEvent[CountLot]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Set balances to the counted quantities."""
    uow = await _load_balances(tx, requests)
    return await save_and_answer(tx, uow, adjustments.count(uow, requests), before_commit)


async def place_holds(
    tx: Transaction, requests: Sequence[CloudEvent[PlaceLotHold]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Place holds on lots and publish the affected orders."""
    # Without a location the hold applies to all locations.
    uow = await store.load_for_commands(
        tx, [(request.data.sku, request.data.lot, request.data.location or "") for request in requests]
    )
    await store.load_holds(tx, uow, _hold_keys(requests))
    await store.load_commitments(tx, uow, [(request.data.sku, request.data.lot) for request in requests])
    results = await save_and_answer(tx, uow, holds.place_holds(uow, requests), before_commit)
    return [result.created(hold_path(request.data.hold_id)) for request, result in zip(requests, results, strict=True)]


async def release_holds(
    tx: Transaction, requests: Sequence[CloudEvent[ReleaseLotHold]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Release holds; stock under no other hold becomes available."""
    uow = LotsUnitOfWork(tx.now)
    await store.load_holds(tx, uow, _hold_keys(requests))
    lots = list(uow.holds)
    await store.load_lots(tx, uow, lots)
    await store.load_all_locations(tx, uow, lots)
    return await save_and_answer(tx, uow, holds.release_holds(uow, requests), before_commit)


async def correct_dates(
    tx: Transaction, requests: Sequence[CloudEvent[CorrectLotDates]], before_commit: BeforeCommit = save_only
) -> Sequence[CommandResult]:
    """Correct the dates of lots."""
    uow = await store.load_for_commands(tx, [(request.data.sku, request.data.lot, "") for request in requests])
    await store.load_all_locations(tx, uow, uow.lots)
    await store.load_commitments(tx, uow, uow.lots)
    return await save_and_answer(tx, uow, dates.correct_dates(uow, requests), before_commit)


def _balance_keys(events: Iterable[CloudEvent[Any]]) -> list[BalanceKey]:
    return [
        (event.data.sku, lot_quantity.lot, event.data.location) for event in events for lot_quantity in event.data.lots
    ]


def _hold_keys(requests: Iterable[CloudEvent[Any]]) -> set[tuple[str, str]]:
    return {(request.data.sku, request.data.hold_id) for request in requests}


async def _load_balances(tx: Transaction, requests: Sequence[CloudEvent[Any]]) -> LotsUnitOfWork:
    keys = [(request.data.sku, request.data.lot, request.data.location) for request in requests]
    uow = await store.load_for_commands(tx, keys)
    await _load_location_stock(tx, uow, keys)
    return uow


async def _load_for_moves(tx: Transaction, requests: Sequence[CloudEvent[Any]]) -> LotsUnitOfWork:
    source_keys = [(request.data.sku, request.data.lot, request.data.from_location) for request in requests]
    target_keys = [(request.data.sku, request.data.lot, request.data.location) for request in requests]
    uow = await store.load_for_commands(tx, [*source_keys, *target_keys])
    await _load_location_stock(tx, uow, target_keys)
    if held_lots := {hold.lot_key for lot_holds in uow.holds.values() for hold in lot_holds if hold.location}:
        await store.load_commitments(tx, uow, held_lots)
    return uow


async def _load_location_stock(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[BalanceKey]) -> None:
    """Load the stock at storage locations, where lots may not be mixed."""
    if location_keys := {(sku, location) for sku, _, location in keys if uow.is_storage(location)}:
        await store.load_location_stock(tx, uow, location_keys)


async def _attach_suggestions(
    tx: Transaction, requests: Sequence[CloudEvent[Any]], outcomes: Sequence[CommandOutcome]
) -> Sequence[CommandOutcome]:
    """Add suggested locations to mixed-lots violations."""
    mixed_keys = [
        (request.data.sku, request.data.lot, request.data.location)
        for request, outcome in zip(requests, outcomes, strict=True)
        if outcome.violation and outcome.violation.code is Code.MIXED_LOTS_NOT_ALLOWED
    ]
    if not mixed_keys:
        return outcomes
    suggestion_by_key = await store.suggest_locations(tx, mixed_keys)
    return [
        outcome if location == request.data.from_location else outcome.with_suggestion(location)
        for request, outcome in zip(requests, outcomes, strict=True)
        for location in [suggestion_by_key.get((request.data.sku, request.data.lot, request.data.location))]
    ]
