"""Commands on counted goods in the house: put away, move, hold, lift, adjust, count, correct; and recalls."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_UNITS, Fact, Model
from shared.contracts.topics import LOTS_COMMANDS
from shared.identifiers import Count, Day, DocumentId, Location, LotNumber, Quantity, Reason, SerialNumber, Sku, Text


class PutAwayLot(Fact, type="lot.put_away.v1", topic=LOTS_COMMANDS, key="sku"):
    """Received goods were stored in a storage place, which holds one lot of a product; orders may have them."""

    sku: Sku
    lot: LotNumber = ""
    quantity: Quantity
    from_location: Location
    location: Location


class MoveLot(Fact, type="lot.move.v1", topic=LOTS_COMMANDS, key="sku"):
    """Free goods were moved to another place of the same kind."""

    sku: Sku
    lot: LotNumber = ""
    quantity: Quantity
    from_location: Location
    location: Location


class HoldLot(Fact, type="lot.hold.v1", topic=LOTS_COMMANDS, key="sku"):
    """Stop a lot, everywhere or at one place, from being allocated, picked and dispatched, what arrives later too."""

    sku: Sku
    lot: LotNumber = ""
    location: Location | None = None
    hold: DocumentId
    role: Annotated[str, Field(max_length=64)] = ""
    reason: Reason


class LiftLot(Fact, type="lot.lift.v1", topic=LOTS_COMMANDS, key="sku"):
    """Close a hold; of a hold on several lots, as a recall's is, only that on the named lot."""

    sku: Sku
    hold: DocumentId
    lot: LotNumber | None = None
    reason: Reason


class AdjustLot(Fact, type="lot.adjust.v1", topic=LOTS_COMMANDS, key="sku"):
    """So much of a lot was scrapped, lost, or found; held goods too, but none that an order has."""

    sku: Sku
    lot: LotNumber = ""
    location: Location
    quantity: Quantity
    adjustment: Literal["SCRAPPED", "LOST", "FOUND"]
    reason: Reason


class CountLot(Fact, type="lot.count.v1", topic=LOTS_COMMANDS, key="sku"):
    """Somebody counted a lot at a place; the difference to the books is counted up or down."""

    sku: Sku
    lot: LotNumber = ""
    location: Location
    counted: Count
    reason: Reason


class CorrectLot(Fact, type="lot.correct.v1", topic=LOTS_COMMANDS, key="sku"):
    """The label of a lot was read wrongly: these are its dates. It settles receipts that named different ones."""

    sku: Sku
    lot: LotNumber
    expiry: Day | None
    manufactured: Day | None = None
    best_before: Day | None = None
    reason: Reason

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.manufactured and any(day and day < self.manufactured for day in (self.expiry, self.best_before)):
            raise ValueError("it cannot expire before it was made")
        return self


class RecalledLot(Model):
    """A lot to be recalled; without a sku, of whatever product has it."""

    sku: Sku | None = None
    lot: LotNumber

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.lot and self.sku is None:
            raise ValueError("what has no lot number is named by its sku")
        return self


class RecalledSerial(Model):
    """A serial to be recalled; without a sku, of whatever product has it."""

    sku: Sku | None = None
    serial: SerialNumber


class SerialRange(Model):
    """All serials or lots of one length from the first to the last, as they sort, upper and lower case alike."""

    sku: Sku
    first: SerialNumber
    last: SerialNumber

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.first) != len(self.last) or self.first.lower() > self.last.lower():
            raise ValueError("its ends are of one length, the first before the last: of two lengths it is two ranges")
        return self


class OpenRecall(Fact, type="recall.open.v1", topic=LOTS_COMMANDS, key="recall"):
    """Find and hold what a recall touches; `text` is a pasted notice, in which lots and serials are looked for.

    A `mock` one finds without holding, and times itself.
    """

    recall: DocumentId
    lots: Annotated[list[RecalledLot], Field(max_length=MAX_UNITS)] = []
    serials: Annotated[list[RecalledSerial], Field(max_length=MAX_UNITS)] = []
    ranges: Annotated[list[SerialRange], Field(max_length=100)] = []
    skus: Annotated[list[Sku], Field(max_length=100)] = []
    """The products that the text is about, where it may not be about all."""
    text: Annotated[str, Field(max_length=10_000)] = ""
    mock: bool = False
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.lots or self.serials or self.ranges or self.text.strip()):
            raise ValueError("name lots, serials, ranges or a text")
        return self


class MarkRecalled(Fact, type="recall.mark.v1", topic=LOTS_COMMANDS, key="recall"):
    """What has become of a line of the call list: one customer's goods of one shipment."""

    recall: DocumentId
    shipment: DocumentId
    sku: Sku
    item: Text
    """The lot, or the serial."""
    mark: Literal["NOTIFIED", "RETURNED", "DESTROYED", "UNREACHABLE"]
    note: Text = ""


class CloseRecall(Fact, type="recall.close.v1", topic=LOTS_COMMANDS, key="recall"):
    """Nothing of it is open any more: every unit has been disposed of, every customer reached or given up."""

    recall: DocumentId
    reason: Reason
