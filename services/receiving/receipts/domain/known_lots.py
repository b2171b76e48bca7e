"""Working set of the received lot numbers of products, compared without case and doubled blanks."""

from operator import attrgetter
from typing import NamedTuple

from services.receiving.receipts.domain.records import RowKey
from shared.identifiers import fold_lot
from shared.working_set import WorkingSet


class KnownLot(NamedTuple):
    """A lot number of a product that was received, in the spelling of its first receipt."""

    sku: str
    lot: str
    is_variant: bool = False
    """Whether a supervisor accepted it as a lot of its own beside another spelling."""


class LotCorrection(NamedTuple):
    """A lot to which goods that were recorded under a wrong number belong."""

    sku: str
    from_lot: str
    lot: str


class KnownLots(WorkingSet[RowKey, KnownLot]):
    """The known lots of a transaction by (sku, lot)."""

    def __init__(self) -> None:
        super().__init__(attrgetter("sku", "lot"))
        self._by_key = self.index(lambda known: (known.sku, fold_lot(known.lot)))

    def spellings(self, sku: str, lot: str) -> list[str]:
        """Return the known lots that a lot number may mean, the first known one first."""
        known_lots = sorted(self._by_key[sku, fold_lot(lot)], key=attrgetter("is_variant", "lot"))
        return [known.lot for known in known_lots]

    def other_spelling(self, sku: str, lot: str) -> str | None:
        """Return the known lot that a number spells in another way; None if it is known itself, or new."""
        spellings = self.spellings(sku, lot) if lot and (sku, lot) not in self else []
        return next(iter(spellings), None)

    def learn(self, sku: str, lot: str) -> None:
        """Remember a received lot number."""
        if lot and (sku, lot) not in self:
            self.put(KnownLot(sku, lot, bool(self.spellings(sku, lot))))
