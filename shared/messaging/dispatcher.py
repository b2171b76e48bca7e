"""Dispatches a batch of messages from Kafka or HTTP to their handlers inside one transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.contracts.envelope import Causation, CloudEvent, Message, Rejected
from shared.messaging import outbox, rejections
from shared.messaging.handlers import CommandHandler, Load
from shared.messaging.registry import Handler, HandlerRegistry
from shared.messaging.rejections import Rejection
from shared.ops.telemetry import HANDLER_DURATION, MESSAGES_HANDLED, REJECTIONS
from shared.persistence import locks
from shared.persistence.database import Transaction, new_id
from shared.unit_of_work import CommandResult, UnitOfWork

Event = CloudEvent[Any]


@dataclass(slots=True)
class HandlerBatch:
    """Messages that are loaded together, in order, each with its handler."""

    load: Load | None
    items: list[tuple[Handler, Event]]


def group_by_load(
    registry: HandlerRegistry, events: Iterable[Event], lock_keys: Iterable[frozenset[str]]
) -> list[HandlerBatch]:
    """Group messages into few batches by their `load`; messages that share a lock key keep their order.

    Kafka batches mix message types, and each load has a fixed cost of statements.
    """
    batches: list[HandlerBatch] = []
    last_batch: dict[str, int] = {}
    """Index of the batch with the latest message of each lock key."""
    for event, keys in zip(events, lock_keys, strict=True):
        index = max((last_batch.get(key, 0) for key in keys), default=0)
        for handler in registry.handlers_of(event):
            while index < len(batches) and batches[index].load is not handler.load:
                index += 1
            if index == len(batches):
                batches.append(HandlerBatch(handler.load, []))
            batches[index].items.append((handler, event))
        for key in keys:
            last_batch[key] = index
    return batches


async def dispatch(
    tx: Transaction,
    registry: HandlerRegistry,
    events: Sequence[Event],
    refused: Sequence[Rejection] = (),
    *,
    is_settled: bool = False,
) -> dict[Causation, CommandResult]:
    """Handle messages in one unit of work and save it, its rejections and events; returns results by command.

    Refused messages are rejected without being handled. `is_settled` says that nothing which existed before
    the commands is in flight; otherwise what is not found is `not_yet_available`.
    """
    sent, events = events, await _enrich(tx, registry, events)
    lock_keys = registry.lock_keys_of(events)
    refused_events = [rejection.event for rejection in refused]
    await locks.acquire(tx, (key for keys in (*lock_keys, *registry.lock_keys_of(refused_events)) for key in keys))
    uow = registry.unit_of_work(tx.now, iter(new_id, ""))
    results: dict[Causation, CommandResult] = {}
    batches = group_by_load(registry, events, lock_keys)
    for batch in batches:
        with HANDLER_DURATION.labels(registry.service, batch.items[0][1].type).time():
            if batch.load is not None:
                await batch.load(tx, uow, [event for _, event in batch.items])
            handle_messages(uow, batch.items, results)
            if batch is not batches[-1] or registry.saves_before_policies:
                await registry.save(tx, uow)
    with HANDLER_DURATION.labels(registry.service, "policies").time():
        for policy in registry.policies:
            if policy.load is not None:
                await policy.load(tx, uow)
            policy.handle(uow)
        await registry.save(tx, uow)
    finish_results(results)
    if not is_settled:
        defer_absences(results)
    for event_type, count in Counter(event.type for event in events).items():
        MESSAGES_HANDLED.labels(registry.service, event_type).inc(count)
    new_rejections = [
        *_reject(sent, events, results),
        *(Rejection(event, violations=[violation]) for event, violation in uow.rejected),
        *refused,
    ]
    rejected = await _record_rejections(tx, registry, new_rejections, events, uow.emitted)
    await outbox.append(tx, registry.service, [*uow.emitted, *rejected], _events_by_cause([*events, *refused_events]))
    return results


def finish_results(results: dict[Causation, CommandResult]) -> None:
    """Build the bodies that show the state to commit."""
    for cause, result in results.items():
        if result.build_body is not None:
            results[cause] = replace(result, body=result.build_body(), build_body=None)


def defer_absences(results: dict[Causation, CommandResult]) -> None:
    """Report what is not found as not yet available, since a message about it may be in flight."""
    for cause, result in results.items():
        if any(violation.is_provisional for violation in result.violations):
            results[cause] = replace(result, violations=[violation.defer() for violation in result.violations])


def handle_messages(
    uow: UnitOfWork, items: Iterable[tuple[Handler, Event]], results: dict[Causation, CommandResult]
) -> None:
    """Apply messages to a unit of work, one after another, and add the results of commands."""
    for handler, event in items:
        uow.event, first = event, len(uow.emitted)
        result = handler.handle(uow, event.data) if handler.handle is not None else None
        if result is not None:
            results[event.cause] = replace(result, events=[*result.events, *uow.emitted[first:]])


def _reject(
    sent: Sequence[Event], events: Sequence[Event], results: Mapping[Causation, CommandResult]
) -> list[Rejection]:
    """Return the rejections of commands, with their data as they were sent."""
    return [
        Rejection(
            event, violations=list(result.violations),
            raw=None if event is original else original.data.model_dump(mode="json", exclude_unset=True),
        )
        for original, event in zip(sent, events, strict=True)
        if (result := results.get(event.cause)) and result.violations
    ]  # fmt: skip


async def _record_rejections(
    tx: Transaction,
    registry: HandlerRegistry,
    new_rejections: list[Rejection],
    events: Sequence[Event],
    emitted: Sequence[Message],
) -> list[Rejected]:
    """Record rejected commands and event conflicts; returns the events of the rejected commands."""
    rejection_type = registry.unit_of_work.rejection_type
    rejected_events = [event for rejection in new_rejections for event in rejection.to_events(rejection_type)]
    if conflicts := [message for message in emitted if isinstance(message, Rejected)]:
        new_rejections = [*new_rejections, *rejections.collect_conflicts(conflicts, events)]
    await rejections.record(tx, new_rejections)
    for rejection in new_rejections:
        for violation in rejection.violations:
            REJECTIONS.labels(registry.service, violation.code).inc()
    return rejected_events


async def _enrich(tx: Transaction, registry: HandlerRegistry, events: Sequence[Event]) -> Sequence[Event]:
    """Complete commands with omitted data, for handlers that have an enricher."""
    indexes_by_enricher: dict[Any, list[int]] = {}
    for index, event in enumerate(events):
        handler = registry.handlers_by_type[event.type][0]
        if isinstance(handler, CommandHandler) and handler.enrich is not None:
            indexes_by_enricher.setdefault(handler.enrich, []).append(index)
    enriched = list(events)
    for enrich, indexes in indexes_by_enricher.items():
        for index, event in zip(indexes, await enrich(tx, [events[index] for index in indexes]), strict=True):
            enriched[index] = event
    return enriched


def _events_by_cause(events: Sequence[Event]) -> dict[tuple[str, str], Event]:
    return {(event.source, event.id): event for event in events}
