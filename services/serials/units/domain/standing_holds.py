"""Standing holds: holds on a lot number or on the criteria of a recall, which also match later arrivals."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from services.serials.units.domain.unit import Unit
from shared.contracts.commands.serials import PlaceSerialHold
from shared.contracts.raw_scans import join_scans
from shared.contracts.recalls import RecallOpened, RecallPeriod
from shared.identifiers import fold_lot
from shared.notices import Notice, is_in_range, squeeze

StandingHoldKey = tuple[str, str, str | None]
"""SKU, hold id and, for the hold of a recall, the recall."""


@lru_cache(maxsize=256)
def fold_lots(lots: frozenset[str]) -> frozenset[str]:
    """Return the comparison keys of lot numbers."""
    return frozenset(map(fold_lot, lots))


class StandingHold(NamedTuple):
    """Hold on lots and serials of a product, independent of when they arrive; lots match in every spelling."""

    sku: str
    hold_id: str
    reason: str
    lots: frozenset[str]
    serials: frozenset[str] = frozenset()
    ranges: Sequence[tuple[str, str]] = ()
    """First and last number of each range of serials or lots of the same length."""
    periods: Sequence[RecallPeriod] = ()
    """Periods of expiry and production; a unit without the date is in each."""
    notice: str = ""
    """Text of a recall notice, in which lots and serials are found."""
    recall: str | None = None
    is_recall_closed: bool = False
    """Whether the recall is closed: arriving units are held, but not reported to it."""
    scan: str | None = None
    """Raw scans that named the lot, one a line."""

    @classmethod
    def from_recall(cls, event: RecallOpened) -> "StandingHold":
        """Build the standing hold of a recall."""
        return cls(
            event.sku, event.hold_id, event.reason, frozenset(event.lots), frozenset(event.serials),
            [(serial_range.first, serial_range.last) for serial_range in event.ranges],
            event.periods, event.notice, event.recall,
        )  # fmt: skip

    @classmethod
    def on_lot(cls, command: PlaceSerialHold) -> "StandingHold | None":
        """Build the standing hold of a command that names a lot."""
        if not command.lot:
            return None
        scan = join_scans(*(read.text for read in command.sound_scans))
        return cls(command.sku, command.hold_id, command.reason, frozenset([command.lot]), scan=scan)

    @property
    def key(self) -> StandingHoldKey:
        """Unique key; the hold of a recall may have the same id as another hold."""
        return self.sku, self.hold_id, self.recall

    def matches(self, unit: Unit) -> bool:
        """Whether the hold applies to a unit."""
        if unit.sku != self.sku:
            return False
        if unit.serial in self.serials or (unit.lot and fold_lot(unit.lot) in fold_lots(self.lots)):
            return True
        numbers = [squeeze(unit.serial), *([squeeze(unit.lot)] if unit.lot else [])]
        ranges = [(squeeze(first), squeeze(last)) for first, last in self.ranges]
        if any(is_in_range(number, first, last) for first, last in ranges for number in numbers):
            return True
        if any(_is_in_period(unit, period) for period in self.periods):
            return True
        return bool(self.notice) and any(map(parsed(self.notice).has, numbers))


@lru_cache(maxsize=64)
def parsed(notice: str) -> Notice:
    """Parse a notice, which takes milliseconds; the last ones are kept."""
    return Notice(notice)


def _is_in_period(unit: Unit, period: RecallPeriod) -> bool:
    day = unit.expiry if period.kind == "EXPIRY" else unit.manufactured_on
    return day is None or (period.first_day or day) <= day <= (period.last_day or day)
