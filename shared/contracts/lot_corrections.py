"""Events of corrected lots: their dates and numbers."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import ScansOfLot
from shared.contracts.topics import LOTS
from shared.identifiers import Day, DocumentId, LineId, Location, LotNumber, QuantityTotal, Sku


class LotDatesCorrected(Message, type="lot.dates_corrected.v1", topic=LOTS, key="sku"):
    """The dates of a lot were corrected; `orders` lists the orders that hold stock of it if its expiry changed.

    A long list of orders is split into several messages.
    """

    sku: Sku
    lot: LotNumber
    previous_expiry: Day | None = None
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None
    reason: str
    orders: Annotated[list[DocumentId], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""

    def cost(self) -> int:
        """The number of affected orders, at least one."""
        return max(1, len(self.orders))


class CorrectedLot(LotQuantity):
    """A quantity of an order that has another lot number now; `on_hold` tells whether it is on hold under it.

    `location` is where it stands and `demand_id` its demand; `shipment` and `customer` are set once it is shipped.
    """

    order: DocumentId
    line: LineId
    demand_id: DocumentId
    status: Literal["ALLOCATED", "PICKED", "SHIPPED"]
    location: Location | None = None
    shipment: DocumentId | None = None
    customer: DocumentId | None = None
    on_hold: bool = False


class LotNumberCorrected(Message, type="lot.number_corrected.v1", topic=LOTS, key="sku"):
    """Goods were recorded under a wrong lot number, and belong to another lot of the product now.

    `quantity` stands at the location or, without one, was shipped. `stock` lists the part of it that belongs to orders:
    it stays with them if the right lot suits them. A long list is split into several messages, each with its quantity.
    """

    sku: Sku
    from_lot: LotNumber
    lot: LotNumber
    location: Location | None = None
    quantity: QuantityTotal
    expiry: Day | None = None
    reason: str
    document: DocumentId | None = None
    """Document of the change, for example a putaway task, a transfer order or a count sheet."""
    stock: Annotated[list[CorrectedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    scan: ScansOfLot | None = None
    """Texts as the scanner sent them, one a line; null if nothing was scanned."""
