"""Unit of work of orders: loaded records and their pending changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Generic, TypeVar

from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, AllocatedUnit, UnitKey
from services.fulfillment.orders.domain.records import Demand, Line, Order

K = TypeVar("K")
V = TypeVar("V")


class WorkingSet(Generic[K, V]):
    """The records of one table by key; tracks which were added, changed or removed since loading."""

    def __init__(self, rows: Mapping[K, V] | None = None) -> None:
        self._rows = dict(rows or {})
        self._loaded = frozenset(self._rows)
        self._changed: dict[K, None] = {}

    def get(self, key: K) -> V | None:
        """The current record, or None."""
        return self._rows.get(key)

    def __iter__(self) -> Iterator[V]:
        return iter(self._rows.values())

    def put(self, key: K, row: V) -> None:
        """Add a record, or mark it as changed."""
        self._rows[key] = row
        self._changed[key] = None

    def remove(self, key: K) -> None:
        """Remove a record."""
        del self._rows[key]
        self._changed[key] = None

    def added(self) -> list[V]:
        """Records to insert."""
        return [self._rows[key] for key in self._changed if key in self._rows and key not in self._loaded]

    def changed(self) -> list[V]:
        """Records to update."""
        return [self._rows[key] for key in self._changed if key in self._rows and key in self._loaded]

    def removed(self) -> list[K]:
        """Keys of records to delete."""
        return [key for key in self._changed if key not in self._rows and key in self._loaded]


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
