"""Demands of order lines for units of a product in a warehouse."""

from dataclasses import dataclass, field
from typing import Literal

from services.serials.units.domain.unit import Unit
from shared.inventory import allocation, demand

DemandKind = Literal["ANY", "BY_SERIAL", "BY_LOT", "SINGLE_LOT"]


@dataclass(slots=True)
class Demand(demand.Demand[int]):
    """Demand for units, by serial, by lot or any."""

    quantity: int
    open_quantity: int
    kind: DemandKind
    """Kind of criteria: requested serials, a single lot, allowed lots, or any unit."""
    serials: frozenset[str] = field(default=frozenset(), kw_only=True)
    """Serials that the demand requests; if empty, any unit of the product."""

    @property
    def requested_serials(self) -> frozenset[str]:
        """Listed serials."""
        return self.serials


Allocation = allocation.Allocation[Demand, Unit]
