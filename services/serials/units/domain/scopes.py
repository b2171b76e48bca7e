"""What a hold is on beyond the units that are here: a lot number, or all that a recall names."""

from collections.abc import Sequence
from typing import NamedTuple

from services.serials.units.domain.unit import Unit
from shared.contracts.lots import RecallOpened

ScopeKey = tuple[str, str, str | None]
"""Product, hold, and the recall whose hold it is."""


class Scope(NamedTuple):
    """The lots and serials of a product that a hold is on, whenever they arrive."""

    sku: str
    hold: str
    reason: str
    lots: frozenset[str]
    serials: frozenset[str] = frozenset()
    ranges: Sequence[tuple[str, str]] = ()
    """Serials of one length, from the first to the last as they sort in small letters."""
    words: frozenset[str] = frozenset()
    """Of a notice, in small letters: whatever lot or serial is called so."""
    recall: str | None = None
    closed: bool = False
    """Whether its recall is over: what arrives is held still, and told of no more."""

    @classmethod
    def of_recall(cls, fact: RecallOpened) -> "Scope":
        """All that a recall touches of a product."""
        return cls(
            fact.sku, fact.hold, fact.reason, frozenset(fact.lots), frozenset(fact.serials),
            [(it.first, it.last) for it in fact.ranges], frozenset(word.lower() for word in fact.words), fact.recall,
        )  # fmt: skip

    @property
    def key(self) -> ScopeKey:
        """What it is known by: a recall may be called as a hold before it, and is beside that."""
        return self.sku, self.hold, self.recall

    def touches(self, unit: Unit) -> bool:
        """Whether a unit is one of them."""
        if unit.sku != self.sku:
            return False
        if unit.serial in self.serials or unit.serial.lower() in self.words:
            return True
        if unit.lot and (unit.lot in self.lots or unit.lot.lower() in self.words):
            return True
        serial = unit.serial.lower()
        return any(len(serial) == len(first) and first.lower() <= serial <= last.lower() for first, last in self.ranges)
