"""What lots says: what of each lot is where, what it gave to orders, what is held, what expires, what may leave."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.counted import LotAt, LotQuantities, LotQuantity, LotsAt, PackedStock
from shared.contracts.envelope import MAX_UNITS, Fact, Model, Rejected
from shared.contracts.reference import Tracking
from shared.contracts.topics import LOTS
from shared.identifiers import Count, Day, DocumentId, Exact, LineId, Location, LotNumber, Quantity, Sku

LotAdjustment = Literal["SCRAPPED", "LOST", "FOUND", "COUNTED_UP", "COUNTED_DOWN", "SENT_BACK"]


class LotReceived(Fact, type="lot.received.v1", topic=LOTS, key="sku"):
    """So much of a lot arrived, from a receipt or back from a customer, with the dates that are now in force."""

    sku: Sku
    lot: LotNumber
    quantity: Quantity
    location: Location
    expiry: Day | None = None
    manufactured: Day | None = None
    best_before: Day | None = None
    receipt: DocumentId | None = None
    line: LineId | None = None
    return_id: DocumentId | None = None
    order: DocumentId | None = None
    customer: DocumentId | None = None
    reason: str


class LotMoved(Fact, type="lot.moved.v1", topic=LOTS, key="sku"):
    """So much of a lot was put away or moved to another place."""

    sku: Sku
    lot: LotNumber
    quantity: Quantity
    from_location: Location
    location: Location
    reason: str


class GivenLot(LotAt):
    """So much of a lot at a place, reserved for an order line."""

    expiry: Day | None = None


class SkippedStock(Model):
    """Stock of a lot that was passed over, and why: held, expired, its life too short, not the lot that was asked."""

    lot: LotNumber
    quantity: Quantity
    reason: str


class LotAllocated(Fact, type="lot.allocated.v1", topic=LOTS, key="sku"):
    """The answer to a demand for a counted product: which lots it is given, what is short, what was skipped."""

    sku: Sku
    demand: DocumentId
    order: DocumentId
    line: LineId
    given: Annotated[list[GivenLot], Field(max_length=MAX_UNITS)] = []
    short: Count
    closed: bool = False
    skipped: Annotated[list[SkippedStock], Field(max_length=MAX_UNITS)] = []


class LotDeallocated(Fact, type="lot.deallocated.v1", topic=LOTS, key="sku"):
    """Reserved quantities are free again."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand: DocumentId
    lots: LotsAt
    reason: str


class LotPicked(Fact, type="lot.picked.v1", topic=LOTS, key="sku"):
    """Quantities of lots left their places for packing, at `location`."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand: DocumentId
    lots: LotsAt
    location: Location


class LotUnpicked(Fact, type="lot.unpicked.v1", topic=LOTS, key="sku"):
    """Picked quantities are in a storage place again."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand: DocumentId
    lots: LotQuantities
    location: Location
    reason: str


class LotShipped(Fact, type="lot.shipped.v1", topic=LOTS, key="sku"):
    """Quantities of lots left with a shipment, out of custody."""

    sku: Sku
    order: DocumentId
    line: LineId
    shipment: DocumentId
    customer: DocumentId
    lots: LotQuantities


class HeldStock(LotQuantity):
    """So much of a held lot that an order has: at a place where it is allocated, nowhere once it is picked."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    location: Location | None = None


class LotHeld(Fact, type="lot.held.v1", topic=LOTS, key="sku"):
    """A hold was opened on a lot, everywhere or at one place; `stock` is what orders have of it."""

    sku: Sku
    lot: LotNumber
    location: Location | None = None
    hold: DocumentId
    role: str = ""
    reason: str
    stock: Annotated[list[HeldStock], Field(max_length=MAX_UNITS)] = []


class LotHoldLifted(Fact, type="lot.hold_lifted.v1", topic=LOTS, key="sku"):
    """A hold was lifted; other holds on the same lot may still be open."""

    sku: Sku
    lot: LotNumber
    location: Location | None = None
    hold: DocumentId
    reason: str


class LotAdjusted(Fact, type="lot.adjusted.v1", topic=LOTS, key="sku"):
    """So much of a lot was scrapped, lost, found, counted up or down, or sent back."""

    sku: Sku
    lot: LotNumber
    location: Location
    quantity: Quantity
    adjustment: LotAdjustment
    reason: str


class LotCorrected(Fact, type="lot.corrected.v1", topic=LOTS, key="sku"):
    """The dates of a lot are others now; `orders` are those that have some of it, where its expiry is another.

    Said in several messages where so many orders have some of it.
    """

    sku: Sku
    lot: LotNumber
    before: Day | None = None
    expiry: Day | None = None
    manufactured: Day | None = None
    best_before: Day | None = None
    reason: str
    orders: Annotated[list[DocumentId], Field(max_length=MAX_UNITS)] = []

    def weight(self) -> int:
        """How many orders it touches."""
        return max(1, len(self.orders))


class LotMixed(Fact, type="lot.mixed.v1", topic=LOTS, key="sku"):
    """A storage place holds two lots of a product, as it could not be asked before: somebody must part them."""

    sku: Sku
    location: Location
    lots: Annotated[list[LotNumber], Field(max_length=MAX_UNITS)]


class LotExpiring(Fact, type="lot.expiring.v1", topic=LOTS, key="sku"):
    """A lot expires within so many days; said once a lot, warehouse and threshold, of what is ours there."""

    sku: Sku
    lot: LotNumber
    warehouse: str
    expiry: Day
    days: int
    threshold: int
    on_hand: Annotated[Exact, Field(ge=0)]
    picked: Annotated[Exact, Field(ge=0)] = Decimal(0)


class LotExpired(Fact, type="lot.expired.v1", topic=LOTS, key="sku"):
    """A lot has expired in a warehouse; what is ours of it there, on hand or picked, is on hold."""

    sku: Sku
    lot: LotNumber
    warehouse: str
    expiry: Day
    on_hand: Annotated[Exact, Field(ge=0)]
    picked: Annotated[Exact, Field(ge=0)] = Decimal(0)
    hold: DocumentId


class LotDispatchApproved(Fact, type="lot.dispatch_approved.v1", topic=LOTS, key="sku"):
    """These quantities may leave under this check, until the given time; it reserves nothing."""

    sku: Sku
    check: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    stock: Annotated[list[PackedStock], Field(max_length=MAX_UNITS)]
    until: datetime


class RefusedStock(PackedStock):
    """So much of a lot that may not leave, and why."""

    code: str
    detail: str


class LotDispatchRefused(Fact, type="lot.dispatch_refused.v1", topic=LOTS, key="sku"):
    """These quantities may not leave; the check has failed."""

    sku: Sku
    check: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    stock: Annotated[list[RefusedStock], Field(max_length=MAX_UNITS)]


MAX_RANGES = 100


class RecallRange(Model):
    """All serials of one length from the first to the last, as they sort, upper and lower case alike."""

    first: str
    last: str


class RecallOpened(Fact, type="recall.opened.v1", topic=LOTS, key="sku"):
    """A recall touches these lots and serials of a product: its owner holds and names what it has of it.

    Where the product is tracked another way later, it is said again, and the new owner answers. A `mock` one is
    answered in the same way, and nothing is held. Serials are touched by their lot number too.
    """

    recall: DocumentId
    sku: Sku
    tracking: Tracking | None = None
    """Who is to answer: the registry for SERIAL, else lots."""
    lots: Annotated[list[LotNumber], Field(max_length=MAX_UNITS)] = []
    serials: Annotated[list[str], Field(max_length=MAX_UNITS)] = []
    ranges: Annotated[list[RecallRange], Field(max_length=MAX_RANGES)] = []
    words: Annotated[list[str], Field(max_length=2_000)] = []
    """Of a pasted notice: whatever of the product is called so, is touched."""
    mock: bool = False
    hold: DocumentId
    reason: str


class RecallClosed(Fact, type="recall.closed.v1", topic=LOTS, key="sku"):
    """A recall is over; its holds on what is left are lifted with the dispositions, not by this."""

    recall: DocumentId
    sku: Sku
    reason: str


class LotRejected(Rejected, type="lot.rejected.v1", topic=LOTS, key="document"):
    """A message to lots that a rule refused, or a fact that did not fit."""
