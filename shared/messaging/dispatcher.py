"""Dispatches a batch of messages from Kafka or HTTP to their handlers inside one transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.envelope import Causation, CloudEvent, Message, Rejected
from shared.messaging import outbox, rejections
from shared.messaging.handlers import CommandHandler, CommandResult, EventHandler, ScheduledJob
from shared.messaging.registry import HandlerRegistry
from shared.messaging.rejections import Rejection
from shared.ops.telemetry import HANDLER_DURATION, MESSAGES_HANDLED, REJECTIONS
from shared.persistence import locks
from shared.persistence.database import Transaction

Event = CloudEvent[Any]


@dataclass(slots=True)
class HandlerBatch:
    """Messages for one call of a callback, in order."""

    handler: EventHandler | CommandHandler | ScheduledJob
    events: list[Event]


def group_by_handler(
    registry: HandlerRegistry, events: Iterable[Event], lock_keys: Iterable[frozenset[str]]
) -> list[HandlerBatch]:
    """Group events into few handler batches; events that share a lock key keep their order.

    Kafka batches mix message types, and each handler call has a fixed cost of statements.
    """
    batches: list[HandlerBatch] = []
    last_batch: dict[str, int] = {}
    """Index of the batch with the latest event of each lock key."""
    for event, keys in zip(events, lock_keys, strict=True):
        handler = registry.by_type[event.type]
        index = max((last_batch.get(key, 0) for key in keys), default=0)
        while index < len(batches) and batches[index].handler.callback is not handler.callback:
            index += 1
        if index == len(batches):
            batches.append(HandlerBatch(handler, []))
        batches[index].events.append(event)
        for key in keys:
            last_batch[key] = index
    return batches


async def dispatch(
    tx: Transaction, registry: HandlerRegistry, events: Sequence[Event]
) -> dict[Causation, CommandResult]:
    """Acquire locks, run handlers, record rejections and append events to the outbox; returns results by command."""
    events = await _enrich(tx, registry, events)
    lock_keys = [frozenset(registry.by_type[event.type].lock_keys(event.data)) for event in events]
    await locks.acquire(tx, (key for keys in lock_keys for key in keys))
    emitted: list[Message] = []
    new_rejections: list[Rejection] = []
    results: dict[Causation, CommandResult] = {}
    for batch in group_by_handler(registry, events, lock_keys):
        with HANDLER_DURATION.labels(registry.service, batch.handler.message.TYPE).time():
            if isinstance(batch.handler, CommandHandler):
                batch_results = await batch.handler.callback(tx, batch.events)
                for event, result in zip(batch.events, batch_results, strict=True):
                    results[event.cause] = result
                    emitted.extend(result.events)
                    if result.violations:
                        new_rejections.append(Rejection(event, violations=list(result.violations)))
            else:
                batch_events = await batch.handler.callback(tx, batch.events)
                emitted.extend(batch_events)
                conflicts = [message for message in batch_events if isinstance(message, Rejected)]
                new_rejections.extend(rejections.collect_conflicts(conflicts, batch.events) if conflicts else ())
    for event_type, count in Counter(event.type for event in events).items():
        MESSAGES_HANDLED.labels(registry.service, event_type).inc(count)
    await rejections.record(tx, new_rejections)
    for rejection in new_rejections:
        if rejection.kind == "COMMAND_REJECTED":
            emitted.extend(rejection.to_events(registry.rejection_type))
        for violation in rejection.violations:
            REJECTIONS.labels(registry.service, violation.code).inc()
    await outbox.append(tx, registry.service, emitted, traceparents(events))
    return results


async def _enrich(tx: Transaction, registry: HandlerRegistry, events: Sequence[Event]) -> Sequence[Event]:
    """Complete commands with omitted data, for handlers that have an enricher."""
    indexes_by_type: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        handler = registry.by_type[event.type]
        if isinstance(handler, CommandHandler) and handler.enrich is not None:
            indexes_by_type.setdefault(event.type, []).append(index)
    enriched = list(events)
    for event_type, indexes in indexes_by_type.items():
        handler = registry.by_type[event_type]
        if isinstance(handler, CommandHandler) and handler.enrich is not None:
            for index, event in zip(
                indexes, await handler.enrich(tx, [events[index] for index in indexes]), strict=True
            ):
                enriched[index] = event
    return enriched


def traceparents(events: Sequence[Event]) -> dict[tuple[str, str], str]:
    """Map messages to their traceparent."""
    return {(event.source, event.id): event.traceparent for event in events if event.traceparent}
