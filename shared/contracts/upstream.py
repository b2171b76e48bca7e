"""What ERP and OMS tell us: products, places, announced arrivals and orders. HTTP takes the same bodies.

These are requests: a rule may refuse one (`.rejected`), so that nothing upstream sends is lost or half done.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_UNITS, Fact, Model
from shared.contracts.topics import ERP_ASNS, ERP_LOCATIONS, ERP_PRODUCTS, OMS_ORDERS
from shared.identifiers import (
    MOST_DECIMALS,
    Decimals,
    DocumentId,
    LineId,
    Location,
    LotNumber,
    Moment,
    Quantity,
    Reason,
    SerialNumber,
    Sku,
    Text,
    Warehouse,
)


class Barcode(Model):
    """A code on a box of the product, and how many units one scan of it means."""

    code: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1


Days = Annotated[int, Field(ge=0, le=3650)]


class CustomerLife(Model):
    """How many days of life a customer demands of a product on the day it leaves."""

    customer: DocumentId
    min_life_days: Days


class LifePolicy(Model):
    """What a product's days of life mean to us and to its customers; days are counted up to its expiry.

    `expiry_required` left out is true for lot-tracked products. Goods that arrive with less than
    `min_life_at_receipt` are refused or held. From `stop_pick_days` before its expiry a lot is given to no order any
    more; at `expiring_days` before it somebody is told.
    """

    expiry_required: bool | None = None
    min_life_at_receipt: Days = 0
    short_life: Literal["REFUSE", "HOLD"] = "REFUSE"
    stop_pick_days: Days = 0
    expiring_days: Annotated[list[Days], Field(max_length=10)] = [90, 60, 30, 7]
    customers: Annotated[list[CustomerLife], Field(max_length=MAX_UNITS)] = []

    def min_life(self, customer: str, asked: int = 0) -> int:
        """How many days of life a customer's order demands of it: what was agreed with the customer, or asked for."""
        return max([asked, *(one.min_life_days for one in self.customers if one.customer == customer)])


class ProductDefined(Fact, type="product.defined.v1", topic=ERP_PRODUCTS, key="sku"):
    """A product as the ERP knows it; the boxes `serial_tracked` and `lot_tracked` exclude each other.

    `decimals` is how many of its unit quantities may have, 0 for bottles; what is serialised is counted in whole units.
    """

    sku: Sku
    name: Text
    unit: Annotated[str, Field(min_length=1, max_length=16)] = "each"
    serial_tracked: bool = False
    lot_tracked: bool = False
    barcodes: Annotated[list[Barcode], Field(max_length=100)] = []
    life: LifePolicy = LifePolicy()
    decimals: Decimals = MOST_DECIMALS


class WarehouseDefined(Fact, type="warehouse.defined.v1", topic=ERP_LOCATIONS, key="warehouse"):
    """A warehouse and the time zone its days are counted in (an IANA name)."""

    warehouse: Warehouse
    name: Text
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


class LocationDefined(Fact, type="location.defined.v1", topic=ERP_LOCATIONS, key="location"):
    """A place in a warehouse; goods are received at a dock or staging place and stored in a storage place."""

    location: Location
    type: Literal["DOCK", "STAGING", "STORAGE"]
    pick_sequence: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class AsnLine(Model):
    """What one line announces: a quantity, of which some or all units are named."""

    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)] = []


def _weight(lines: "Sequence[AsnLine | OrderLine]") -> int:
    """A line is a row, and asks or tells somebody: it costs as much as three units, or as those it names."""
    return sum(max(3, len(line.serials)) for line in lines) or 1


def _few_units(lines: list[AsnLine]) -> None:
    if sum(len(line.serials) for line in lines) > MAX_UNITS:
        raise ValueError(f"at most {MAX_UNITS} serials in one message; announce the rest in a further part")


class AsnAnnounced(Fact, type="asn.announced.v1", topic=ERP_ASNS, key="receipt"):
    """Goods on their way; a long announcement comes in parts, each adding its lines, quantities and serials."""

    receipt: DocumentId
    warehouse: Warehouse
    kind: Literal["ASN", "BLIND", "OPENING"] = "ASN"
    supplier: Text = ""
    expected_at: Moment | None = None
    lines: Annotated[list[AsnLine], Field(max_length=MAX_UNITS)] = []

    @model_validator(mode="after")
    def _lines_fit(self) -> "AsnAnnounced":
        _few_units(self.lines)
        if self.kind == "ASN" and not self.lines:
            raise ValueError("an ASN announces at least one line; a receipt without lines is BLIND or OPENING")
        return self

    def weight(self) -> int:
        """What its lines cost."""
        return _weight(self.lines)


class AsnChanged(Fact, type="asn.changed.v1", topic=ERP_ASNS, key="receipt"):
    """What to add to an announcement and what to take out of it, before it arrives."""

    receipt: DocumentId
    add: Annotated[list[AsnLine], Field(max_length=MAX_UNITS)] = []
    remove: Annotated[list[AsnLine], Field(max_length=MAX_UNITS)] = []

    @model_validator(mode="after")
    def _lines_fit(self) -> "AsnChanged":
        _few_units([*self.add, *self.remove])
        if not self.add and not self.remove:
            raise ValueError("a change adds or removes at least one line")
        return self

    def weight(self) -> int:
        """What the lines cost that it adds or removes."""
        return _weight([*self.add, *self.remove])


class AsnCancelled(Fact, type="asn.cancelled.v1", topic=ERP_ASNS, key="receipt"):
    """The goods will not come."""

    receipt: DocumentId
    reason: Reason = "cancelled by the sender"


class Customer(Model):
    """Who the goods are for, where they go and whom to call."""

    id: DocumentId
    name: Text = ""
    ship_to: Text = ""
    contact: Text = ""


class OrderLine(Model):
    """What one line asks for; named serials or lots are wanted exactly and no others.

    With `single_lot` it is served from one lot or not at all.
    """

    line: LineId
    sku: Sku
    quantity: Quantity
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)] = []
    lots: Annotated[list[LotNumber], Field(max_length=MAX_UNITS)] = []
    single_lot: bool = False


OrderLines = Annotated[list[OrderLine], Field(min_length=1, max_length=MAX_UNITS)]


class OrderPlaced(Fact, type="order.placed.v1", topic=OMS_ORDERS, key="order"):
    """A customer's order. A higher priority is served first, then the older order.

    `backorders` says what a shortfall means: ALLOWED waits for stock, REFUSED drops what is short, SHIP_COMPLETE waits
    and releases no pick before every line is full. `min_life_days` is the life that goods must have left when they
    leave; where the customer demands more of a product, that counts.
    """

    order: DocumentId
    warehouse: Warehouse
    customer: Customer
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    backorders: Literal["ALLOWED", "REFUSED", "SHIP_COMPLETE"] = "ALLOWED"
    placed_at: Moment | None = None
    min_life_days: Days = 0
    lines: OrderLines

    def weight(self) -> int:
        """What its lines cost."""
        return _weight(self.lines)


class OrderAmended(Fact, type="order.amended.v1", topic=OMS_ORDERS, key="order"):
    """New lines, and lines whose quantity, serials or lots are now others; a field left out stays as it is."""

    order: DocumentId
    customer: Customer | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    min_life_days: Days | None = None
    lines: Annotated[list[OrderLine], Field(max_length=MAX_UNITS)] = []

    def weight(self) -> int:
        """What its lines cost."""
        return _weight(self.lines)


class OrderCancelled(Fact, type="order.cancelled.v1", topic=OMS_ORDERS, key="order"):
    """The customer wants nothing more of it."""

    order: DocumentId
    reason: Reason = "cancelled by the sender"


class OrderLineCancelled(Fact, type="order.line_cancelled.v1", topic=OMS_ORDERS, key="order"):
    """The customer wants nothing more of one line."""

    order: DocumentId
    line: LineId
    reason: Reason = "cancelled by the sender"
