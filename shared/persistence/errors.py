"""Categories of database errors, which determine how they are handled."""

from enum import Enum

from asyncpg import InternalClientError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

UNIQUE_VIOLATION = "23505"


class ConcurrentUpdateError(Exception):
    """Another transaction changed a row between its read and its update."""

    sqlstate = "40001"


class ErrorCategory(Enum):
    """Category of an exception, which determines how it is handled."""

    UNAVAILABLE = "state of the server, not of a message: retry with back-off"
    CONFLICT = "conflict with a concurrent transaction: retry"
    BUG = "programming error: retrying does not help"


_CONFLICT_SQLSTATES = {UNIQUE_VIOLATION, "40001", "40P01", "55P03"}
"""Unique violation, serialization failure, deadlock, lock not available."""
_BUG_SQLSTATE_CLASSES = ("21", "22", "23", "42", "44", "P0")
"""Cardinality, data, integrity, syntax or missing object, check option, PL/pgSQL: raised by a value or a rule."""
_SERVER_SQLSTATES = {"42501", "42P05"}
"""Missing grant; prepared statement of another session behind PgBouncer in transaction mode."""
READ_ONLY_SQLSTATE = "25006"
"""Read-only transaction: a standby, a demoted primary, or a server without space."""


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an error, or an empty string."""
    # Errors while connecting are raised by the driver unwrapped; SQLAlchemy wraps all others.
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def categorise_error(error: BaseException) -> ErrorCategory:
    """Determine the category of an exception; of the SQLSTATEs, only those of a value or rule are bugs."""
    code = sqlstate(error)
    if code in _CONFLICT_SQLSTATES:
        return ErrorCategory.CONFLICT
    if code:
        is_bug = code.startswith(_BUG_SQLSTATE_CLASSES) and code not in _SERVER_SQLSTATES
        return ErrorCategory.BUG if is_bug else ErrorCategory.UNAVAILABLE
    if isinstance(error, DBAPIError):
        return ErrorCategory.UNAVAILABLE if error.connection_invalidated else ErrorCategory.BUG
    # OSError covers refused and reset connections and TimeoutError; a client error also a missing read-write server.
    if isinstance(error, PoolTimeout | OSError | InternalClientError):
        return ErrorCategory.UNAVAILABLE
    return ErrorCategory.BUG
