"""Commands of the serials service: putaway, moves, holds, adjustments, counts and expiry corrections."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.raw_scans import RawScans, require_scans_or_items
from shared.contracts.topics import SERIALS_COMMANDS
from shared.identifiers import (
    ClockError,
    Day,
    DocumentId,
    Integer,
    Location,
    LotNumber,
    Reason,
    SerialNumber,
    Sku,
    Text,
    Timestamp,
    Warehouse,
)

Serials = Annotated[list[SerialNumber], Field(min_length=1, max_length=MAX_ITEMS_PER_MESSAGE)]
SerialsOrNone = Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class SerialsCommand(RawScans):
    """A command that takes units of a product, named by their serial numbers or by raw scans."""

    sku: Sku = ""
    """Product; raw scans may name it instead."""
    serials: SerialsOrNone = []

    @model_validator(mode="after")
    def _scans_or_serials(self) -> Self:
        require_scans_or_items(self, "serials", is_given=bool(self.serials))
        return self


class PutAwaySerials(SerialsCommand, type="serial.put_away.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Puts received units away into a storage location and makes them available."""

    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class MoveSerials(SerialsCommand, type="serial.move.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Moves available units to another location of the same type."""

    location: Location
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""


class PlaceSerialHold(RawScans, type="serial.place_hold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Places a hold on units, which then cannot be allocated, picked or dispatched.

    A hold on a lot number also applies to later receipts of the lot.
    """

    sku: Sku = ""
    """Product; raw scans may name it instead."""
    serials: SerialsOrNone = []
    lot: Annotated[LotNumber, Field(min_length=1)] | None = None
    hold_id: DocumentId
    reason: Reason

    @model_validator(mode="after")
    def _not_empty(self) -> "PlaceSerialHold":
        if self.serials and self.lot is not None:
            raise ValueError("either serials or lot required")
        require_scans_or_items(self, "serials or lot", is_given=bool(self.serials) or self.lot is not None)
        return self


class ReleaseSerialHold(Message, type="serial.release_hold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Releases a hold on all its units."""

    sku: Sku
    hold_id: DocumentId
    reason: Reason


class AdjustSerials(SerialsCommand, type="serial.adjust.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Records units as scrapped, lost or found; VOID marks an erroneous registration, which is never allocated.

    Units are FOUND at `location`, by default at their location in the books. RETURNED_FROM_VENDOR, not FOUND, takes
    back units that were returned to the vendor, for example after a repair: they are RECEIVED at the dock or staging
    location `location`, as from a receipt.
    """

    adjustment: Literal["SCRAPPED", "LOST", "FOUND", "VOID", "RETURNED_FROM_VENDOR"]
    location: Location | None = None
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""

    @model_validator(mode="after")
    def _location_of_arrival(self) -> "AdjustSerials":
        if self.adjustment == "RETURNED_FROM_VENDOR" and self.location is None:
            raise ValueError("location required with RETURNED_FROM_VENDOR")
        if self.location is not None and self.adjustment not in {"FOUND", "RETURNED_FROM_VENDOR"}:
            raise ValueError("location applies to FOUND and RETURNED_FROM_VENDOR only")
        return self


class RegisterSoldSerials(Message, type="serial.register_sold.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Registers units of one sale that were sold before the registry existed, as SHIPPED.

    Their warranty is fixed from the day of the sale, and they can come back as a customer return of their order. Serial
    numbers that are registered already are rejected.
    """

    sku: Sku
    serials: Serials
    sold_on: Day
    """Day of the sale; its audit entry has noon UTC of this day as its time."""
    order: DocumentId
    """Order or invoice of the sale; a customer return names it."""
    customer: DocumentId
    customer_name: Text = ""
    contact: Text = ""
    shipment: DocumentId | None = None
    """Delivery note of the sale; by default the number of the order."""
    lot: LotNumber | None = None
    manufactured_on: Day | None = None
    """Manufacturing date on the label, from which the warranty may start."""
    reason: Reason
    document: DocumentId | None = None
    """Document of the change, for example the list that is taken over."""

    @model_validator(mode="after")
    def _made_before_its_sale(self) -> "RegisterSoldSerials":
        if self.manufactured_on and self.sold_on < self.manufactured_on:
            raise ValueError("sold_on precedes manufactured_on")
        return self


class CountSerials(RawScans, type="serial.count.v1", topic=SERIALS_COMMANDS, key="location"):
    """Records a count of the units at a location, which may come in several parts with the same `count_id`.

    It is compared with the registry at the time of the count. Differences become count discrepancies.
    """

    count_id: DocumentId
    location: Location
    units: Annotated[list[UnitSelector], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    """All units at the location, unless raw scans name them; empty if there are none."""
    part: Annotated[Integer, Field(ge=1)] = 1
    parts: Annotated[Integer, Field(ge=1, le=1000)] = 1
    counted_at: Timestamp | None = None
    """Time of the count by the clock of the device, the same in all parts; by default the time of the message."""
    clock_error_seconds: ClockError = 0
    """How far the clock of the device is ahead of the server, as measured by the device; negative if it is behind."""
    reason: Reason

    @model_validator(mode="after")
    def _parts_of_one_count(self) -> "CountSerials":
        if self.units and self.scans:
            raise ValueError("either scans or units required")
        if self.part > self.parts:
            raise ValueError("part must not exceed parts")
        if self.counted_at is None and (self.parts > 1 or self.clock_error_seconds):
            raise ValueError("counted_at required with several parts and with clock_error_seconds")
        return self


CountDiscrepancyKind = Literal["MISSING", "UNEXPECTED"]
CountDiscrepancyStatus = Literal["OPEN", "RESOLVED"]
CountResolution = Literal["LOST", "FOUND", "MOVED", "NO_CHANGE", "COUNTED_AGAIN"]


class ResolveCountDiscrepancies(
    SerialsCommand, type="serial.resolve_count_discrepancies.v1", topic=SERIALS_COMMANDS, key="sku"
):
    """Resolves the open count discrepancies of units at a location.

    A missing unit is LOST, or FOUND without a change. An unexpected one is MOVED to the location, or NO_CHANGE.
    """

    location: Location
    resolution: Literal["LOST", "FOUND", "MOVED", "NO_CHANGE"]
    reason: Reason


class CorrectSerialExpiry(SerialsCommand, type="serial.correct_expiry.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Corrects the expiry date of units; raw scans say it by their labels, unless it is given."""

    expiry: Day | None = None
    """Right expiry date; null if there is none."""
    reason: Reason

    @model_validator(mode="after")
    def _given_or_on_labels(self) -> Self:
        if not self.scans and "expiry" not in self.model_fields_set:
            raise ValueError("expiry required without scans")
        return self


class CorrectSerialLot(SerialsCommand, type="serial.correct_lot.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Corrects the lot number of units, whose serial numbers stay: supervisors only, with a reason.

    Holds stay on the units; those of the right lot are added. Shipped units are reported to its open recalls, too,
    and are an event conflict that names the customer if another hold is on the right lot.
    """

    lot: LotNumber = ""
    """Lot number on the label; raw scans may say it instead."""
    reason: Reason

    @model_validator(mode="after")
    def _given_or_on_labels(self) -> Self:
        if not self.scans and not self.lot:
            raise ValueError("lot required without scans")
        return self


class ReallocateSerialBackorders(Message, type="serial.reallocate_backorders.v1", topic=SERIALS_COMMANDS, key="sku"):
    """Internal: allocates the backorders for a product in a warehouse again after its local date moved back.

    The serials service sends it to itself, one per product, so that each product is locked by its own message.
    """

    sku: Sku
    warehouse: Warehouse

    def cost(self) -> int:
        """Return the cost of a product's stock and backorders: a transaction reallocates at most 200 products."""
        return 25
