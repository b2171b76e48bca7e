"""Unit of work of fulfillment: loaded records and their changes, the order log, and reference data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from json import JSONEncoder
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, AllocatedUnit, ItemKey, UnitKey
from services.fulfillment.orders.domain.records import Demand, Line, Location, Order, Product
from services.fulfillment.orders.domain.scans import item_key
from services.fulfillment.orders.domain.shipment_records import Carton, DispatchCheck, Shipment
from shared.contracts.envelope import Causation, CloudEvent
from shared.contracts.fulfillment import OrderRejected
from shared.contracts.raw_scans import RawScans
from shared.contracts.reference import ProductOrdered
from shared.unit_of_work import MessageContext, UnitOfWork
from shared.working_set import WorkingSet

OrderAction = Literal[
    "PLACED", "AMENDED", "CANCELLED", "LINE_CANCELLED", "PRODUCT_CHANGED", "ALLOCATED", "HOLD_PLACED", "PICKED",
    "NOT_PICKED", "HANDED_OVER", "SHORT_PICKED", "STOCK_MISSING", "ALLOCATION_REVOKED", "UNPICKED", "SWAP_REQUESTED",
    "SWAP_FAILED", "PACKED", "UNPACKED", "CARTON_CHANGED", "SHIPMENT_CREATED", "SHIPMENT_CANCELLED",
    "DISPATCH_REQUESTED", "DISPATCH_REJECTED", "DISPATCHED", "MISMATCHED", "LOT_CORRECTED",
]  # fmt: skip
"""What happened to an order, as recorded in its log."""
encode_json = JSONEncoder(default=str).encode
"""A shared encoder: `json.dumps` with a default creates one per call."""


class OrderLogEntry(NamedTuple):
    """An entry of the order log: actor, action, detail as JSON, and the message that caused it."""

    order_id: str
    occurred_at: datetime
    actor: str
    action: OrderAction
    detail: str
    source: str
    message_id: str


class FulfillmentUnitOfWork(UnitOfWork):
    """The orders and shipments of the messages of a transaction."""

    rejection_type = OrderRejected

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.orders: WorkingSet[str, Order] = _working_set(Order, "order_id")
        self.lines: WorkingSet[tuple[str, str], Line] = _working_set(Line, "order_id", "line")
        self.demands: WorkingSet[str, Demand] = _working_set(Demand, "demand_id")
        self.units: WorkingSet[UnitKey, AllocatedUnit] = _working_set(AllocatedUnit, "sku", "serial")
        """Unshipped units of the loaded orders, and of other orders if a message lists them."""
        self.lots: WorkingSet[str, AllocatedLot] = _working_set(AllocatedLot, "allocated_lot_id")
        self.cartons: WorkingSet[str, Carton] = _working_set(Carton, "carton")
        self.shipments: WorkingSet[str, Shipment] = _working_set(Shipment, "shipment")
        self.checks: WorkingSet[str, DispatchCheck] = _working_set(DispatchCheck, "check_id")
        self.shipped: dict[UnitKey, str] = {}
        """Shipped units listed in a message, with the order of their last shipment."""
        self.log_entries: list[OrderLogEntry] = []
        self.changed_orders: dict[str, tuple[MessageContext, dict[str, Line]]] = {}
        """Orders whose status is to be published, with the changed lines and the last message that changed them."""
        self.changed_cartons: dict[str, tuple[MessageContext, Order]] = {}
        self.packed_scans: dict[str, dict[ItemKey, list[str]]] = {}
        """Raw scans by which items were packed, by carton."""
        self.ssccs: dict[str, str] = {}
        """SSCCs by carton: those reserved for new cartons, and those of cartons that are opened."""
        self.leaving_cartons: set[str] = set()
        """Cartons of loaded orders whose dispatch is being checked: they may have left."""
        self.products: dict[str, Product] = {}
        self.ordered_skus: set[str] = set()
        """Loaded products that were ordered before."""
        self.first_ordered_skus: list[str] = []
        """Products that were ordered for the first time."""
        self.undefined_warehouses: set[str] = set()
        """Warehouses of orders to be placed that are not defined."""
        self.locations: dict[str, Location] = {}
        self.local_dates: dict[str, date] = {}
        """Current date by warehouse."""
        self._scans: tuple[CloudEvent[Any] | None, dict[ItemKey, list[str]]] = (None, {})
        self.orders_to_reevaluate: dict[Causation, list[str]] = {}
        """Orders that the change of a product or the definition of a warehouse affects, by its message."""

    def log(self, order_id: str, action: OrderAction, **detail: Any) -> None:
        """Add an entry to the order log."""
        event = self.event
        self.log_entries.append(
            OrderLogEntry(order_id, self.now, event.actor, action, encode_json(detail), event.source, event.id)
        )

    @property
    def scan_texts(self) -> Mapping[ItemKey, Sequence[str]]:
        """Raw scans of the message being handled, by what they name."""
        if self._scans[0] is not self.event:
            texts: dict[ItemKey, list[str]] = {}
            if isinstance(self.event.data, RawScans):
                for read in self.event.data.sound_scans:
                    texts.setdefault(item_key(read), []).append(read.text)
            self._scans = (self.event, texts)
        return self._scans[1]

    def mark_order(self, order: Order) -> None:
        """Publish the status of an order, caused by the last message that changed it."""
        self._changed_lines(order.order_id)

    def mark_line(self, line: Line) -> None:
        """Publish the changed line with the status of its order."""
        self._changed_lines(line.order_id)[line.line] = line

    def mark_ordered(self, sku: str) -> None:
        """Publish that a product is ordered, the first time: receiving then keeps its unit and tracking."""
        if sku not in self.ordered_skus:
            self.ordered_skus.add(sku)
            self.first_ordered_skus.append(sku)
            product = self.products.get(sku)
            self.emit(ProductOrdered, sku=sku, ordered_version=product and product.version)

    def _changed_lines(self, order_id: str) -> dict[str, Line]:
        _, lines = self.changed_orders.pop(order_id, (None, {}))
        self.changed_orders[order_id] = self.context, lines
        return lines

    def mark_cartons(self, order: Order, cartons: Iterable[str]) -> None:
        """Publish the changed content of cartons."""
        for carton in cartons:
            self.changed_cartons[carton] = self.context, order

    def keep_packed_scans(self, carton: str, items: Iterable[AllocatedItem]) -> None:
        """Publish the raw scans of items with the content of their carton."""
        if texts := self.scan_texts:
            packed = self.packed_scans.setdefault(carton, {})
            for item in items:
                packed.setdefault(item.scan_key, []).extend(texts.get(item.scan_key, ()))

    def link(self) -> None:
        """Link loaded lines, demands, units and lots to their orders."""
        for line in self.lines:
            self.orders[line.order_id].lines[line.line] = line
        for demand in self.demands:
            self.lines[demand.order_id, demand.line].demands[demand.demand_id] = demand
        for unit in self.units:
            if order := self.orders.get(unit.order_id):
                order.units[unit.key] = unit
        for lot in self.lots:
            self.orders[lot.order_id].lots[lot.allocated_lot_id] = lot

    def add(self, item: AllocatedItem) -> None:
        """Add an item to its order."""
        if isinstance(item, AllocatedUnit):
            self.orders[item.order_id].units[item.key] = self.units.put(item)
        else:
            self.orders[item.order_id].lots[item.allocated_lot_id] = self.lots.put(item)

    def remove(self, item: AllocatedItem) -> None:
        """Remove an item from its order."""
        if isinstance(item, AllocatedUnit):
            del self.orders[item.order_id].units[item.key]
            self.units.remove(item.key)
        else:
            del self.orders[item.order_id].lots[item.allocated_lot_id]
            self.lots.remove(item.allocated_lot_id)

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

    def _split_lot(self, lot: AllocatedLot, quantity: Decimal) -> AllocatedLot:
        if lot.quantity <= quantity:
            return lot
        lot.quantity -= quantity
        part = replace(lot, allocated_lot_id=next(self.ids), quantity=quantity)
        self.add(part)
        return part

    def merge_equal_lots(self) -> None:
        """Merge allocated lots that differ only in quantity; called before they are saved."""
        by_key: dict[tuple[object, ...], AllocatedLot] = {}
        for lot in list(self.lots):
            merged = by_key.setdefault(lot.merge_key, lot)
            if merged is not lot:
                merged.quantity += lot.quantity
                self.remove(lot)

    def accept_changes(self) -> list[AllocatedItem]:
        """Forget what is saved: new rows of logs, and shipped items, which no message changes; returns these items."""
        self.log_entries.clear()
        self.first_ordered_skus.clear()
        units, lots = [unit for unit in self.units if unit.shipment], [lot for lot in self.lots if lot.shipment]
        for unit in units:
            self.units.evict(unit.key)
            del self.orders[unit.order_id].units[unit.key]
            self.shipped[unit.key] = unit.order_id
        for lot in lots:
            self.lots.evict(lot.allocated_lot_id)
            order = self.orders[lot.order_id]
            del order.lots[lot.allocated_lot_id]
            order.lines[lot.line].shipped_lot = lot.lot
        return [*units, *lots]


def _working_set(record: Any, *key: str) -> WorkingSet[Any, Any]:
    """Create the working set of a record that is changed in place."""
    return WorkingSet(attrgetter(*key), attrgetter(*record.UPDATED.split()))
