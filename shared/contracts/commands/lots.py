"""Commands of the lots service: putaway, moves, holds, adjustments, cycle counts, recalls."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.commands.recalled_items import RecalledLot, RecalledSerial, SerialRange
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.raw_scans import RawScans
from shared.contracts.topics import LOTS_COMMANDS
from shared.identifiers import (
    ClockError,
    DocumentId,
    Location,
    LotNumber,
    MultilineText,
    NonNegativeQuantity,
    NoticeText,
    Quantity,
    Reason,
    ShortText,
    Sku,
    Text,
    Timestamp,
    Warehouse,
)


class LotCommand(RawScans):
    """A command that takes a quantity of one lot, named by product, lot and quantity or by raw scans."""

    QUANTITY: ClassVar[str] = ""
    """Field with the quantity, which the scans say if it is omitted."""

    sku: Sku = ""
    """Product; raw scans may name it instead."""
    lot: LotNumber = ""

    @model_validator(mode="after")
    def _scans_or_values(self) -> Self:
        if not self.scans:
            for name in ("sku", self.QUANTITY):
                if name and name not in self.model_fields_set:
                    raise ValueError(f"{name} required without scans")
        return self


class PutAwayLot(LotCommand, type="lot.put_away.v1", topic=LOTS_COMMANDS, key="sku"):
    """Puts received stock away into a storage location and makes it available; one lot of a product per location."""

    QUANTITY = "quantity"

    quantity: Quantity = Decimal(0)
    """Quantity; by default what the raw scans add up to."""
    from_location: Location
    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class MoveLot(LotCommand, type="lot.move.v1", topic=LOTS_COMMANDS, key="sku"):
    """Moves available stock to another location of the same type."""

    QUANTITY = "quantity"

    quantity: Quantity = Decimal(0)
    """Quantity; by default what the raw scans add up to."""
    from_location: Location
    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class PlaceLotHold(LotCommand, type="lot.place_hold.v1", topic=LOTS_COMMANDS, key="sku"):
    """Places a hold on a lot, everywhere or at one location, including later receipts.

    Held stock cannot be allocated, picked or dispatched.
    """

    location: Location | None = None
    hold_id: DocumentId
    owner_role: ShortText = ""
    reason: Reason


class ReleaseLotHold(Message, type="lot.release_hold.v1", topic=LOTS_COMMANDS, key="sku"):
    """Releases a hold; for a hold on several lots, such as that of a recall, only the named lot."""

    sku: Sku
    hold_id: DocumentId
    lot: LotNumber | None = None
    reason: Reason


class AdjustLot(LotCommand, type="lot.adjust.v1", topic=LOTS_COMMANDS, key="sku"):
    """Records a quantity as scrapped, lost or found; held stock too, but not stock that belongs to an order.

    A lot cannot be found in a storage location that holds another lot of the product.
    """

    QUANTITY = "quantity"

    location: Location
    quantity: Quantity = Decimal(0)
    """Quantity; by default what the raw scans add up to."""
    adjustment: Literal["SCRAPPED", "LOST", "FOUND"]
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class CountLot(LotCommand, type="lot.count.v1", topic=LOTS_COMMANDS, key="sku"):
    """Records a count of a lot at a location, with the picked stock that stands there.

    It is compared with the books of the time of the count: later movements stay, whenever they arrive.
    """

    QUANTITY = "counted"

    location: Location
    counted: NonNegativeQuantity = Decimal(0)
    """Counted quantity; by default what the raw scans add up to: each scan of a case or an item is counted."""
    counted_at: Timestamp | None = None
    """Time of the count by the clock of the device; by default the time of the message."""
    clock_error_seconds: ClockError = 0
    """How far the clock of the device is ahead of the server, as measured by the device; negative if it is behind."""
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""

    @model_validator(mode="after")
    def _clock_error_of_device_time(self) -> Self:
        if self.clock_error_seconds and self.counted_at is None:
            raise ValueError("clock_error_seconds requires counted_at")
        return self


class OpenRecall(RawScans, type="recall.open.v1", topic=LOTS_COMMANDS, key="recall"):
    """Opens a recall: finds and holds all affected stock; `text` is a recall notice searched for lots and serials.

    The notice is searched for the lot and serial numbers that exist, for ranges of them, and for expiry, best-by and
    production dates. An exact SKU or a valid barcode in it limits the search to its product; a product name limits it
    once its SKU is listed in `skus`. A mock recall finds without holding and measures the time. A dry run finds without
    holding; a recall with the same id may follow once all services have answered. Raw `scans` add the unit, or else the
    lot, on each label; if one of them cannot be read, the recall is not opened.
    """

    recall: DocumentId
    lots: Annotated[list[RecalledLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    serials: Annotated[list[RecalledSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    ranges: Annotated[list[SerialRange], Field(max_length=100)] = []
    skus: Annotated[list[Sku], Field(max_length=100)] = []
    """Restricts the text search to these products and those whose SKU or barcode is in the text."""
    text: NoticeText = ""
    date_order: Literal["DMY", "MDY", "YMD"] | None = None
    """Order of day, month and year in the text; if null, each reading of a date is recalled."""
    mock: bool = False
    dry_run: bool = False
    reason: Reason

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.lots or self.serials or self.ranges or self.scans or self.text.strip()):
            raise ValueError("lots, serials, ranges, scans or text required")
        return self


class RecordCustomerContact(Message, type="recall.record_contact.v1", topic=LOTS_COMMANDS, key="recall"):
    """Records the outcome of the contact with one customer about a line of the contact list.

    NOTIFIED settles nothing: the line is settled once the items are returned or destroyed, or nobody can be reached.
    """

    recall: DocumentId
    customer: DocumentId
    order: DocumentId | None = None
    """Order of the line; null if the line has none."""
    shipment: DocumentId | None = None
    """Shipment of the line; null if the line has none."""
    sku: Sku
    lot_or_serial: Text
    """Lot number or serial number."""
    outcome: Literal["NOTIFIED", "RETURNED", "DESTROYED", "UNREACHABLE"]
    note: MultilineText = ""


class CloseRecall(Message, type="recall.close.v1", topic=LOTS_COMMANDS, key="recall"):
    """Closes a recall after all stock has a disposition and all customers were contacted."""

    recall: DocumentId
    reason: Reason


class ReallocateLotBackorders(Message, type="lot.reallocate_backorders.v1", topic=LOTS_COMMANDS, key="sku"):
    """Internal: allocates the backorders for a product in a warehouse again after its local date moved back.

    The lots service sends it to itself, one per product, so that each product is locked by its own message.
    """

    sku: Sku
    warehouse: Warehouse

    def cost(self) -> int:
        """Return the cost of a product's stock and backorders: a transaction reallocates at most 200 products."""
        return 25
