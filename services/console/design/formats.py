"""Days, times and quantities in the language of the request and the zone of the warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal

from services.console.design.words import PSEUDO_LANGUAGE, count, language, say

_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


@contextmanager
def in_zone(name: str | None) -> Iterator[None]:
    """Show times in a zone within the context; UTC if none is known."""
    token = _zone.set(ZoneInfo(name) if name else UTC)
    try:
        yield
    finally:
        _zone.reset(token)


def _locale() -> str:
    chosen = language()
    return "en_GB" if chosen in {"en", PSEUDO_LANGUAGE} else chosen


def day(value: date | None) -> str:
    """Return a day such as 31 Jan 2027."""
    return format_date(value, format="medium", locale=_locale()) if value else ""


def moment(value: datetime | None) -> str:
    """Return a day and time in the zone of the warehouse."""
    return format_datetime(value, format="d MMM y, HH:mm", tzinfo=_zone.get(), locale=_locale()) if value else ""


def clock(value: datetime) -> str:
    """Return the time of day in the zone of the warehouse."""
    return format_time(value, format="HH:mm", tzinfo=_zone.get(), locale=_locale())


def quantity(value: Decimal | float) -> str:
    """Return a number without superfluous zeros."""
    return format_decimal(value, format="#,##0.######", locale=_locale())


def today() -> date:
    """Return the day at the warehouse."""
    return datetime.now(_zone.get()).date()


def days_left(expiry: date, on: date) -> str:
    """Say in how many days something expires."""
    days = (expiry - on).days
    if days < 0:
        return count(-days, "expired {number} day ago", "expired {number} days ago")
    return count(days, "{number} day left", "{number} days left") if days else say("last day today")
