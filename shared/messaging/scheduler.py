"""Scheduler: runs jobs periodically and dispatches their due items like messages."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import CloudEvent, Message
from shared.identifiers import rfc3339
from shared.messaging.dispatcher import dispatch
from shared.messaging.handlers import ScheduledJob
from shared.messaging.outbox import event_source
from shared.messaging.registry import HandlerRegistry
from shared.ops.telemetry import JOB_ITEMS_SKIPPED, JOB_LAST_SUCCESS, describe_error
from shared.persistence.database import new_id, transaction
from shared.persistence.errors import ErrorCategory, categorise_error

log = logging.getLogger(__name__)

BATCH_SIZE, RETRY_BATCH_SIZE = 200, 20
"""Maximum items per transaction, and after a failed run, so that a timeout does not repeat."""
MAX_BACKOFF_SECONDS = 60.0

# Held for one transaction: a frozen process would keep a session lock indefinitely. Replicas without the lock skip the
# run. Items are processed under their own locks, so that even concurrent runs would be correct.
LOCK_JOB = text("SELECT pg_try_advisory_xact_lock(7230019, hashtext(:name)) AS is_acquired")


class JobRunner:
    """Runs one scheduled job; one replica at a time is active."""

    def __init__(
        self, registry: HandlerRegistry, job: ScheduledJob, engine: AsyncEngine, wake_relay: Callable[[], None]
    ) -> None:
        self._registry, self._job, self._engine, self._wake_relay = registry, job, engine, wake_relay
        self._stop_requested = asyncio.Event()
        self._failures = 0
        self.name = job.message.TYPE
        self.last_success_at: datetime | None = None
        """Time at which this replica last processed all due items."""
        self.last_error: str | None = None
        """Error of the last run, or the last skipped item."""

    async def run(self, interval: float) -> None:
        """Run the job periodically until stopped, with back-off after errors."""
        while not self._stop_requested.is_set():
            try:
                await self.run_once()
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - due items remain due
                self._failures += 1
                self.last_error = describe_error(error)
                log.warning("%s failed, retrying: %s", self.name, self.last_error)
            pause = min(MAX_BACKOFF_SECONDS, 0.5 * 2 ** min(self._failures, 10)) if self._failures else interval
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop_requested.wait()

    def stop(self) -> None:
        """Start no further transactions; the running one is completed."""
        self._stop_requested.set()

    async def run_once(self) -> int:
        """Process all due items in bounded transactions; returns their number.

        Failing items are skipped until the next run.
        """
        self.last_error = None
        after: Message | None = None
        batch_size, processed_count = RETRY_BATCH_SIZE if self._failures else BATCH_SIZE, 0
        while not self._stop_requested.is_set():
            due_messages: list[Message] = []
            try:
                if not await self._run_transaction(after, batch_size, due_messages):
                    return processed_count
            except Exception as error:
                if categorise_error(error) is ErrorCategory.UNAVAILABLE or not due_messages:
                    raise
                if len(due_messages) > 1:
                    batch_size = 1  # isolate the failing item
                    continue
                self._skip_failed(due_messages[0], error)
            else:
                processed_count, batch_size = processed_count + len(due_messages), min(BATCH_SIZE, batch_size * 2)
                self._wake_relay()
            if not due_messages:
                break
            after = due_messages[-1]
        return processed_count

    async def _run_transaction(self, after: Message | None, batch_size: int, due_messages: list[Message]) -> bool:
        """Find due items and dispatch them; returns whether this replica holds the job lock."""
        async with transaction(self._engine) as tx:
            if not (await tx.fetch_all(LOCK_JOB, {"name": self.name}))[0].is_acquired:
                return False
            due_messages += await self._job.find_due(tx, after, batch_size)
            if due_messages:
                await dispatch(tx, self._registry, [self._to_event(message, tx.now) for message in due_messages])
            else:
                self.last_success_at = tx.now
                JOB_LAST_SUCCESS.labels(self._registry.service, self.name).set(tx.now.timestamp())
        return True

    def _to_event(self, message: Message, now: datetime) -> CloudEvent[Any]:
        return CloudEvent[Any].model_construct(
            id=new_id(),
            source=f"{event_source(self._registry.service)}/scheduler",
            type=self.name,
            time=now,
            data=message,
        )

    def _skip_failed(self, message: Message, error: Exception) -> None:
        self.last_error = f"{message.key()} skipped: {describe_error(error)}"
        JOB_ITEMS_SKIPPED.labels(self._registry.service, self.name).inc()
        log.error("%s: %s", self.name, self.last_error, exc_info=error)


def job_status(job_runners: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Return the status of the jobs of a replica, for readiness."""
    return {
        runner.name: {
            "last_success_at": runner.last_success_at and rfc3339(runner.last_success_at),
            "last_error": runner.last_error,
        }
        for runner in job_runners
    }
