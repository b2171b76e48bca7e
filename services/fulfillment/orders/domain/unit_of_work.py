"""Unit of work of orders: loaded records and their pending changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.fulfillment.orders.domain.items import ZERO, AllocatedItem, AllocatedLot, AllocatedUnit, UnitKey
from services.fulfillment.orders.domain.working_set import WorkingSet
from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.reference import Tracking
from shared.contracts.upstream import Customer


class OrderCustomer(NamedTuple):
    """The customer of an order, with delivery address and contact."""

    id: str
    name: str
    ship_to: str
    contact: str

    @classmethod
    def of(cls, customer: Customer) -> "OrderCustomer":
        """Convert the customer of a message."""
        return cls(id=customer.id, name=customer.name, ship_to=customer.ship_to, contact=customer.contact)


@dataclass(slots=True)
class Demand:
    """A request for stock for an order line; open until it is cancelled."""

    demand_id: str
    order_id: str
    line: str
    sku: str
    tracking: Tracking
    quantity: Decimal
    shortfall: Shortfall
    serials: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    answered: bool = False
    allocated_total: Decimal = ZERO
    """Total quantity ever allocated, including quantities deallocated later."""
    closed: bool = False
    """The stock service allocates no more; the open quantity is cancelled."""
    cancelled: bool = False
    replaces: str | None = None
    """Of a swap: the serial or lot number that was deallocated."""
    skipped_summary: str = ""


@dataclass(slots=True)
class Line:
    """A line of an order; ordered = allocated + picked + shipped + open quantity."""

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
    awaiting_product: bool = False
    """The product is not defined yet, or does not suit the line, which must then be amended."""
    cancelled: bool = False
    shipped_lot: str | None = None
    """Of a single-lot line: the lot of its shipped quantity."""
    demands: dict[str, Demand] = field(default_factory=dict, init=False)

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

    order_id: str
    warehouse: str
    customer: OrderCustomer
    priority: int
    backorders: Literal["ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"]
    placed_at: datetime
    content_hash: bytes
    min_remaining_shelf_life_days: int = 0
    status: OrderStatus = "OPEN"
    packing_version: int = 0
    """Incremented by each change that invalidates dispatch checks of the order."""
    lines: dict[str, Line] = field(default_factory=dict, init=False)
    units: dict[UnitKey, AllocatedUnit] = field(default_factory=dict, init=False)
    lots: dict[str, AllocatedLot] = field(default_factory=dict, init=False)

    @property
    def items(self) -> list[AllocatedItem]:
        """The unshipped units and lots."""
        return [*self.units.values(), *self.lots.values()]

    @property
    def cancelled(self) -> bool:
        """Whether the order is cancelled."""
        return self.status == "CANCELLED"

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
        return self.cancelled or self.lines[item.line].cancelled


class FulfillmentUnitOfWork:
    """The orders of a batch of messages; `new_ids` supplies the ids of new records."""

    def __init__(
        self,
        new_ids: Iterator[str],
        *,
        orders: Iterable[Order] = (),
        lines: Iterable[Line] = (),
        demands: Iterable[Demand] = (),
        units: Iterable[AllocatedUnit] = (),
        lots: Iterable[AllocatedLot] = (),
        shipped: Mapping[UnitKey, str] | None = None,
    ) -> None:
        self.new_ids = new_ids
        self.orders = WorkingSet({order.order_id: order for order in orders})
        self.lines = WorkingSet({(line.order_id, line.line): line for line in lines})
        self.demands = WorkingSet({demand.demand_id: demand for demand in demands})
        self.units = WorkingSet({unit.key: unit for unit in units})
        """Unshipped units of the loaded orders, and of other orders if a message lists them."""
        self.lots = WorkingSet({lot.allocated_lot_id: lot for lot in lots})
        self.shipped = dict(shipped or {})
        """Shipped units listed in a message, with the order of their last shipment."""
        self.decimals: Mapping[str, int] = {}
        """Decimals of the products for which commands state quantities."""
        self._link()

    def _link(self) -> None:
        for line in self.lines:
            if order := self.orders.get(line.order_id):
                order.lines[line.line] = line
        for demand in self.demands:
            if line_of_demand := self.lines.get((demand.order_id, demand.line)):
                line_of_demand.demands[demand.demand_id] = demand
        for unit in self.units:
            if order := self.orders.get(unit.order_id):
                order.units[unit.key] = unit
        for lot in self.lots:
            if order := self.orders.get(lot.order_id):
                order.lots[lot.allocated_lot_id] = lot

    def add(self, item: AllocatedItem) -> None:
        """Add an item to its order."""
        self.mark(item)
        order = self._owner(item)
        if isinstance(item, AllocatedUnit):
            order.units[item.key] = item
        else:
            order.lots[item.allocated_lot_id] = item

    def mark(self, item: AllocatedItem) -> None:
        """Mark an item as changed."""
        if isinstance(item, AllocatedUnit):
            self.units.put(item.key, item)
        else:
            self.lots.put(item.allocated_lot_id, item)

    def remove(self, item: AllocatedItem) -> None:
        """Remove an item from its order."""
        order = self._owner(item)
        if isinstance(item, AllocatedUnit):
            self.units.remove(item.key)
            order.units.pop(item.key, None)
        else:
            self.lots.remove(item.allocated_lot_id)
            order.lots.pop(item.allocated_lot_id, None)

    def contains(self, item: AllocatedItem) -> bool:
        """Whether an item still belongs to its order."""
        return (
            self.units.get(item.key) if isinstance(item, AllocatedUnit) else self.lots.get(item.allocated_lot_id)
        ) is item

    def split(self, lots: Iterable[AllocatedLot], quantity: Decimal) -> list[AllocatedLot]:
        """Take a quantity from allocated lots in sequence; the last one is split if necessary."""
        parts = []
        for lot in lots:
            if quantity <= 0:
                break
            parts.append(self._split_lot(lot, quantity))
            quantity -= parts[-1].quantity
        return parts

    def merge_equal(self) -> None:
        """Merge allocated lots that differ only in quantity."""
        by_key: dict[tuple[object, ...], AllocatedLot] = {}
        for lot in list(self.lots):
            merged = by_key.setdefault(lot.merge_key, lot)
            if merged is not lot:
                merged.quantity += lot.quantity
                self.mark(merged)
                self.remove(lot)

    def _split_lot(self, lot: AllocatedLot, quantity: Decimal) -> AllocatedLot:
        if lot.quantity <= quantity:
            return lot
        lot.quantity -= quantity
        self.mark(lot)
        part = replace(lot, allocated_lot_id=next(self.new_ids), quantity=quantity)
        self.add(part)
        return part

    def _owner(self, item: AllocatedItem) -> Order:
        order = self.orders.get(item.order_id)
        assert order is not None  # noqa: S101 - only items of loaded orders are changed
        return order
