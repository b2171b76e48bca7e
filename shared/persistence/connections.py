"""Connections to PostgreSQL: the first usable host, session settings, and the check for poolers."""

import asyncio
from collections.abc import Mapping

import asyncpg
from asyncpg.exceptions import TargetServerAttributeNotMatched

from shared.persistence.urls import CONNECT_ATTEMPT_SECONDS, DatabaseUrl

SELECT_PROCESS_ID = "SELECT pg_backend_pid()"
UNUSABLE_HOST_ERRORS = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,  # for example, closed by a proxy without a server
    TargetServerAttributeNotMatched,
)
FOREIGN_STATEMENT_ERRORS = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)
"""Errors of a statement that was prepared by another server process, or by another session of the same one."""
STATEMENT_MODE_ERROR = "not allowed in statement pooling mode"


class TransactionPoolingError(ConnectionError):
    """The URL leads to a connection pooler that assigns a session per transaction."""

    def __init__(self) -> None:
        super().__init__(
            "the database URL leads to a connection pooler in transaction or statement mode, such as PgBouncer with "
            "pool_mode=transaction; session settings and prepared statements do not work there. Set pool_mode=session "
            "for the databases of Tracelot, or connect to PostgreSQL directly"
        )


class Connector:
    """Connects to a database; an engine calls it for each new connection of its pool."""

    def __init__(
        self,
        url: DatabaseUrl,
        application_name: str,
        session_settings: Mapping[str, str],
        command_timeout: float | None = None,
    ) -> None:
        self._url, self._application_name, self._command_timeout = url, application_name, command_timeout
        self._set_session = "".join(f"SET {name} = '{value}';" for name, value in session_settings.items())
        self._has_own_sessions = False

    async def __call__(self, *_: object, **__: object) -> asyncpg.Connection:
        """Connect, apply the session settings and, once, refuse a pooler in transaction mode.

        The arguments are what SQLAlchemy takes from the URL of the engine.
        """
        connection = await self._connect()
        try:
            # Settings follow the start of the session, since PgBouncer rejects them within it.
            if self._set_session:
                await connection.execute(self._set_session)
            if not self._has_own_sessions:
                await self._check_sessions(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _connect(self) -> asyncpg.Connection:
        failures: list[Exception] = []
        url = self._url
        for host, port in url.hosts:
            try:
                connection: asyncpg.Connection = await asyncpg.connect(
                    url.dsn, host=host, port=port, timeout=url.host_timeout, command_timeout=self._command_timeout,
                    server_settings={"application_name": self._application_name},
                )  # fmt: skip
            except UNUSABLE_HOST_ERRORS as error:
                failures.append(error)
            else:
                return connection
        if len(failures) == 1 and isinstance(failures[0], OSError):
            raise failures[0]
        raise _describe_failures(url, failures)

    async def _check_sessions(self, connection: asyncpg.Connection) -> None:
        try:
            is_shared = await self._is_shared(connection)
        except FOREIGN_STATEMENT_ERRORS:
            is_shared = True
        except asyncpg.PostgresConnectionError as error:
            is_shared = STATEMENT_MODE_ERROR in str(error)
            if not is_shared:
                raise
        if is_shared:
            raise TransactionPoolingError
        self._has_own_sessions = True

    async def _is_shared(self, connection: asyncpg.Connection) -> bool:
        """Return whether two sessions share one server process, or one session has several.

        A pooler announces a process id of its own to its clients, so a direct connection needs no second one.
        """
        process_id = await connection.fetchval(SELECT_PROCESS_ID)
        if process_id == connection.get_server_pid():
            return False
        second = await self._connect()
        try:
            async with asyncio.timeout(CONNECT_ATTEMPT_SECONDS), second.transaction():
                if await second.fetchval(SELECT_PROCESS_ID) == process_id:
                    return True
                return bool(await connection.fetchval(SELECT_PROCESS_ID) != process_id)
        finally:
            second.terminate()


def _describe_failures(url: DatabaseUrl, failures: list[Exception]) -> ConnectionError:
    causes = [
        f"{host}:{port}: "
        + (f"not {url.target}" if isinstance(error, TargetServerAttributeNotMatched) else repr(error))
        for (host, port), error in zip(url.hosts, failures, strict=True)
    ]
    return ConnectionError(f"no usable host in the database URL: {'; '.join(causes)}")
