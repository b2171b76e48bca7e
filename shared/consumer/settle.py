"""One batch, settled: inbox, locks, handlers, dead letters and outbox in transactions of bounded weight."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from shared import dead_letters, inbox, skips
from shared.consumer.work import MAX_WEIGHT, Item, cut
from shared.database import Trouble, sqlstate, transaction, trouble
from shared.decision import Map, decide
from shared.failpoints import failpoint
from shared.telemetry import DEAD_LETTERS, DUPLICATES, LOST_RACES, TRANSACTION

log = logging.getLogger(__name__)
ATTEMPTS = 6
UNIQUE_VIOLATION = "23505"


class Unsettled(Exception):  # noqa: N818 - a finding, not an error
    """This one record cannot be settled: its handler raises."""

    def __init__(self, item: Item, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}".split("\n", 1)[0])
        self.item = item


async def settle(
    engine: AsyncEngine, of: Map, items: Sequence[Item], wake: Callable[[], None], heaviest: int = MAX_WEIGHT
) -> None:
    """Settle items in order. Raises Unsettled at a record that fails by a bug, and whatever the database's absence is.

    What was settled before either stays settled: the inbox knows it when it comes again.
    """
    for piece in cut(items, heaviest):
        try:
            await _again(engine, of, piece)
        except Exception as error:
            if trouble(error) is Trouble.AWAY:
                raise
            log.exception("a transaction of %d records failed; taking them one by one", len(piece))
            await _one_by_one(engine, of, piece)
        wake()


async def _one_by_one(engine: AsyncEngine, of: Map, items: Sequence[Item]) -> None:
    """Find the record that fails, settling those before it."""
    for item in items:
        try:
            await _again(engine, of, [item])
        except Exception as error:
            # Only a row that is there every time says something of the record; any other race is won later.
            if trouble(error) is Trouble.BUG or sqlstate(error) == UNIQUE_VIOLATION:
                raise Unsettled(item, error) from error
            raise


async def _again(engine: AsyncEngine, of: Map, items: Sequence[Item]) -> None:
    """One transaction, decided again when it loses a race."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await _transaction(engine, of, items)
        except Exception as error:
            if trouble(error) is not Trouble.LOST_RACE or attempt == ATTEMPTS:
                raise
            state = sqlstate(error)
            LOST_RACES.labels(of.service, state).inc()
            log.info("lost a race (%s), deciding again", state)
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - to part those who collided
        else:
            return


async def _transaction(engine: AsyncEngine, of: Map, items: Sequence[Item]) -> None:
    events = [item.event for item in items if item.event is not None]
    letters = [item.letter for item in items if item.letter is not None]
    failpoint("line.before_begin")
    with TRANSACTION.labels(of.service, "kafka").time():
        async with transaction(engine) as tx:
            fresh = await inbox.claim(tx, events)
            if fresh:
                await decide(tx, of, fresh)
            await dead_letters.keep(tx, letters)
            await skips.use(tx, [item.skip for item in items if item.skip is not None])
            failpoint("line.in_transaction")
    DUPLICATES.labels(of.service).inc(len(events) - len(fresh))
    for letter in letters:
        DEAD_LETTERS.labels(of.service, letter.record.topic).inc()
        log.warning("dead letter %s: %s", "/".join(map(str, Item(letter.record).place)), letter.error[:300])
