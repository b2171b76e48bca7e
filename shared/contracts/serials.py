"""What the serial registry says: where each unit stands, what it gave to orders, what is held, what may leave."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_UNITS, Fact, Model, Rejected
from shared.contracts.topics import SERIALS
from shared.identifiers import Day, DocumentId, LineId, Location, LotNumber, SerialNumber, Sku

Status = Literal["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED"]
"""The six of the specification, exactly."""

Adjustment = Literal["SCRAPPED", "LOST", "FOUND", "VOID", "SENT_BACK"]
Serials = Annotated[list[SerialNumber], Field(max_length=MAX_UNITS)]
Lots = Annotated[list[LotNumber], Field(max_length=MAX_UNITS)]


class SerialMoved(Fact, type="serial.moved.v1", topic=SERIALS, key="sku"):
    """Units of one act went from one status and place to another; `versions` run parallel to `serials`."""

    sku: Sku
    serials: Serials
    versions: Annotated[list[int], Field(max_length=MAX_UNITS)]
    from_status: Status | None = None
    status: Status
    from_location: Location | None = None
    location: Location | None = None
    reason: str
    receipt: DocumentId | None = None
    line: LineId | None = None
    order: DocumentId | None = None
    demand: DocumentId | None = None
    shipment: DocumentId | None = None
    customer: DocumentId | None = None
    return_id: DocumentId | None = None
    lot: LotNumber | None = None
    expiry: Day | None = None


class GivenUnit(Model):
    """A unit reserved for an order line, where it lies, and what its label says."""

    serial: SerialNumber
    location: Location
    lot: LotNumber | None = None
    expiry: Day | None = None


class Skipped(Model):
    """Stock that was passed over, and why."""

    reason: str
    count: int


class SerialAllocated(Fact, type="serial.allocated.v1", topic=SERIALS, key="sku"):
    """The answer to a demand: what it is given now, and what it is still short of; more may follow while it stands.

    A demand served in several acts is answered several times; `given` is what this act gave, `short` what is open
    after it, and `closed` says that nothing more will come.
    """

    sku: Sku
    demand: DocumentId
    order: DocumentId
    line: LineId
    given: Annotated[list[GivenUnit], Field(max_length=MAX_UNITS)] = []
    short: int
    closed: bool = False
    skipped: list[Skipped] = []


class HeldUnit(Model):
    """A unit under a hold, and the order that it was meant for, if any."""

    serial: SerialNumber
    status: Status
    order: DocumentId | None = None
    line: LineId | None = None
    demand: DocumentId | None = None


class SerialHeld(Fact, type="serial.held.v1", topic=SERIALS, key="sku"):
    """A hold was opened on units: none of them is allocated, picked or dispatched until it is lifted."""

    sku: Sku
    hold: DocumentId
    reason: str
    units: Annotated[list[HeldUnit], Field(max_length=MAX_UNITS)]
    lots: Lots = []
    """Lot numbers that the hold is on: what arrives of them is held too."""


class SerialHoldLifted(Fact, type="serial.hold_lifted.v1", topic=SERIALS, key="sku"):
    """A hold was lifted; other holds on the same units may still be open."""

    sku: Sku
    hold: DocumentId
    reason: str
    serials: Serials
    lots: Lots = []


class SerialAdjusted(Fact, type="serial.adjusted.v1", topic=SERIALS, key="sku"):
    """Units were scrapped, lost, found, sent back, or their entry was void."""

    sku: Sku
    serials: Serials
    adjustment: Adjustment
    reason: str
    location: Location | None = None
    receipt: DocumentId | None = None
    line: LineId | None = None


class SerialCorrected(Fact, type="serial.corrected.v1", topic=SERIALS, key="sku"):
    """The expiry of units is another now; their serials never change. `orders` are those that have any."""

    sku: Sku
    serials: Serials
    expiry: Day | None = None
    reason: str
    orders: Annotated[list[DocumentId], Field(max_length=MAX_UNITS)] = []


class SerialExpiring(Fact, type="serial.expiring.v1", topic=SERIALS, key="sku"):
    """Units in a warehouse expire within so many days; said once a unit and threshold."""

    sku: Sku
    serials: Serials
    warehouse: str
    expiry: Day
    days: int
    threshold: int


class SerialExpired(Fact, type="serial.expired.v1", topic=SERIALS, key="sku"):
    """Units in a warehouse have expired, and are on hold."""

    sku: Sku
    serials: Serials
    warehouse: str
    expiry: Day
    hold: DocumentId


class RecalledUnit(Model):
    """A unit that a recall touches, and where it is: with us, with an order, or with a customer.

    `held` is whether the recall's hold is still on it: it is lifted from what was found good.
    """

    serial: SerialNumber
    lot: LotNumber | None = None
    status: Status
    adjustment: Adjustment | None = None
    held: bool = True
    location: Location | None = None
    order: DocumentId | None = None
    shipment: DocumentId | None = None
    customer: DocumentId | None = None
    customer_name: str = ""
    contact: str = ""
    shipped_at: datetime | None = None


class SerialRecalled(Fact, type="serial.recalled.v1", topic=SERIALS, key="sku"):
    """The registry's answer to a recall of a product, then each touched unit that moved; `last` ends the answer."""

    recall: DocumentId
    sku: Sku
    units: Annotated[list[RecalledUnit], Field(max_length=MAX_UNITS)]
    last: bool = False


class DispatchApproved(Fact, type="dispatch.approved.v1", topic=SERIALS, key="sku"):
    """These units may leave under this check, until the given time; it reserves nothing.

    `orders` are all orders of the shipment, as they were asked: the asker locks them to decide.
    """

    sku: Sku
    check: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    serials: Serials
    until: datetime


class RefusedUnit(Model):
    """A unit that may not leave, and why."""

    serial: SerialNumber
    code: str
    detail: str


class DispatchRefused(Fact, type="dispatch.refused.v1", topic=SERIALS, key="sku"):
    """These units may not leave; the check has failed."""

    sku: Sku
    check: DocumentId
    shipment: DocumentId
    order: DocumentId
    orders: list[DocumentId] = []
    units: Annotated[list[RefusedUnit], Field(max_length=MAX_UNITS)]


class SerialRejected(Rejected, type="serial.rejected.v1", topic=SERIALS, key="document"):
    """A message to the registry that a rule refused, or a fact that did not fit."""
