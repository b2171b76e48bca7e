"""Records of orders: demands, lines, orders; reference data of the rules.

`UPDATED` lists the columns that may change after the insert of a record.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, NamedTuple, Protocol

from services.fulfillment.orders.domain.items import ZERO, AllocatedItem, AllocatedLot, AllocatedUnit, UnitKey
from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.reference import Tracking
from shared.identifiers import MAX_DECIMALS


class Product(NamedTuple):
    """Tracking, decimals, shelf-life policy and version of a product."""

    tracking: Tracking
    decimals: int = MAX_DECIMALS
    """Decimals of quantities; 0 for serial-tracked products."""
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    version: int | None = None


class Location(Protocol):
    """A location of the local replica."""

    @property
    def type(self) -> str:
        """DOCK, STAGING or STORAGE"""

    @property
    def is_active(self) -> bool:
        """Whether items may be put there."""


@dataclass(slots=True)
class Demand:
    """A request for stock for an order line; open until it is cancelled."""

    UPDATED: ClassVar[str] = "open_quantity pending allocated_total closed cancelled skipped_summary"

    demand_id: str
    order_id: str
    line: str
    sku: str
    tracking: Tracking
    quantity: Decimal
    shortfall: Shortfall
    serials: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    open_quantity: Decimal = ZERO
    """Requested and not allocated; zero once the stock service allocates no more."""
    pending: Decimal = ZERO
    """The part of the open quantity that the stock service has not answered yet."""
    allocated_total: Decimal = ZERO
    """Total quantity ever allocated, including quantities deallocated later."""
    closed: bool = False
    """The stock service allocates no more; the open quantity is cancelled."""
    cancelled: bool = False
    replaces: str | None = None
    """Of a swap: the serial or lot number that was deallocated."""
    skipped_summary: str = ""

    def __post_init__(self) -> None:
        """Convert loaded arrays."""
        self.serials, self.lots = tuple(self.serials), tuple(self.lots)

    def request(self, quantity: Decimal) -> None:
        """Request a quantity."""
        self.open_quantity += quantity
        self.pending += quantity

    def reopen(self, quantity: Decimal) -> None:
        """Request a quantity for a hand-over; only a closed demand is opened again for it."""
        if self.closed and not self.pending:
            self.request(quantity)
        self.closed = False

    def answer(self, allocated: Decimal, open_quantity: Decimal, *, final: bool) -> None:
        """Take an answer in: what it allocates and leaves open; the rest belongs to later requests and is pending."""
        self.open_quantity = max(self.open_quantity - allocated, open_quantity)
        self.pending = self.open_quantity - open_quantity
        if final:
            self.open_quantity = self.pending
        self.closed = final
        self.allocated_total += allocated


@dataclass(slots=True)
class Line:
    """A line of an order; ordered = allocated + picked + shipped + open quantity, unless it is cancelled."""

    UPDATED: ClassVar[str] = (
        "allocated picked packed shipped backordered dropped awaiting_product cancelled ordered serials lots single_lot"
    )

    order_id: str
    line: str
    position: int
    sku: str
    ordered: Decimal
    serials: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    single_lot: bool = False
    allocated: Decimal = ZERO
    picked: Decimal = ZERO
    packed: Decimal = ZERO
    """The part of the picked quantity that is in cartons."""
    shipped: Decimal = ZERO
    backordered: Decimal = ZERO
    """The part of the open quantity that waits for stock, as published last."""
    dropped: Decimal = ZERO
    """The part of the open quantity that nobody waits for, as published last."""
    awaiting_product: bool = False
    """The product is not defined yet, or does not suit the line, which must then be amended."""
    cancelled: bool = False
    shipped_lot: str | None = field(default=None, kw_only=True)
    """The lot of its shipped quantity; loaded only for single-lot lines and whole orders."""
    demands: dict[str, Demand] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Convert loaded arrays."""
        self.serials, self.lots = tuple(self.serials), tuple(self.lots)

    @property
    def open_quantity(self) -> Decimal:
        """Quantity still to be allocated; zero for a cancelled line."""
        return ZERO if self.cancelled else self.ordered - self.allocated - self.picked - self.shipped

    @property
    def can_change_lot(self) -> bool:
        """Whether a single-lot line may still change its lot: nothing of it is picked or shipped."""
        return self.single_lot and not self.picked and not self.shipped

    def open_demands(self) -> list[Demand]:
        """The demands that are not cancelled."""
        return [demand for demand in self.demands.values() if not demand.cancelled]


@dataclass(slots=True)
class Order:
    """A customer order with its lines, the loaded units and all unshipped allocated lots."""

    UPDATED: ClassVar[str] = (
        "status version packing_version priority customer customer_name ship_to contact min_remaining_shelf_life_days "
        "awaiting_warehouse"
    )

    order_id: str
    warehouse: str
    customer: str
    customer_name: str
    ship_to: str
    contact: str
    priority: int
    backorders: Literal["ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"]
    placed_at: datetime
    content_hash: bytes
    min_remaining_shelf_life_days: int = 0
    status: OrderStatus = "OPEN"
    version: int = 0
    """Number of published states."""
    packing_version: int = 0
    """Incremented by each change that invalidates dispatch checks of the order."""
    awaiting_warehouse: bool = False
    """The warehouse is not defined yet."""
    lines: dict[str, Line] = field(default_factory=dict, init=False)
    units: dict[UnitKey, AllocatedUnit] = field(default_factory=dict, init=False)
    lots: dict[str, AllocatedLot] = field(default_factory=dict, init=False)

    @property
    def items(self) -> list[AllocatedItem]:
        """The unshipped units and lots."""
        return [*self.units.values(), *self.lots.values()]

    @property
    def cancelled(self) -> bool:
        """Whether it ended by the cancellation of its lines, of which something may have shipped."""
        return self.status in ("CANCELLED", "CLOSED_SHORT") and all(line.cancelled for line in self.lines.values())

    @property
    def shortfall(self) -> Shortfall:
        """What happens to the open quantity of its demands."""
        return "CANCEL" if self.backorders == "NOT_ALLOWED" else "BACKORDER"

    @property
    def is_released(self) -> bool:
        """Whether picking may start: a ship-complete order waits until every line is allocated."""
        return self.backorders != "SHIP_COMPLETE" or not any(line.open_quantity for line in self.lines.values())

    def is_cancelled_item(self, item: AllocatedItem) -> bool:
        """Whether an item belongs to a cancelled order or line."""
        return self.lines[item.line].cancelled
