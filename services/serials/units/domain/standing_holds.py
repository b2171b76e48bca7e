"""Standing holds: holds on a lot number or on the criteria of a recall, which also match later arrivals."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from services.serials.units.domain.unit import Unit
from shared.contracts.commands.serials import PlaceSerialHold
from shared.contracts.recalls import RecallOpened
from shared.identifiers import fold_lot

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
    """First and last serial of each range: serials of the same length, compared in lower case."""
    search_terms: frozenset[str] = frozenset()
    """Terms of a recall notice in lower case, compared with lots and serials."""
    recall: str | None = None
    is_recall_closed: bool = False
    """Whether the recall is closed: arriving units are held, but not reported to it."""

    @classmethod
    def from_recall(cls, event: RecallOpened) -> "StandingHold":
        """Build the standing hold of a recall."""
        return cls(
            event.sku, event.hold_id, event.reason, frozenset(event.lots), frozenset(event.serials),
            [(serial_range.first, serial_range.last) for serial_range in event.ranges],
            frozenset(term.lower() for term in event.search_terms), event.recall,
        )  # fmt: skip

    @classmethod
    def on_lot(cls, command: PlaceSerialHold) -> "StandingHold | None":
        """Build the standing hold of a command that names a lot."""
        return cls(command.sku, command.hold_id, command.reason, frozenset([command.lot])) if command.lot else None

    @property
    def key(self) -> StandingHoldKey:
        """Unique key; the hold of a recall may have the same id as another hold."""
        return self.sku, self.hold_id, self.recall

    def matches(self, unit: Unit) -> bool:
        """Whether the hold applies to a unit."""
        if unit.sku != self.sku:
            return False
        if unit.serial in self.serials or unit.serial.lower() in self.search_terms:
            return True
        if unit.lot and (fold_lot(unit.lot) in fold_lots(self.lots) or unit.lot.lower() in self.search_terms):
            return True
        serial = unit.serial.lower()
        return any(len(serial) == len(first) and first.lower() <= serial <= last.lower() for first, last in self.ranges)
