"""What happens because time has passed: what is due is found, and decided on the same line as any message."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import CloudEvent, Fact
from shared.database import Trouble, new_id, transaction, trouble
from shared.decision import Map, decide
from shared.identifiers import rfc3339
from shared.outbox import source_of
from shared.routing import Finds
from shared.telemetry import CLOCK_PASSED_OVER, CLOCK_RAN

log = logging.getLogger(__name__)

MANY, FEW = 200, 20
"""Facts a transaction takes at most, and how many after a round failed: what ran into a time limit gets through."""
LONGEST_WAIT = 60.0

# For one transaction, as the relay's: a frozen process would keep a session's for ever. Who does not get it has nothing
# to do. What is found is decided under the locks of its row all the same, so that two at once would do no harm.
MINE = text("SELECT pg_try_advisory_xact_lock(7230019, hashtext(:name)) AS mine")


class Clock:
    """The rounds of one `Finds` row; of several replicas one at a time works."""

    def __init__(self, of: Map, row: Finds, engine: AsyncEngine, wake: Callable[[], None]) -> None:
        self._map, self._row, self._engine, self._wake = of, row, engine, wake
        self._ended = asyncio.Event()
        self._failures = 0
        self.name = row.message.TYPE
        self.ran: datetime | None = None
        """When this replica last came to the end of what was due."""
        self.trouble: str | None = None
        """What keeps it from that, or what it had to pass over."""

    async def run(self, seconds: float) -> None:
        """Run a round every so often until stopped; what fails is tried again, later and later."""
        while not self._ended.is_set():
            try:
                await self.round()
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, what is due stays due
                self._failures += 1
                self.trouble = _told(error)
                log.warning("%s is tried again: %s", self.name, self.trouble)
            pause = min(LONGEST_WAIT, 0.5 * 2 ** min(self._failures, 10)) if self._failures else seconds
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ended.wait()

    def stop(self) -> None:
        """Begin nothing more; the transaction that runs is finished."""
        self._ended.set()

    async def round(self) -> int:
        """Take all that is due, so much a transaction; how much that was. One that raises waits for the next round."""
        self.trouble = None
        after: Fact | None = None
        size, taken = FEW if self._failures else MANY, 0
        while not self._ended.is_set():
            found: list[Fact] = []
            try:
                if not await self._transaction(after, size, found):
                    return taken
            except Exception as error:
                if trouble(error) is Trouble.AWAY or not found:
                    raise
                if len(found) > 1:
                    size = 1  # to find the one that raises, and take the others
                    continue
                self._pass_over(found[0], error)
            else:
                taken, size = taken + len(found), min(MANY, size * 2)
                self._wake()
            if not found:
                break
            after = found[-1]
        return taken

    async def _transaction(self, after: Fact | None, size: int, found: list[Fact]) -> bool:
        """Find and decide; whether it was for this replica to do. What was found is left in `found`."""
        async with transaction(self._engine) as tx:
            if not (await tx.rows(MINE, {"name": self.name}))[0].mine:
                return False
            found += await self._row.due(tx, after, size)
            if found:
                await decide(tx, self._map, [self._event(fact, tx.now) for fact in found])
            else:
                self.ran = tx.now
                CLOCK_RAN.labels(self._map.service, self.name).set(tx.now.timestamp())
        return True

    def _event(self, fact: Fact, now: datetime) -> CloudEvent[Any]:
        return CloudEvent[Any].model_construct(
            id=new_id(), source=f"{source_of(self._map.service)}/clock", type=self.name, time=now, data=fact
        )

    def _pass_over(self, fact: Fact, error: Exception) -> None:
        self.trouble = f"{fact.key()} is passed over: {_told(error)}"
        CLOCK_PASSED_OVER.labels(self._map.service, self.name).inc()
        log.error("%s: %s", self.name, self.trouble, exc_info=error)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]


def told(clocks: Sequence[Clock]) -> dict[str, dict[str, Any]]:
    """How the clocks of a replica stand, for readiness."""
    return {it.name: {"ran": it.ran and rfc3339(it.ran), "trouble": it.trouble} for it in clocks}
