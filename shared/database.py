"""The engine of a service's own database, the transaction that handlers get, and what its errors mean."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from asyncpg.protocol import protocol as driver
from sqlalchemy import URL, Row, TextClause, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from uuid_utils import uuid7

SESSION = {
    # A frozen process must not hold rows that others wait for. Idle is only who has finished speaking: one frozen in
    # the middle of a statement (asyncpg prepares and executes in two steps) counts as active, and would hold for ever.
    "idle_in_transaction_session_timeout": "5s",
    "transaction_timeout": "10s",
    # Arrays of one row and of thousands share a statement: a plan made for neither suits neither.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    # What is worked on lies in memory: 500 rows by their keys cost less than a table of thousands read whole.
    "random_page_cost": "1.1",
}

CONNECTION_WAIT = 5.0
"""Seconds to wait for a connection: for one of the pool, and for the server to accept a new one."""

# Of each element of an array the driver asks abstract base classes whether it is an array itself, which was most of
# what an element cost (0.44 µs, 0.16 so). Ours are these: C answers the same question.
for name in ("IterableABC", "SizedABC"):
    if hasattr(driver, name):
        setattr(driver, name, (list, tuple, set, frozenset))

# A report holds no rows, and may be read slowly.
PATIENT = text("""
    SELECT set_config('transaction_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '60s', true)
""")


def new_id() -> str:
    """A fresh UUIDv7: ids of one process sort by age, which keeps indexes dense."""
    return str(uuid7())


def asyncpg_url(url: str) -> URL:
    """Any PostgreSQL URL, with the driver we use."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def create_engine(url: str, name: str, pool_size: int = 10) -> AsyncEngine:
    """An engine on a service's database; it connects when it is first used."""
    return create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECTION_WAIT,
        pool_recycle=1800,
        connect_args={
            "timeout": CONNECTION_WAIT,
            "command_timeout": 60,
            "prepared_statement_cache_size": 500,
            "server_settings": SESSION | {"application_name": name},
        },
    )


class Transaction:
    """One open database transaction; it has neither commit nor rollback, which are the line's."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.now = self.clock()
        """The time that every decision in this transaction is taken at."""
        self.statements = 0
        """How many statements it has sent: never more for more units."""

    @staticmethod
    def clock() -> datetime:
        """The time by this process's clock."""
        return datetime.now(UTC)

    async def rows(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Run a statement and fetch what it returns."""
        self.statements += 1
        return (await self._connection.execute(statement, values or {})).all()

    async def run(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement that returns nothing; how many rows it touched."""
        self.statements += 1
        return (await self._connection.execute(statement, values or {})).rowcount

    async def stream(
        self, statement: TextClause, values: Mapping[str, Any] | None = None, size: int = 1000
    ) -> AsyncIterator[Sequence[Row[Any]]]:
        """Rows in runs of `size` from a cursor on the server, so that memory stays flat."""
        await self.rows(PATIENT)
        self.statements += 1
        result = await self._connection.stream(statement, values or {}, execution_options={"yield_per": size})
        async for run in result.partitions(size):
            yield run


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    """BEGIN … COMMIT, or taken back whole when anything raises."""
    async with engine.begin() as connection:
        yield Transaction(connection)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    """A transaction that can only read."""
    async with engine.connect() as connection:
        await connection.execution_options(postgresql_readonly=True)
        async with connection.begin():
            yield Transaction(connection)


class LostRaceError(Exception):
    """A row that was read has changed before it was saved: another transaction was first."""

    sqlstate = "40001"


class Trouble(Enum):
    """What an exception means for the work that met it."""

    AWAY = "the database is out of reach: wait, try again without end"
    LOST_RACE = "another transaction was first: decide again"
    BUG = "the code is wrong: trying again will not help"


_RACES = {"23505", "40001", "40P01", "55P03"}
"""Unique violation, serialization failure, deadlock, lock not available."""
_AWAY = {"25P03", "25P04", "57014", "57P01", "57P02", "57P03", "57P05", "3D000"}
"""Killed while idle or too long, cancelled, shut down, starting up, database not there."""
_AWAY_CLASSES = ("08", "28", "53", "58")
"""Connection, sign-in, out of resources, system error."""


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five letters for an error, or none."""
    # What the driver raises while it connects comes as it is; all else comes wrapped.
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def trouble(error: BaseException) -> Trouble:
    """Sort an exception into the three kinds that are answered differently."""
    state = sqlstate(error)
    if state in _RACES:
        return Trouble.LOST_RACE
    if state in _AWAY or state.startswith(_AWAY_CLASSES):
        return Trouble.AWAY
    if isinstance(error, DBAPIError):
        return Trouble.AWAY if error.connection_invalidated else Trouble.BUG
    if isinstance(error, PoolTimeout | OSError):  # OSError covers refused and reset connections and TimeoutError
        return Trouble.AWAY
    return Trouble.BUG


async def ping(engine: AsyncEngine) -> None:
    """Raise unless the database answers."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
