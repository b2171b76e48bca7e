"""Events of the serials service: unit status, allocations, holds, expiry, dispatch checks and recalls."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.asn_cartons import Sscc
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message, Rejected
from shared.contracts.leaving_goods import LeavingList
from shared.contracts.raw_scans import ScansOfLot, ScansOfSerials
from shared.contracts.topics import SERIALS
from shared.identifiers import Day, DocumentId, Integer, LineId, Location, LotNumber, SerialNumber, Sku

SerialStatus = Literal["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED"]
"""Exactly the six statuses of the specification."""

SerialAdjustment = Literal["SCRAPPED", "LOST", "FOUND", "VOID", "RETURNED_TO_VENDOR", "RETURNED_FROM_VENDOR"]
Serials = Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
WarrantyDay = date
"""Day of a warranty; it may be far ahead, unlike the date on a label."""
LotNumbers = Annotated[list[LotNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class SerialsChanged(Message):
    """Units changed by one operation, with their state after it.

    `versions` runs parallel to `serials`: the number of changes of each unit, one more with each event that lists it.
    """

    sku: Sku
    serials: Serials = []
    versions: Annotated[list[Integer], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    status: SerialStatus | None = None
    location: Location | None = None
    open_holds: Integer = 0
    expiry: Day | None = None
    reason: str
    scans: ScansOfSerials | None = None
    """Texts as the scanner sent them, parallel to `serials`, empty where the number was typed; null if all were."""


class SerialStateChanged(SerialsChanged, type="serial.state_changed.v1", topic=SERIALS, key="sku"):
    """Units changed status or location."""

    from_status: SerialStatus | None = None
    status: SerialStatus
    from_location: Location | None = None
    receipt: DocumentId | None = None
    line: LineId | None = None
    order: DocumentId | None = None
    demand_id: DocumentId | None = None
    shipment: DocumentId | None = None
    customer: DocumentId | None = None
    return_id: DocumentId | None = None
    lot: LotNumber | None = None
    warranty_starts_on: WarrantyDay | None = None
    """First day of the warranty of the customer; null if the product has none."""
    warranty_ends_on: WarrantyDay | None = None
    """Last day of the warranty of the customer."""
    document: DocumentId | None = None
    """Document of the change, for example a putaway task or a transfer order."""
    inferred_from: Sscc | None = None


class AllocatedUnit(ContractModel):
    """A unit allocated to an order line, with its location, lot number and expiry date."""

    serial: SerialNumber
    location: Location
    lot: LotNumber | None = None
    expiry: Day | None = None


class SkippedSerials(ContractModel):
    """Number of units that could not be allocated, with the reason."""

    reason: str
    count: Integer


class SerialAllocated(Message, type="serial.allocated.v1", topic=SERIALS, key="sku"):
    """Response to a demand: the units allocated now and the quantity still open.

    A demand may be allocated in several steps with one event each. `allocated` lists the units of this step.
    `open_quantity` is the remainder, and `final` marks the last event of the demand.
    """

    sku: Sku
    demand_id: DocumentId
    order: DocumentId
    line: LineId
    allocated: Annotated[list[AllocatedUnit], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    open_quantity: Integer
    final: bool = False
    skipped: list[SkippedSerials] = []


class AffectedSerial(ContractModel):
    """A unit that is allocated to an order or picked for it."""

    serial: SerialNumber
    order: DocumentId
    line: LineId
    demand_id: DocumentId


class SerialHoldPlaced(SerialsChanged, type="serial.hold_placed.v1", topic=SERIALS, key="sku"):
    """A hold was placed on units: none of them is allocated, picked or dispatched until it is released.

    `units` repeats those that belong to orders, and `leaving` those of them that may leave all the same, as their
    dispatch was approved before.
    """

    hold_id: DocumentId
    units: Annotated[list[AffectedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    leaving: LeavingList = []
    lots: LotNumbers = []
    """Lot numbers under the hold; later receipts of these lots are held too."""
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them of the lot, one a line; null if it was typed."""


class SerialAllocationsRevoked(Message, type="serial.allocations_revoked.v1", topic=SERIALS, key="sku"):
    """Nothing is allocated from a location any more: it is no storage location now, or deactivated.

    `units` lists the units there that are allocated to orders; fulfillment releases them and requests others.
    """

    sku: Sku
    location: Location
    reason: str
    units: Annotated[list[AffectedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class SerialStockMissing(Message, type="serial.stock_missing.v1", topic=SERIALS, key="sku"):
    """Units of orders that a count did not find at a location are given up as lost.

    Fulfillment releases allocated units and unpicks picked ones as lost.
    """

    sku: Sku
    location: Location
    reason: str
    units: Annotated[list[AffectedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class SerialHoldReleased(SerialsChanged, type="serial.hold_released.v1", topic=SERIALS, key="sku"):
    """A hold was released; other holds on the same units may still be open."""

    hold_id: DocumentId
    lots: LotNumbers = []


class SerialAdjusted(SerialsChanged, type="serial.adjusted.v1", topic=SERIALS, key="sku"):
    """Units were scrapped, lost, found, returned to the vendor or by it, or their registration was voided."""

    adjustment: SerialAdjustment
    receipt: DocumentId | None = None
    line: LineId | None = None


class SerialExpiryCorrected(SerialsChanged, type="serial.expiry_corrected.v1", topic=SERIALS, key="sku"):
    """The expiry date of units was corrected; `orders` lists the orders that hold any of them."""

    orders: Annotated[list[DocumentId], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []


class SerialLotCorrected(SerialsChanged, type="serial.lot_corrected.v1", topic=SERIALS, key="sku"):
    """The lot number of units was corrected; `previous_lot` is the wrong one, if they had any."""

    previous_lot: LotNumber | None = None
    lot: LotNumber


class SerialExpiring(Message, type="serial.expiring.v1", topic=SERIALS, key="sku"):
    """Units in a warehouse expire within `days` days; published once per unit and threshold."""

    sku: Sku
    serials: Serials
    warehouse: str
    expiry: Day
    days: Integer
    threshold: Integer


class SerialExpired(Message, type="serial.expired.v1", topic=SERIALS, key="sku"):
    """Units in a warehouse have expired and are on hold."""

    sku: Sku
    serials: Serials
    warehouse: str
    expiry: Day
    hold_id: DocumentId


class RecalledSerialState(ContractModel):
    """A unit affected by a recall, with its whereabouts: in stock, in an order, or with a customer.

    `held` is true while the hold of the recall is open; units found good are released.
    """

    serial: SerialNumber
    version: Integer = 0
    lot: LotNumber | None = None
    status: SerialStatus
    adjustment: SerialAdjustment | None = None
    held: bool = True
    location: Location | None = None
    order: DocumentId | None = None
    shipment: DocumentId | None = None
    customer: DocumentId | None = None
    customer_name: str = ""
    contact: str = ""
    ship_to: str = ""
    shipped_at: datetime | None = None


class SerialRecalled(Message, type="serial.recalled.v1", topic=SERIALS, key="sku"):
    """Units affected by a recall, and later each change of one; `is_last` ends the initial report."""

    recall: DocumentId
    sku: Sku
    units: Annotated[list[RecalledSerialState], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
    is_last: bool = False


class SerialDispatchApproved(Message, type="serial.dispatch_approved.v1", topic=SERIALS, key="sku"):
    """These units may be dispatched under this check until `valid_until`; nothing is reserved.

    `orders` repeats all orders of the shipment from the request; fulfillment locks them to process the response.
    """

    sku: Sku
    check_id: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    serials: Serials
    valid_until: datetime


class RejectedSerial(ContractModel):
    """A unit that may not be dispatched, with the reason."""

    serial: SerialNumber
    code: str
    detail: str


class SerialDispatchRejected(Message, type="serial.dispatch_rejected.v1", topic=SERIALS, key="sku"):
    """The dispatch check failed: these units may not be dispatched."""

    sku: Sku
    check_id: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    units: Annotated[list[RejectedSerial], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class SerialRejected(Rejected, type="serial.rejected.v1", topic=SERIALS, key="document"):
    """A message to the serials service was rejected by a rule or conflicts with its state."""
