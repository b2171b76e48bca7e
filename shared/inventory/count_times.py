"""Time of a count: corrected by the clock error of the device, recent, and not before a later count."""

from datetime import datetime, timedelta
from typing import TypeVar

from shared.contracts.commands.lots import CountLot
from shared.contracts.commands.serials import CountSerials
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import rfc3339

CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far a count may be ahead of the clock of this server."""
MAX_COUNT_AGE = timedelta(hours=72)
"""Age from which a count is rejected, unless a setting states another."""


C = TypeVar("C", bound=CountLot | CountSerials)


def time_of_count(event: CloudEvent[C]) -> datetime:
    """Return the time of a count, corrected by the clock error of the device."""
    if event.data.counted_at is None:
        return event.time
    return event.data.counted_at - timedelta(seconds=event.data.clock_error_seconds)


def count_time_violation(
    label: str,
    subject: str,
    counted_at: datetime,
    latest: datetime | None,
    *,
    now: datetime,
    max_age: timedelta,
    latest_name: str = "a count",
) -> ProblemDetail | None:
    """Return the violation of a count in the future, too old, or before the latest count of its subject."""
    label = f"{label} at {rfc3339(counted_at)}"
    if counted_at > now + CLOCK_TOLERANCE:
        code, detail = Code.COUNT_IN_FUTURE, f"{label}, but it is {rfc3339(now)}"
    elif counted_at < now - max_age:
        code, detail = Code.COUNT_TOO_OLD, f"{label} is more than {max_age // timedelta(hours=1)} hours old"
    elif latest is not None and counted_at < latest:
        code, detail = Code.COUNT_SUPERSEDED, f"{label}, but {latest_name} was taken there at {rfc3339(latest)}"
    else:
        return None
    return ProblemDetail(code=code, detail=detail, ids=[subject])
