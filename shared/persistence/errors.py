"""Categories of database errors, which determine how they are handled."""

from enum import Enum

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

UNIQUE_VIOLATION = "23505"


class ConcurrentUpdateError(Exception):
    """Another transaction changed a row between its read and its update."""

    sqlstate = "40001"


class ErrorCategory(Enum):
    """Category of an exception, which determines how it is handled."""

    UNAVAILABLE = "database unavailable: retry with back-off"
    CONFLICT = "conflict with a concurrent transaction: retry"
    BUG = "programming error: retrying does not help"


_CONFLICT_SQLSTATES = {UNIQUE_VIOLATION, "40001", "40P01", "55P03"}
"""Unique violation, serialization failure, deadlock, lock not available."""
_UNAVAILABLE_SQLSTATES = {"25P03", "25P04", "57014", "57P01", "57P02", "57P03", "57P05", "3D000"}
"""Idle or transaction timeout, cancelled, shutting down, starting up, database missing."""
_UNAVAILABLE_SQLSTATE_CLASSES = ("08", "28", "53", "58")
"""Connection, authentication, insufficient resources, system error."""


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an error, or an empty string."""
    # Errors while connecting are raised by the driver unwrapped; SQLAlchemy wraps all others.
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def categorise_error(error: BaseException) -> ErrorCategory:
    """Determine the category of an exception."""
    code = sqlstate(error)
    if code in _CONFLICT_SQLSTATES:
        return ErrorCategory.CONFLICT
    if code in _UNAVAILABLE_SQLSTATES or code.startswith(_UNAVAILABLE_SQLSTATE_CLASSES):
        return ErrorCategory.UNAVAILABLE
    if isinstance(error, DBAPIError):
        return ErrorCategory.UNAVAILABLE if error.connection_invalidated else ErrorCategory.BUG
    if isinstance(error, PoolTimeout | OSError):  # OSError covers refused and reset connections and TimeoutError
        return ErrorCategory.UNAVAILABLE
    return ErrorCategory.BUG
