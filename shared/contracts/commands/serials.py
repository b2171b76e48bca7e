"""Commands of the serials service: putaway, moves, holds, adjustments and expiry corrections."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.topics import SERIALS_COMMANDS
from shared.identifiers import Day, DocumentId, Location, LotNumber, Reason, SerialNumber, Sku, Warehouse

Serials = Annotated[list[SerialNumber], Field(min_length=1, max_length=MAX_ITEMS_PER_MESSAGE)]


class PutAwaySerials(Message, type="serial.put_away.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Puts received units away into a storage location and makes them available."""

    sku: Sku
    serials: Serials
    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class MoveSerials(Message, type="serial.move.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Moves available units to another location of the same type."""

    sku: Sku
    serials: Serials
    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class PlaceSerialHold(Message, type="serial.place_hold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Places a hold on units, which then cannot be allocated, picked or dispatched.

    A hold on a lot number also applies to later receipts of the lot.
    """

    sku: Sku
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lot: Annotated[LotNumber, Field(min_length=1)] | None = None
    hold_id: DocumentId
    reason: Reason

    @model_validator(mode="after")
    def _not_empty(self) -> "PlaceSerialHold":
        if bool(self.serials) == (self.lot is not None):
            raise ValueError("either serials or lot required")
        return self


class ReleaseSerialHold(Message, type="serial.release_hold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Releases a hold on all its units."""

    sku: Sku
    hold_id: DocumentId
    reason: Reason


class AdjustSerials(Message, type="serial.adjust.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Records units as scrapped, lost or found; VOID marks an erroneous registration, which is never allocated."""

    sku: Sku
    serials: Serials
    adjustment: Literal["SCRAPPED", "LOST", "FOUND", "VOID"]
    location: Location | None = None
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class CorrectSerialExpiry(Message, type="serial.correct_expiry.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Corrects the expiry date of units."""

    sku: Sku
    serials: Serials
    expiry: Day | None
    reason: Reason


class ReallocateSerialBackorders(Message, type="serial.reallocate_backorders.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Internal: allocates the backorders for a product in a warehouse again after its local date moved back.

    The serials service sends it to itself, one per product, so that each product is locked by its own message.
    """

    sku: Sku
    warehouse: Warehouse

    def cost(self) -> int:
        """Return the cost of a product's stock and backorders: a transaction reallocates at most 200 products."""
        return 25
