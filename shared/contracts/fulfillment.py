"""What fulfillment says: what orders want, what was picked and packed, what shall leave and what has left."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.counted import LotQuantities, LotsAt, Packed
from shared.contracts.envelope import MAX_UNITS, Fact, Model, Rejected
from shared.contracts.reference import Tracking
from shared.contracts.topics import FULFILLMENT
from shared.identifiers import DocumentId, LineId, Location, LotNumber, Quantity, SerialNumber, Sku, Warehouse

Serials = Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)]
Shortfall = Literal["WAIT", "DROP"]
OrderStatus = Literal["WAITING", "OPEN", "COMPLETE", "CANCELLED"]


class AllocationRequested(Fact, type="allocation.requested.v1", topic=FULFILLMENT, key="order"):
    """An order line wants stock: the owner of the stock opens a standing demand and answers it."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    tracking: Tracking
    warehouse: Warehouse
    quantity: Quantity
    customer: DocumentId
    priority: int
    placed_at: datetime
    shortfall: Shortfall
    serials: Serials = []
    lots: Annotated[list[LotNumber], Field(max_length=MAX_UNITS)] = []
    single_lot: bool = False
    min_life_days: int = 0

    def weight(self) -> int:
        """As many units as it may be given at once; what is counted is given by the pile, however much."""
        return max(1, int(self.quantity)) if self.tracking == "SERIAL" else 1


class AllocationWithdrawn(Fact, type="allocation.withdrawn.v1", topic=FULFILLMENT, key="order"):
    """A demand is over: what is still ALLOCATED under it goes back to stock."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    tracking: Tracking
    reason: str


class UnitDeallocated(Fact, type="unit.deallocated.v1", topic=FULFILLMENT, key="order"):
    """Allocated units go back to stock; `again` opens their quantity anew under the demand.

    What is wanted again of a withdrawn demand is given back without `again`, and requested under a new one beside it.

    With `hold`, the units were not found where they should lie: they go back held, for somebody to look.
    """

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    serials: Serials
    again: bool
    reason: str
    hold: DocumentId | None = None


class UnitPicked(Fact, type="unit.picked.v1", topic=FULFILLMENT, key="order"):
    """Units were taken from their place and staged for packing."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    serials: Serials
    location: Location


class UnitUnpicked(Fact, type="unit.unpicked.v1", topic=FULFILLMENT, key="order"):
    """Picked units went back to a storage place; `again` opens their quantity anew under their demand."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    serials: Serials
    location: Location
    again: bool
    reason: str


class StockDeallocated(Fact, type="stock.deallocated.v1", topic=FULFILLMENT, key="order"):
    """Allocated quantities go back to stock; `again` and `hold` as for units, the hold on the lot at that place."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    lots: LotsAt
    again: bool
    reason: str
    hold: DocumentId | None = None


class StockPicked(Fact, type="stock.picked.v1", topic=FULFILLMENT, key="order"):
    """Quantities of lots were taken from their places and staged for packing, at `location`."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    lots: LotsAt
    location: Location


class StockUnpicked(Fact, type="stock.unpicked.v1", topic=FULFILLMENT, key="order"):
    """Picked quantities went back to a storage place; `again` opens them anew under their demand."""

    order: DocumentId
    line: LineId
    demand: DocumentId
    sku: Sku
    lots: LotQuantities
    location: Location
    again: bool
    reason: str


class PackedUnit(Model):
    """A unit in a carton, by order line."""

    line: LineId
    sku: Sku
    serial: SerialNumber


class CartonPacked(Fact, type="carton.packed.v1", topic=FULFILLMENT, key="order"):
    """What lies in a carton of an order now."""

    order: DocumentId
    carton: DocumentId
    units: Annotated[list[PackedUnit], Field(max_length=MAX_UNITS)]
    stock: Packed = []


class DispatchRequested(Fact, type="dispatch.requested.v1", topic=FULFILLMENT, key="order"):
    """May these units of an order leave? Asked anew, under a new check, at every attempt; long lists in several."""

    order: DocumentId
    orders: list[DocumentId]
    shipment: DocumentId
    check: DocumentId
    customer: DocumentId
    units: Annotated[list[PackedUnit], Field(max_length=MAX_UNITS)]
    stock: Packed = []
    min_life_days: int = 0


class DispatchDone(Fact, type="dispatch.done.v1", topic=FULFILLMENT, key="order"):
    """These units of an order left with a shipment; one message an order, more where it has many units."""

    order: DocumentId
    orders: list[DocumentId]
    shipment: DocumentId
    check: DocumentId
    customer: DocumentId
    carrier: str = ""
    tracking_number: str = ""
    units: Annotated[list[PackedUnit], Field(max_length=MAX_UNITS)]
    stock: Packed = []
    customer_name: str = ""
    contact: str = ""
    """Whom to call when what was shipped is recalled."""


class LineProgress(Model):
    """Where one order line stands, in units; `waiting` while its product is not defined here, or is not such."""

    line: LineId
    sku: Sku
    ordered: float
    allocated: float = 0
    picked: float = 0
    shipped: float = 0
    short: float = 0
    waiting: bool = False
    cancelled: bool = False


class OrderChanged(Fact, type="order.changed.v1", topic=FULFILLMENT, key="order"):
    """Where an order stands after an act, for those who wait for it; only the lines that the act touched."""

    order: DocumentId
    status: OrderStatus
    warehouse: Warehouse
    customer: DocumentId
    lines: Annotated[list[LineProgress], Field(max_length=MAX_UNITS)] = []


class OrderProductChanged(Fact, type="order.product_changed.v1", topic=FULFILLMENT, key="order"):
    """A product that lines of an order wait for is defined now, or tracked otherwise: the order looks at them again.

    Fulfillment says it to itself: who brings a product cannot name, and so cannot lock, the orders that wait for it.
    """

    order: DocumentId
    sku: Sku


class OrderRejected(Rejected, type="order.rejected.v1", topic=FULFILLMENT, key="document"):
    """A message to fulfillment that a rule refused, or a fact that did not fit."""
