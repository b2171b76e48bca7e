"""Fulfillment on an in-memory unit of work, with the registered handlers and policies."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from services.fulfillment.app import app
from services.fulfillment.orders.domain import AllocatedItem, AllocatedLot, FulfillmentUnitOfWork, Product
from services.fulfillment.orders.domain.scans import ScannedOrder, read_order_scans
from shared.contracts.envelope import Message
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotHoldPlaced, LotHoldReleased
from shared.contracts.problems import ProblemDetail
from shared.contracts.raw_scans import RawScans
from shared.contracts.serials import SerialHoldPlaced, SerialHoldReleased
from shared.inventory.reference_data import Location
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct
from shared.unit_of_work import CommandResult
from tests.support.events import NOW
from tests.support.in_memory.service import InMemoryService, numbered_ids

__all__ = ["LOT", "NONE", "NOW", "SERIAL", "InMemoryFulfillment"]

LOCATIONS = (
    Location("EAST/STAGE", 1, "STAGING", 1),
    Location("EAST/A-1", 1, "STORAGE", 2),
    Location("WEST/STAGE", 1, "STAGING", 3),
)
SERIAL, LOT, NONE = Product("SERIAL", 0), Product("LOT"), Product("NONE")


class InMemoryFulfillment:
    """Processes messages and returns the published events; keeps the violations of the last message."""

    def __init__(self, skus: Iterable[str] = ("A",)) -> None:
        self.uow = FulfillmentUnitOfWork(NOW, numbered_ids("D"))
        self.uow.locations = {location.location: location for location in LOCATIONS}
        self.uow.local_dates = {"EAST": NOW.date()}
        self.products = self.uow.products
        self.products |= dict.fromkeys(skus, SERIAL)
        self.uow.ordered_skus |= self.products.keys()
        self.holds: dict[tuple[str, ...], set[str]] = defaultdict(set)
        """Holds by SKU and serial number, or by SKU, lot and location."""
        self.violations: list[ProblemDetail] = []
        self.results: list[CommandResult] = []
        self.shipped: list[AllocatedItem] = []
        """All shipped items, in order."""
        self.barcodes: dict[str, list[tuple[str, int]]] = {}
        """Barcodes of products with the quantities of a scan."""
        self.logged: list[dict[str, Any]] = []
        """Details of the log entries of the last message."""
        self.registry = app.state.registry
        self._service = InMemoryService(self.registry, self.uow, self._save)

    def handle(self, message: Message) -> list[Message]:
        """Process one message; return the published events."""
        self._store_holds(message)
        self.logged = []
        if isinstance(message, RawScans) and message.scans:
            message = read_order_scans(message, self._scanned_order(message), NOW.year)
        if isinstance(message, LotNumberCorrected):
            self._load_shipped(message)
        self.uow.leaving_cartons = {
            carton.carton for carton in self.uow.cartons
            if (shipment := self.uow.shipments.get(carton.shipment or ""))
            and (check := self.uow.checks.get(shipment.check_id or "")) and check.status == "PENDING"
        }  # fmt: skip
        results = self.results = self._service.handle(message)
        self.violations = [violation for result in results for violation in result.violations]
        return self.uow.emitted

    def rejection_codes(self, message: Message) -> list[str]:
        """Process one message; return the codes of its violations."""
        self.handle(message)
        return [str(violation.code) for violation in self.violations]

    @property
    def shipped_lots(self) -> list[AllocatedLot]:
        """The shipped lot quantities."""
        return [item for item in self.shipped if isinstance(item, AllocatedLot)]

    def _scanned_order(self, command: Any) -> ScannedOrder:
        """Do the work of the statement that looks up scans."""
        order = self.uow.orders[command.order]
        skus = frozenset(line.sku for line in order.lines.values())
        names = [
            KnownName("BARCODE", code, sku, quantity) for sku in self.barcodes for code, quantity in self.barcodes[sku]
        ]
        names += [KnownName("SKU", sku, sku) for sku in self.products]
        names += [KnownName("SERIAL", unit.serial, unit.sku, None, unit.order_id) for unit in self.uow.units]
        names += [KnownName("LOT", lot.lot, lot.sku, None, lot.order_id) for lot in order.lots.values() if lot.lot]
        products = [KnownProduct(sku, product.tracking) for sku, product in self.products.items()]
        return ScannedOrder(
            order.order_id, Catalogue(products, [name for name in names if name.kind != "SERIAL" or name.sku in skus]),
            skus, frozenset(item.scan_key for item in order.items), tuple(order.units),
        )  # fmt: skip

    def _save(self, uow: FulfillmentUnitOfWork) -> None:
        uow.merge_equal_lots()
        for rows in (uow.orders, uow.lines, uow.demands, uow.units, uow.lots, uow.cartons, uow.shipments, uow.checks):
            rows.pop_changes()
        self.logged += [json.loads(entry.detail) for entry in uow.log_entries]
        self.shipped += uow.accept_changes()

    def _load_shipped(self, event: LotNumberCorrected) -> None:
        """Do the work of the statement that loads what has shipped under a wrong number."""
        orders = {part.order for part in event.stock}
        loaded = [lot for lot in self.shipped_lots if lot.lot == event.from_lot and lot.order_id in orders]
        self.shipped = [item for item in self.shipped if not any(item is lot for lot in loaded)]
        self.uow.lots.load(loaded)
        self.uow.link()

    def _store_holds(self, message: Message) -> None:
        """Do the work of the statements that store holds and load them with their items."""
        match message:
            case SerialHoldPlaced():
                for unit in message.units:
                    self.holds[message.sku, unit.serial].add(message.hold_id)
            case SerialHoldReleased():
                for serial in message.serials:
                    self.holds[message.sku, serial].discard(message.hold_id)
            case LotHoldPlaced():
                self.holds[message.sku, message.lot, message.location or ""].add(message.hold_id)
            case LotHoldReleased():
                self.holds[message.sku, message.lot, message.location or ""].discard(message.hold_id)
        for item in self.uow.units:
            item.on_hold = bool(self.holds[item.key])
        for lot in self.uow.lots:
            location = lot.location if lot.status == "ALLOCATED" else ""
            lot.on_hold = any(self.holds[lot.sku, lot.lot, hold_location] for hold_location in ("", location))
