"""Events of the lots service: stock movements, allocations, holds, expiry and dispatch checks."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from shared.contracts.asn_cartons import Sscc
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message, Rejected
from shared.contracts.leaving_goods import LeavingList
from shared.contracts.quantities import LotAtLocation, LotQuantities, LotQuantity, LotsAtLocation, PackedLot
from shared.contracts.raw_scans import ScansOfLot
from shared.contracts.topics import LOTS
from shared.identifiers import (
    Day,
    DocumentId,
    Integer,
    LineId,
    Location,
    LotNumber,
    NonNegativeQuantity,
    Quantity,
    QuantityTotal,
    Sku,
)


class LotReceived(Message, type="lot.received.v1", topic=LOTS, key="sku"):
    """A quantity of a lot was received, from a receipt or a customer return, with the dates now in force."""

    sku: Sku
    lot: LotNumber
    quantity: Quantity
    location: Location
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    receipt: DocumentId | None = None
    line: LineId | None = None
    return_id: DocumentId | None = None
    order: DocumentId | None = None
    customer: DocumentId | None = None
    reason: str
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""
    inferred_from: Sscc | None = None


class LotMoved(Message, type="lot.moved.v1", topic=LOTS, key="sku"):
    """A quantity of a lot was put away or moved to another location."""

    sku: Sku
    lot: LotNumber
    quantity: Quantity
    from_location: Location
    location: Location
    reason: str
    document: DocumentId | None = None
    """Document of the change, for example a putaway task or a transfer order."""
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""


class AllocatedLot(LotAtLocation):
    """A quantity of a lot at a location, allocated to an order line."""

    expiry: Day | None = None


class SkippedLots(ContractModel):
    """Stock of a lot that could not be allocated, with the reason, such as a hold or a short shelf life."""

    lot: LotNumber
    quantity: Quantity
    reason: str


class LotAllocated(Message, type="lot.allocated.v1", topic=LOTS, key="sku"):
    """Response to a demand for a product without serial numbers: allocated lots, open quantity and skipped stock."""

    sku: Sku
    demand_id: DocumentId
    order: DocumentId
    line: LineId
    allocated: Annotated[list[AllocatedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    open_quantity: NonNegativeQuantity
    final: bool = False
    skipped: Annotated[list[SkippedLots], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []


class LotDeallocated(Message, type="lot.deallocated.v1", topic=LOTS, key="sku"):
    """Allocated quantities are available again."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand_id: DocumentId
    lots: LotsAtLocation
    reason: str


class LotPicked(Message, type="lot.picked.v1", topic=LOTS, key="sku"):
    """Quantities of lots were picked from their locations and staged for packing at `location`."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand_id: DocumentId
    lots: LotsAtLocation
    location: Location


class LotUnpicked(Message, type="lot.unpicked.v1", topic=LOTS, key="sku"):
    """Picked quantities were returned to a storage location."""

    sku: Sku
    order: DocumentId
    line: LineId
    demand_id: DocumentId
    lots: LotQuantities
    location: Location
    reason: str


class LotShipped(Message, type="lot.shipped.v1", topic=LOTS, key="sku"):
    """Quantities of lots left custody with a shipment."""

    sku: Sku
    order: DocumentId
    line: LineId
    shipment: DocumentId
    customer: DocumentId
    lots: LotQuantities


class AffectedLot(LotQuantity):
    """A quantity of a held lot that belongs to an order; `location` is set while it is allocated, unset once picked."""

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    location: Location | None = None


class LotHoldPlaced(Message, type="lot.hold_placed.v1", topic=LOTS, key="sku"):
    """A hold was placed on a lot, everywhere or at one location; `stock` lists the quantities that belong to orders.

    `leaving` lists those that may leave all the same, as their dispatch was approved before.
    """

    sku: Sku
    lot: LotNumber
    location: Location | None = None
    hold_id: DocumentId
    owner_role: str = ""
    reason: str
    stock: Annotated[list[AffectedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    leaving: LeavingList = []
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""


class LotHoldReleased(Message, type="lot.hold_released.v1", topic=LOTS, key="sku"):
    """A hold was released; other holds on the same lot may still be open."""

    sku: Sku
    lot: LotNumber
    location: Location | None = None
    hold_id: DocumentId
    reason: str


class LotStockMissing(Message, type="lot.stock_missing.v1", topic=LOTS, key="sku"):
    """Stock of orders is missing at a location; `stock` lists the missing quantities of each order.

    Fulfillment releases allocated quantities and unpicks picked ones as lost.
    """

    sku: Sku
    lot: LotNumber
    location: Location
    reason: str
    stock: Annotated[list[AffectedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class LotAllocationsRevoked(Message, type="lot.allocations_revoked.v1", topic=LOTS, key="sku"):
    """Nothing is allocated from a location any more: it is no storage location now, or deactivated.

    `stock` lists the quantities there that are allocated to orders; fulfillment releases them and requests others.
    """

    sku: Sku
    location: Location
    reason: str
    stock: Annotated[list[AffectedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class LotMixingDetected(Message, type="lot.mixing_detected.v1", topic=LOTS, key="sku"):
    """A storage location holds several lots of a product and they have to be separated.

    This happens when physical movements are reported after the fact.
    """

    sku: Sku
    location: Location
    lots: Annotated[list[LotNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class LotExpiring(Message, type="lot.expiring.v1", topic=LOTS, key="sku"):
    """A lot expires within `days` days; published once per lot, warehouse and threshold, for stock in custody."""

    sku: Sku
    lot: LotNumber
    warehouse: str
    expiry: Day
    days: Integer
    threshold: Integer
    on_hand: QuantityTotal
    picked: QuantityTotal = Decimal(0)


class LotExpired(Message, type="lot.expired.v1", topic=LOTS, key="sku"):
    """A lot has expired in a warehouse; its stock there, on hand or picked, is on hold."""

    sku: Sku
    lot: LotNumber
    warehouse: str
    expiry: Day
    on_hand: QuantityTotal
    picked: QuantityTotal = Decimal(0)
    hold_id: DocumentId


class LotDispatchApproved(Message, type="lot.dispatch_approved.v1", topic=LOTS, key="sku"):
    """These quantities may be dispatched under this check until `valid_until`; nothing is reserved."""

    sku: Sku
    check_id: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    stock: Annotated[list[PackedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    valid_until: datetime


class RejectedLot(PackedLot):
    """A quantity of a lot that may not be dispatched, with the reason."""

    code: str
    detail: str


class LotDispatchRejected(Message, type="lot.dispatch_rejected.v1", topic=LOTS, key="sku"):
    """The dispatch check failed: these quantities may not be dispatched."""

    sku: Sku
    check_id: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    stock: Annotated[list[RejectedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class LotRejected(Rejected, type="lot.rejected.v1", topic=LOTS, key="document"):
    """A message to the lots service was rejected by a rule or conflicts with its state."""
