"""Lot quantities in messages, in the unit of the product.

The stock of an untracked product is one lot with an empty number and no dates; all rules for lots apply to it.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.contracts.raw_scans import ScansOfLot
from shared.identifiers import LineId, Location, LotNumber, NonNegativeQuantity, Quantity, Sku


class LotQuantity(ContractModel):
    """A quantity of a lot; the lot number is empty for untracked products."""

    lot: LotNumber = ""
    quantity: Quantity


class LotAtLocation(LotQuantity):
    """A quantity of a lot at a location."""

    location: Location


class DeallocatedLot(LotAtLocation):
    """A quantity of a lot that leaves its order; of a missing lot, `remaining` is left at the location, if reported."""

    remaining: NonNegativeQuantity | None = None


class PickedLot(LotQuantity):
    """A picked quantity of a lot; `location` is where it stands, unset if the sender does not say."""

    location: Location | None = None


class ScannedLot(ContractModel):
    """A quantity of a lot that may have been scanned."""

    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if the lot was typed."""


class ScannedLotAtLocation(LotAtLocation, ScannedLot):
    """A quantity of a lot at a location, with its scans."""


class ScannedPickedLot(PickedLot, ScannedLot):
    """A picked quantity of a lot, with its scans."""


class PackedLot(ScannedPickedLot):
    """A quantity of a lot in a carton, by order line and location."""

    line: LineId
    sku: Sku


LotQuantities = Annotated[list[LotQuantity], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
LotsAtLocation = Annotated[list[LotAtLocation], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
DeallocatedLots = Annotated[list[DeallocatedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
ScannedLotsAtLocation = Annotated[list[ScannedLotAtLocation], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
ScannedPickedLots = Annotated[list[ScannedPickedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
PackedLots = Annotated[list[PackedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
