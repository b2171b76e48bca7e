"""Messages from ERP and OMS: products, locations, ASNs and orders. HTTP accepts the same bodies.

They are processed as commands: a message that violates a rule is answered by a `.rejected` event.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.contracts.announced_lots import AnnouncedLots, AsnSerials, add_serials_of_lots
from shared.contracts.asn_cartons import AsnCartons, add_serials_of_cartons
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, MergePatch, Message
from shared.contracts.product_attributes import Barcodes, DayCount, ShelfLifePatch, Unit, WarrantyPatch
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.serial_ranges import SerialRanges
from shared.contracts.topics import ERP_ASNS, ERP_LOCATIONS, ERP_PRODUCTS, OMS_ORDERS
from shared.identifiers import (
    Decimals,
    DocumentId,
    Integer,
    LineId,
    Location,
    LotNumber,
    MultilineText,
    NonNegativeQuantity,
    Quantity,
    Reason,
    SerialNumber,
    ShortText,
    Sku,
    Text,
    Timestamp,
    Warehouse,
)


class ProductDefined(MergePatch, type="product.defined.v1", topic=ERP_PRODUCTS, key="sku"):
    """A product as defined by the ERP; `serial_tracked` and `lot_tracked` exclude each other.

    `decimals` is the maximum number of decimals of its quantities. Serial-tracked products use whole units. The message
    is a JSON merge patch (RFC 7396): omitted fields keep their values, null returns them to their defaults, lists are
    replaced. A new product needs a name; its other fields start with their defaults: unit `each`, not tracked, no
    barcodes, 6 decimals, any serial numbers, receipt unit by unit, no warranty.
    """

    sku: Sku
    name: Text | None = None
    unit: Unit | None = None
    serial_tracked: bool | None = None
    lot_tracked: bool | None = None
    barcodes: Barcodes | None = None
    shelf_life: ShelfLifePatch | None = None
    decimals: Decimals | None = None
    serial_format: SerialFormat | None = None
    serials_unique_per_product: bool | None = None
    receive_by_carton: bool | None = None
    warranty: WarrantyPatch | None = None


class WarehouseDefined(MergePatch, type="warehouse.defined.v1", topic=ERP_LOCATIONS, key="warehouse"):
    """A warehouse and its IANA time zone, which determines its calendar day.

    A JSON merge patch (RFC 7396): omitted fields keep their values. A new warehouse needs a name; its default time zone
    is UTC.
    """

    warehouse: Warehouse
    name: Text | None = None
    time_zone: ShortText | None = None


class LocationDefined(MergePatch, type="location.defined.v1", topic=ERP_LOCATIONS, key="location"):
    """A location in a warehouse: docks and staging locations receive stock, storage locations store it.

    Nothing is put at an inactive location, and nothing is allocated from there. A JSON merge patch (RFC 7396): omitted
    fields keep their values. A new location needs a type; by default it has the pick sequence 0 and is active.
    """

    location: Location
    type: Literal["DOCK", "STAGING", "STORAGE"] | None = None
    pick_sequence: Annotated[Integer, Field(ge=0, le=10_000_000)] | None = None
    is_active: bool | None = None


class AsnLine(SerialRanges):
    """A line of a part of an ASN: a quantity with the serial numbers and lots of some or all of its units.

    Serials that its lots list need not be repeated in `serials`.
    """

    line: LineId
    sku: Sku
    quantity: Quantity
    serials: AsnSerials = []
    lots: AnnouncedLots = []

    @model_validator(mode="after")
    def _list_serials_of_lots(self) -> "AsnLine":
        add_serials_of_lots(self, self.serials, self.lots)
        return self


class AsnLineChange(SerialRanges):
    """A changed or additional line of an ASN; omitted fields keep their values, the quantity 0 withdraws the line.

    Lots that list serials state the serials of the line, together with `serials`.
    """

    line: LineId
    sku: Sku
    quantity: Annotated[NonNegativeQuantity, Field(le=1_000_000)] | None = None
    serials: AsnSerials | None = None
    lots: AnnouncedLots | None = None

    @model_validator(mode="after")
    def _list_serials_of_lots(self) -> "AsnLineChange":
        add_serials_of_lots(self, self.serials or [], self.lots or [])
        return self


def _lines_cost(lines: "Sequence[AsnLine | AsnLineChange | OrderLine]") -> int:
    """A line is a row and emits an event: it costs as much as three units, or as its listed serials or lots."""
    return sum(max(3, len(line.serials or ()), len(line.lots or ())) for line in lines) or 1


def _limit_serials(lines: "Sequence[AsnLine | AsnLineChange]") -> None:
    if sum(len(line.serials or ()) for line in lines) > MAX_ITEMS_PER_MESSAGE:
        raise ValueError(f"at most {MAX_ITEMS_PER_MESSAGE} serials per message; send the others in a further part")
    if sum(len(line.lots or ()) for line in lines) > MAX_ITEMS_PER_MESSAGE:
        raise ValueError(f"at most {MAX_ITEMS_PER_MESSAGE} lots per message; send the others in a further part")


PartNumber = Annotated[Integer, Field(ge=1, le=100_000)]


class AsnAnnounced(Message, type="asn.announced.v1", topic=ERP_ASNS, key="receipt"):
    """An advance shipping notice, or one part of a long one.

    Each part replaces what it said before under the same receipt and `part`; parts above `parts` are withdrawn. A line
    expects the sum of all parts that name it, and their serial numbers. What was received stays received. A scan that
    names no lot or date takes those announced for its serial number, and the dates of its lot. `cartons` says what of
    the lines of the part is in which carton; a carton that several parts name contains what all of them say.
    """

    receipt: DocumentId
    warehouse: Warehouse
    kind: Literal["ASN", "BLIND", "OPENING"] = "ASN"
    supplier: Text = ""
    expected_at: Timestamp | None = None
    part: PartNumber = 1
    parts: PartNumber = 1
    lines: Annotated[list[AsnLine], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    cartons: AsnCartons = []
    """Cartons of the part, by SSCC; serials in them need not be repeated in the lines."""

    @model_validator(mode="after")
    def _validate_lines(self) -> "AsnAnnounced":
        add_serials_of_cartons(self.lines, self.cartons)
        _limit_serials(self.lines)
        if self.part > self.parts:
            raise ValueError(f"part {self.part} is above the number of parts, {self.parts}")
        if self.kind == "ASN" and not self.lines:
            raise ValueError("an ASN requires at least one line; a receipt without lines is BLIND or OPENING")
        return self

    def cost(self) -> int:
        """The cost of its lines and cartons."""
        return _lines_cost(self.lines) + len(self.cartons)


class AsnChanged(Message, type="asn.changed.v1", topic=ERP_ASNS, key="receipt"):
    """Adds lines or changes lines of an ASN before it arrives; omitted lines and fields keep their values.

    A line states its quantity and serial numbers over all parts, and replaces what the parts said about it. Withdrawn
    serials leave their cartons; other changes of cartons are sent with their part of the ASN.
    """

    receipt: DocumentId
    supplier: Text | None = None
    expected_at: Timestamp | None = None
    lines: Annotated[list[AsnLineChange], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []

    @model_validator(mode="after")
    def _validate_lines(self) -> "AsnChanged":
        _limit_serials(self.lines)
        return self

    def cost(self) -> int:
        """The cost of its lines."""
        return _lines_cost(self.lines)


class AsnCancelled(Message, type="asn.cancelled.v1", topic=ERP_ASNS, key="receipt"):
    """The sender cancels an ASN before it arrives."""

    receipt: DocumentId
    reason: Reason = "cancelled by the sender"


class Customer(ContractModel):
    """The customer of an order, with delivery address and contact."""

    id: DocumentId
    name: Text = ""
    ship_to: MultilineText = ""
    contact: Text = ""


class OrderLine(ContractModel):
    """An order line; if serial numbers or lots are listed, only these are allocated.

    With `single_lot` the whole quantity is allocated from one lot or not at all.
    """

    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lots: Annotated[list[LotNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    single_lot: bool = False


OrderLines = Annotated[list[OrderLine], Field(min_length=1, max_length=MAX_ITEMS_PER_MESSAGE)]


class OrderPlaced(Message, type="order.placed.v1", topic=OMS_ORDERS, key="order"):
    """A customer order. Higher priorities are allocated first, then older orders.

    `backorders` controls shortfalls: ALLOWED waits for stock, NOT_ALLOWED cancels the shortfall, SHIP_COMPLETE waits
    and releases the order for picking when all lines are allocated. `min_remaining_shelf_life_days` applies on the day
    of dispatch, unless the product's rule for the customer is stricter.
    """

    order: DocumentId
    warehouse: Warehouse
    customer: Customer
    priority: Annotated[Integer, Field(ge=0, le=9)] = 5
    backorders: Literal["ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"] = "ALLOWED"
    placed_at: Timestamp | None = None
    min_remaining_shelf_life_days: DayCount = 0
    lines: OrderLines

    def cost(self) -> int:
        """The cost of its lines."""
        return _lines_cost(self.lines)


class OrderAmended(Message, type="order.amended.v1", topic=OMS_ORDERS, key="order"):
    """Adds lines or changes lines of an order; omitted fields keep their values."""

    order: DocumentId
    customer: Customer | None = None
    priority: Annotated[Integer, Field(ge=0, le=9)] | None = None
    min_remaining_shelf_life_days: DayCount | None = None
    lines: Annotated[list[OrderLine], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []

    def cost(self) -> int:
        """The cost of its lines."""
        return _lines_cost(self.lines)


class OrderCancelled(Message, type="order.cancelled.v1", topic=OMS_ORDERS, key="order"):
    """An order is cancelled: its allocated stock is released, and its picked items are to be unpicked."""

    order: DocumentId
    reason: Reason = "cancelled by the sender"


class OrderLineCancelled(Message, type="order.line_cancelled.v1", topic=OMS_ORDERS, key="order"):
    """An order line is cancelled: its allocated stock is released, and its picked items are to be unpicked."""

    order: DocumentId
    line: LineId
    reason: Reason = "cancelled by the sender"
