"""Counted goods as messages name them: a quantity of a lot, in the product's unit. An empty lot is of no lot.

An untracked product is a lot with an empty number and no expiry: whatever holds for lots holds for it.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import MAX_UNITS, Model
from shared.identifiers import LineId, Location, LotNumber, Quantity, Sku


class LotQuantity(Model):
    """So much of a lot."""

    lot: LotNumber = ""
    quantity: Quantity


class LotAt(LotQuantity):
    """So much of a lot at a place."""

    location: Location


class PackedStock(LotQuantity):
    """So much of a lot in a carton, by order line."""

    line: LineId
    sku: Sku


LotQuantities = Annotated[list[LotQuantity], Field(max_length=MAX_UNITS)]
LotsAt = Annotated[list[LotAt], Field(max_length=MAX_UNITS)]
Packed = Annotated[list[PackedStock], Field(max_length=MAX_UNITS)]
