"""Worker of imports: dispatches pending rows in sets, and records what became of them in the same transaction."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent, Message
from shared.contracts.problems import Code
from shared.imports import store
from shared.imports.kinds import ImportKind, RowProblem
from shared.imports.outcomes import Outcome, find_outcomes
from shared.imports.sets import plan_sets
from shared.imports.store import Import
from shared.messaging.dispatcher import dispatch
from shared.messaging.outbox import event_source
from shared.messaging.registry import HandlerRegistry
from shared.ops.telemetry import describe_error
from shared.persistence.database import Transaction, new_id, transaction
from shared.persistence.errors import ErrorCategory, categorise_error
from shared.persistence.retry import retry_on_conflict

log = logging.getLogger(__name__)
BATCH_ROWS = 1000
"""Rows per transaction."""
SPLIT = 8
"""Part of the rows of a rejected set that the next sets have."""

# Held for one transaction, like the lock of a job: replicas without it do nothing.
LOCK_IMPORTS = text("SELECT pg_try_advisory_xact_lock(7230020) AS is_acquired")
SAVEPOINT, ROLL_BACK = text("SAVEPOINT dry_run"), text("ROLLBACK TO SAVEPOINT dry_run")


class ImportRunner:
    """Processes the rows of running imports; one replica at a time is active.

    A row and its effects are committed together: after a kill, rows are pending or done, never half done.
    """

    name = "imports"

    def __init__(
        self,
        registry: HandlerRegistry,
        kinds: Sequence[ImportKind],
        engine: AsyncEngine,
        wake_relay: Callable[[], None],
        is_settled: Callable[[], bool] = lambda: True,
    ) -> None:
        self._registry, self._engine, self._wake_relay, self._is_settled = registry, engine, wake_relay, is_settled
        self._kinds = {kind.name: kind for kind in kinds}
        self._stop_requested = asyncio.Event()
        self._batch_rows = BATCH_ROWS
        self._set_rows = MAX_ITEMS_PER_MESSAGE
        """Rows of a set at most; fewer after a rejection that names none of them."""
        self.last_success_at: datetime | None = None
        """Time at which this replica last found all rows processed."""
        self.last_error: str | None = None
        """Error of the last run."""

    async def run(self, interval: float) -> None:
        """Process rows until stopped; pauses if there are none, or after an error."""
        while not self._stop_requested.is_set():
            try:
                await self.run_once()
                self.last_error = None
            except Exception as error:  # noqa: BLE001 - the rows stay pending
                self.last_error = describe_error(error)
                log.warning("imports failed, retrying: %s", self.last_error)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(interval, 1.0)):
                    await self._stop_requested.wait()

    def stop(self) -> None:
        """Start no further transactions; the running one is completed."""
        self._stop_requested.set()

    async def run_once(self) -> int:
        """Process the pending rows of all running imports; returns their number."""
        after, total = "", 0
        while not self._stop_requested.is_set():
            try:
                job, count = await retry_on_conflict(self._registry.service, self._run_transaction, after)
            except Exception as error:
                if categorise_error(error) in {ErrorCategory.UNAVAILABLE, ErrorCategory.CONFLICT}:
                    raise
                await self._isolate(after, error)
                continue
            if job is None:
                break
            if not count:  # done, or waiting for what other services have published
                after = job.number
            self._batch_rows = min(BATCH_ROWS, self._batch_rows * 2)
            total += count
            self._wake_relay()
        return total

    async def _run_transaction(self, after: str) -> tuple[Import | None, int]:
        async with transaction(self._engine) as tx:
            if not (await tx.fetch_all(LOCK_IMPORTS))[0].is_acquired:
                return None, 0
            job = await store.next_running(tx, after)
            if job is None:
                self.last_success_at = tx.now
                return None, 0
            rows = await store.load_pending(tx, job, self._batch_rows)
            if not rows:
                await store.set_status(tx, job, "DONE")
                return job, 0
            return job, await self._process(tx, job, rows)

    async def _process(self, tx: Transaction, job: Import, rows: Sequence[Row[Any]]) -> int:
        """Dispatch rows in sets and record their outcomes; returns how many are settled or tried again."""
        kind = self._kinds[job.kind]
        if job.is_dry_run:
            await tx.execute(SAVEPOINT)
        sets = await plan_sets(tx, job, kind, rows, self._set_rows)
        events_by_set = [
            [self._to_event(tx, job, command) for command in work.build(kind, job.number, ordinal)]
            for ordinal, work in enumerate(sets, start=job.set_count + 1)
        ]
        events = list(chain.from_iterable(events_by_set))
        results = await dispatch(tx, self._registry, events, is_settled=self._is_settled())
        if job.is_dry_run:
            await tx.execute(ROLL_BACK)
        outcomes: list[Outcome] = []
        has_unclear = False
        for work, set_events in zip(sets, events_by_set, strict=True):
            set_results = [results[event.cause] for event in set_events]
            found = find_outcomes(kind, work.members, set_results, is_whole=work.members[0].part is not None)
            has_unclear |= found is None
            is_stated = not any(result.is_rejected for result in set_results)
            outcomes += [outcome._replace(part=work.part if is_stated else None) for outcome in found or ()]
        self._set_rows = (
            max(1, self._set_rows // SPLIT) if has_unclear else min(MAX_ITEMS_PER_MESSAGE, self._set_rows * SPLIT)
        )
        await store.record(tx, job, outcomes, job.set_count + len(sets))
        return len(rows) if has_unclear else len(outcomes)

    def _to_event(self, tx: Transaction, job: Import, command: Message) -> CloudEvent[Any]:
        return CloudEvent[Any].model_construct(
            id=new_id(), source=f"{event_source(self._registry.service)}/imports", type=command.TYPE, time=tx.now,
            data=command.model_copy(update={"actor": job.actor}),
        )  # fmt: skip

    async def _isolate(self, after: str, error: Exception) -> None:
        """Process rows one by one after a failure; a row that fails alone is recorded as failed."""
        if self._batch_rows > 1:
            self._batch_rows = 1
            return
        log.error("a row of an import fails", exc_info=error)
        async with transaction(self._engine) as tx:
            if (job := await store.next_running(tx, after)) and (rows := await store.load_pending(tx, job, 1)):
                problem = RowProblem(describe_error(error), "Report it to the operators.", code=Code.INTERNAL_ERROR)
                await store.record(tx, job, [Outcome(rows[0].key, [problem])], job.set_count)
