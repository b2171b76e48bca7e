"""Events of the lots service about quantities: balances, variances, adjustments and counts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import ScansOfLot
from shared.contracts.topics import LOTS
from shared.identifiers import (
    DocumentId,
    Integer,
    LineId,
    Location,
    LotNumber,
    Quantity,
    QuantityDifference,
    QuantityTotal,
    Sku,
)

CountStatus = Literal["SETTLED", "DISCREPANCY"]
LotAdjustment = Literal["SCRAPPED", "LOST", "FOUND", "COUNT_GAIN", "COUNT_LOSS", "RETURNED_TO_VENDOR"]


class LotBalance(ContractModel):
    """The quantities and open holds of a lot at a location after a change. `version` has no gaps.

    `allocated` and `missing` (under investigation) are parts of `on_hand`; after a count they may exceed it until
    fulfillment has released the rest. `picked` stands there for orders and is not part of `on_hand`. `open_holds`
    counts the holds on the lot and on its stock at the location; without any stock there it is zero.
    """

    lot: LotNumber
    location: Location
    version: Integer
    on_hand: QuantityTotal
    allocated: QuantityTotal
    missing: QuantityTotal
    picked: QuantityTotal
    open_holds: Integer = 0


class LotBalancesChanged(Message, type="lot.balances_changed.v1", topic=LOTS, key="sku"):
    """The balances of a product that a transaction changed: quantities and open holds after the last change.

    The other events of the same cause state the changes; they come first. More than 500 balances have several messages.
    """

    sku: Sku
    balances: Annotated[list[LotBalance], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class LotVarianceChanged(Message, type="lot.variance_changed.v1", topic=LOTS, key="sku"):
    """The quantity under investigation at a location changed: stock is reported missing, found, lost or counted.

    `missing` is the quantity under investigation there: on hand by the books, but not to be allocated. Zero ends it.
    """

    sku: Sku
    lot: LotNumber
    location: Location
    missing: QuantityTotal
    reason: str


class LotAdjusted(Message, type="lot.adjusted.v1", topic=LOTS, key="sku"):
    """A quantity of a lot was scrapped, lost, found, adjusted by a cycle count, or returned to the vendor."""

    sku: Sku
    lot: LotNumber
    location: Location
    quantity: Quantity
    adjustment: LotAdjustment
    reason: str
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""


class PickedForOrder(LotQuantity):
    """A picked quantity of an order line."""

    order: DocumentId
    line: LineId
    demand_id: DocumentId


class LotCounted(Message, type="lot.counted.v1", topic=LOTS, key="sku"):
    """A lot was counted at a location; `books` is what the books had there at `counted_at`.

    The variance of a settled count is booked; a count discrepancy changes nothing and waits for a later count.
    `picked` lists the stock of orders that stood there and is part of both quantities.
    """

    sku: Sku
    lot: LotNumber
    location: Location
    counted_at: datetime
    counted: QuantityTotal
    books: QuantityDifference
    variance: QuantityDifference
    status: CountStatus
    code: str | None = None
    detail: str = ""
    picked: Annotated[list[PickedForOrder], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    reason: str
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""
