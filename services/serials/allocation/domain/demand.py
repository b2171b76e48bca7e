"""Demands of order lines for units of a product in a warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.serials.units.domain.unit import Unit
from shared.inventory import demand
from shared.unit_of_work import MessageContext

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


class Allocation(NamedTuple):
    """Units allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: Demand
    units: Sequence[Unit]
    open_quantity_before: int
    context: MessageContext

    @property
    def is_short(self) -> bool:
        """Whether the open quantity was not filled completely."""
        return len(self.units) < self.open_quantity_before
