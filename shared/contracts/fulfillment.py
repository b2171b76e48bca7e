"""Events of the fulfillment service: demands, picks, cartons, dispatch checks, dispatches and order status."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message, Rejected
from shared.contracts.quantities import DeallocatedLots, PackedLots, ScannedLotsAtLocation, ScannedPickedLots
from shared.contracts.raw_scans import ScansOfSerials
from shared.contracts.reference import Tracking
from shared.contracts.topics import FULFILLMENT
from shared.identifiers import (
    DocumentId,
    Integer,
    LineId,
    Location,
    LotNumber,
    Number,
    Quantity,
    SerialNumber,
    Sku,
    Warehouse,
)

Serials = Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
Shortfall = Literal["BACKORDER", "CANCEL"]
OrderStatus = Literal["OPEN", "PARTLY_SHIPPED", "SHIPPED", "CLOSED_SHORT", "CANCELLED"]


class AllocationRequested(Message, type="allocation.requested.v1", topic=FULFILLMENT, key="order"):
    """An order line requests stock; the service that owns the stock opens a demand and responds to it."""

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    tracking: Tracking
    warehouse: Warehouse
    quantity: Quantity
    customer: DocumentId
    priority: Integer
    placed_at: datetime
    shortfall: Shortfall
    serials: Serials = []
    lots: Annotated[list[LotNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    single_lot: bool = False
    min_remaining_shelf_life_days: Integer = 0

    def cost(self) -> int:
        """The number of units that may be allocated at once; one for products without serial numbers."""
        return max(1, int(self.quantity)) if self.tracking == "SERIAL" else 1


class AllocationCancelled(Message, type="allocation.cancelled.v1", topic=FULFILLMENT, key="order"):
    """A demand was cancelled: units and quantities still allocated to it return to stock."""

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    tracking: Tracking
    reason: str


class HandOver(ContractModel):
    """A narrower demand of the same order, which gets the released stock before any other demand.

    A closed demand is opened again for the open quantity.
    """

    demand_id: DocumentId
    open_quantity: Quantity


class OrderSerialsDeallocated(Message, type="order.serials_deallocated.v1", topic=FULFILLMENT, key="order"):
    """Allocated units return to stock; with `reallocate`, their quantity is open again under the demand.

    For a cancelled demand `reallocate` is false; a replacement is requested under a new demand.

    With `hold_id`, the units were not found at their location and return on hold for investigation.
    With `hand_over`, they move to a narrower demand of the order, such as one for a listed serial number.
    With `lost`, a count did not find them.
    """

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    serials: Serials
    reallocate: bool
    reason: str
    hold_id: DocumentId | None = None
    hand_over: HandOver | None = None
    lost: bool = False


class OrderSerialsPicked(Message, type="order.serials_picked.v1", topic=FULFILLMENT, key="order"):
    """Units were picked from their locations and staged for packing."""

    OCCURS_WITH_CAUSE: ClassVar[bool] = True

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    serials: Serials
    location: Location
    scans: ScansOfSerials | None = None
    """Texts as the scanner sent them, parallel to `serials`, empty where the number was typed; null if all were."""


class OrderSerialsUnpicked(Message, type="order.serials_unpicked.v1", topic=FULFILLMENT, key="order"):
    """Picked units returned to a storage location; with `reallocate`, their quantity is open again under the demand.

    With `lost`, the units went missing at `location` instead.
    """

    OCCURS_WITH_CAUSE: ClassVar[bool] = True

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    serials: Serials
    location: Location
    reallocate: bool
    reason: str
    lost: bool = False
    scans: ScansOfSerials | None = None
    """Texts as the scanner sent them, parallel to `serials`, empty where the number was typed; null if all were."""


class OrderLotsDeallocated(Message, type="order.lots_deallocated.v1", topic=FULFILLMENT, key="order"):
    """Allocated quantities return to stock; with `reallocate`, they are open again under the demand.

    With `variance_id`, a picker did not find them: they stay under investigation at their location.
    With `hand_over`, it moves to a narrower demand of the order, such as one for certain lots or a single lot.
    """

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    lots: DeallocatedLots
    reallocate: bool
    reason: str
    variance_id: DocumentId | None = None
    hand_over: HandOver | None = None


class OrderLotsPicked(Message, type="order.lots_picked.v1", topic=FULFILLMENT, key="order"):
    """Quantities of lots were picked from their locations and staged for packing at `location`."""

    OCCURS_WITH_CAUSE: ClassVar[bool] = True

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    lots: ScannedLotsAtLocation
    location: Location


class OrderLotsUnpicked(Message, type="order.lots_unpicked.v1", topic=FULFILLMENT, key="order"):
    """Picked quantities returned to a storage location; with `reallocate`, they are open again under the demand.

    With `lost`, the quantities went missing at `location` instead.
    """

    OCCURS_WITH_CAUSE: ClassVar[bool] = True

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    sku: Sku
    lots: ScannedPickedLots
    location: Location
    reallocate: bool
    reason: str
    lost: bool = False


class PackedSerial(ContractModel):
    """A unit in a carton, by order line."""

    line: LineId
    sku: Sku
    serial: SerialNumber


class CartonPacked(Message, type="carton.packed.v1", topic=FULFILLMENT, key="order"):
    """The current content of a carton of an order."""

    order: DocumentId
    carton: DocumentId
    sscc: Annotated[str, Field(pattern=r"^[0-9]{18}$")] | None = None
    units: Annotated[list[PackedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    stock: PackedLots = []
    scans: ScansOfSerials | None = None
    """Scans by which units were packed, as sent, parallel to `units`, empty for the others; null if there are none."""


class DispatchCheckRequested(Message, type="dispatch_check.requested.v1", topic=FULFILLMENT, key="order"):
    """Requests a check that items of an order may be dispatched.

    Each attempt has a new `check_id`; long lists are split into several messages.
    """

    order: DocumentId
    orders: list[DocumentId]
    shipment: DocumentId
    check_id: DocumentId
    customer: DocumentId
    units: Annotated[list[PackedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    stock: PackedLots = []
    min_remaining_shelf_life_days: Integer = 0


class OrderDispatched(Message, type="order.dispatched.v1", topic=FULFILLMENT, key="order"):
    """Items of an order left with a shipment; one message per order, several for long lists."""

    order: DocumentId
    orders: list[DocumentId]
    shipment: DocumentId
    check_id: DocumentId
    customer: DocumentId
    carrier: str = ""
    tracking_number: str = ""
    units: Annotated[list[PackedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    stock: PackedLots = []
    customer_name: str = ""
    contact: str = ""
    """Customer contact for recalls of the shipped items."""
    ship_to: str = ""


class LineProgress(ContractModel):
    """Quantities of an order line; they add up to `ordered`.

    `awaiting_product` while its product is undefined or does not suit the line; its quantity is then `open`.
    """

    line: LineId
    sku: Sku
    ordered: Number
    open: Number = 0
    backordered: Number = 0
    allocated: Number = 0
    picked: Number = 0
    packed: Number = 0
    shipped: Number = 0
    cancelled: Number = 0
    dropped: Number = 0
    awaiting_product: bool = False


class OrderStatusChanged(Message, type="order.status_changed.v1", topic=FULFILLMENT, key="order"):
    """The state of an order after a change: its status and all its lines. `version` has no gaps.

    An order of more than 500 lines has several parts, one message each, with the same version.

    OPEN and PARTLY_SHIPPED orders have something left to ship. The others are final: SHIPPED in full, CLOSED_SHORT if
    the rest was cancelled or dropped, CANCELLED if nothing was shipped.
    """

    order: DocumentId
    version: Integer
    part: Integer = 1
    parts: Integer = 1
    status: OrderStatus
    warehouse: Warehouse
    awaiting_warehouse: bool = False
    customer: DocumentId
    changed_lines: Annotated[list[LineId], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    lines: Annotated[list[LineProgress], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class OrderReevaluationRequested(Message, type="order.reevaluation_requested.v1", topic=FULFILLMENT, key="order"):
    """Internal: an order is re-evaluated after a product of its lines changed or, without `sku`, its warehouse arrived.

    Fulfillment publishes it to itself, one message per order, so that each order is locked by its own message.
    """

    order: DocumentId
    sku: Sku | None = None


class OrderRejected(Rejected, type="order.rejected.v1", topic=FULFILLMENT, key="document"):
    """A message to the fulfillment service was rejected by a rule or conflicts with its state."""
