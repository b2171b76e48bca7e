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
