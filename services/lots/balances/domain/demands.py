"""Demands of order lines for lot stock."""

from dataclasses import dataclass
from decimal import Decimal

from shared.contracts.reference import Tracking
from shared.inventory import demand


@dataclass(slots=True)
class Demand(demand.Demand[Decimal]):
    """Demand for a quantity of a lot-tracked or untracked product."""

    quantity: Decimal
    open_quantity: Decimal
    tracking: Tracking

    def accepts_lot(self, lot: str) -> bool:
        """Whether the demand can be allocated from a lot."""
        lots = self.eligible_lots
        return not lots or lot in lots
