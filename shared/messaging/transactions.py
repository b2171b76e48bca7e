"""Processes a batch in transactions of bounded cost: inbox, locks, handlers, dead letters, outbox."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging import dead_letters, inbox, skips
from shared.messaging.dispatcher import dispatch
from shared.messaging.registry import HandlerRegistry
from shared.messaging.work import MAX_COST, WorkItem, split_by_cost
from shared.ops.failpoints import failpoint
from shared.ops.telemetry import DEAD_LETTERS, MESSAGES_DEDUPLICATED, TRANSACTION_DURATION, describe_error
from shared.persistence.database import transaction
from shared.persistence.errors import UNIQUE_VIOLATION, ErrorCategory, categorise_error, sqlstate
from shared.persistence.retry import retry_on_conflict

log = logging.getLogger(__name__)


class PoisonRecordError(Exception):
    """A record cannot be processed because its handler raises."""

    def __init__(self, item: WorkItem, error: BaseException) -> None:
        super().__init__(describe_error(error))
        self.item = item


async def process_in_transactions(
    engine: AsyncEngine,
    registry: HandlerRegistry,
    items: Sequence[WorkItem],
    wake_relay: Callable[[], None],
    max_cost: int = MAX_COST,
) -> None:
    """Process items in order; raises PoisonRecordError at a failing record, and errors of an unavailable database.

    Items processed before an error stay committed; the inbox deduplicates them on redelivery.
    """
    for chunk in split_by_cost(items, max_cost):
        try:
            await retry_on_conflict(registry.service, _run_transaction, engine, registry, chunk)
        except Exception as error:
            if categorise_error(error) is ErrorCategory.UNAVAILABLE:
                raise
            log.exception("a transaction of %d records failed; processing them one by one", len(chunk))
            await _isolate_poison_record(engine, registry, chunk)
        wake_relay()


async def _isolate_poison_record(engine: AsyncEngine, registry: HandlerRegistry, items: Sequence[WorkItem]) -> None:
    """Find the failing record; the records before it are processed."""
    for item in items:
        try:
            await retry_on_conflict(registry.service, _run_transaction, engine, registry, [item])
        except Exception as error:
            # A persistent unique violation is caused by the record; other conflicts are temporary.
            if categorise_error(error) is ErrorCategory.BUG or sqlstate(error) == UNIQUE_VIOLATION:
                raise PoisonRecordError(item, error) from error
            raise


async def _run_transaction(engine: AsyncEngine, registry: HandlerRegistry, items: Sequence[WorkItem]) -> None:
    """Process items in one transaction; it is repeated after conflicts."""
    events = [item.event for item in items if item.event is not None]
    unread = [item.rejection for item in items if item.rejection is not None]
    new_dead_letters = [item.dead_letter for item in items if item.dead_letter is not None]
    failpoint("consumer.before_begin")
    with TRANSACTION_DURATION.labels(registry.service, "kafka").time():
        async with transaction(engine) as tx:
            claimed = await inbox.claim(tx, events, unread)
            if claimed.new or claimed.refused:
                await dispatch(tx, registry, *claimed)
            await dead_letters.store(tx, new_dead_letters)
            await skips.mark_used(tx, [item.skip_id for item in items if item.skip_id is not None])
            failpoint("consumer.in_transaction")
    claimed_count = len(claimed.new) + len(claimed.refused)
    MESSAGES_DEDUPLICATED.labels(registry.service).inc(len(events) + len(unread) - claimed_count)
    for dead_letter in new_dead_letters:
        DEAD_LETTERS.labels(registry.service, dead_letter.record.topic).inc()
        log.warning(
            "dead letter %s: %s", "/".join(map(str, WorkItem(dead_letter.record).position)), dead_letter.error[:300]
        )
