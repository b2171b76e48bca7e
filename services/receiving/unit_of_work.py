"""Unit of work of receiving: the rows of its tables that a transaction loaded and changed, and queries on them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter

from services.receiving.locations.domain.records import Location, LocationChange, Warehouse
from services.receiving.products.domain.records import Product, ProductBarcode, ProductChange, ProductHistory
from services.receiving.receipts.domain.cartons import AnnouncedCarton, PartCartonKey
from services.receiving.receipts.domain.known_lots import KnownLots, LotCorrection
from services.receiving.receipts.domain.look_alikes import look_alike_key
from services.receiving.receipts.domain.records import (
    AnnouncedLine,
    Discrepancy,
    LotKey,
    LotScan,
    PartLineKey,
    Receipt,
    ReceiptLine,
    RowKey,
    Session,
    Unit,
    UnmatchedScan,
)
from services.receiving.returns.domain.records import (
    CustomerReturn,
    LotDisposition,
    ReturnLot,
    ReturnLotKey,
    ReturnUnit,
    ReturnUnitKey,
    ShippedKey,
    ShippedLot,
)
from services.receiving.suppliers.domain.records import Supplier
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot, warehouse_of
from shared.inventory.decimals import decimals_of
from shared.inventory.expiry import ShelfLifeViolation, latest_day, shelf_life_violation, today
from shared.unit_of_work import UnitOfWork
from shared.working_set import Index, WorkingSet


class ReceivingUnitOfWork(UnitOfWork):
    """Products and locations, receipts and their scans, customer returns."""

    rejection_type = ReceiptRejected

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.products: WorkingSet[str, Product] = WorkingSet(attrgetter("sku"))
        self.barcodes: WorkingSet[str, ProductBarcode] = WorkingSet(attrgetter("code"))
        self._barcodes_by_sku = self.barcodes.index(attrgetter("sku"))
        self.product_changes: list[ProductChange] = []
        self.product_history = ProductHistory()

        self._create_places()

        self.receipts: WorkingSet[str, Receipt] = WorkingSet(attrgetter("receipt"))
        self.lines: WorkingSet[RowKey, ReceiptLine] = WorkingSet(attrgetter("receipt", "line"))
        self._lines_by_receipt = self.lines.index(attrgetter("receipt"))
        self._lines_by_sku = self.lines.index(attrgetter("receipt", "sku"))
        self.waiting_lines_by_sku = self.lines.index(lambda line: line.sku if line.awaiting_product else None)
        self.announced_lines: WorkingSet[PartLineKey, AnnouncedLine] = WorkingSet(attrgetter("key"))
        self.announced_cartons: WorkingSet[PartCartonKey, AnnouncedCarton] = WorkingSet(attrgetter("key"))
        self.announced_by_receipt = self.announced_lines.index(attrgetter("receipt"))
        self.sessions: WorkingSet[RowKey, Session] = WorkingSet(attrgetter("receipt", "session"))
        self.sessions_by_receipt = self.sessions.index(attrgetter("receipt"))

        self.units: WorkingSet[RowKey, Unit] = WorkingSet(attrgetter("sku", "serial"))
        self._units_by_folded_serial = self.units.index(lambda unit: (unit.sku, unit.serial.lower()))
        self._present_by_serial = self.units.index(_present_serial)
        self._expected_by_receipt = self.units.index(lambda unit: unit.receipt if unit.status == "EXPECTED" else None)
        self._scanned_by_session = self.units.index(_scanning_session)
        self.listed_units_by_line = self.units.index(_listing_line)

        self.unmatched_scans: WorkingSet[tuple[str, str, str], UnmatchedScan] = WorkingSet(
            attrgetter("receipt", "sku", "serial")
        )
        self._unmatched_by_session = self.unmatched_scans.index(attrgetter("receipt", "session"))
        self.lot_scans: WorkingSet[str, LotScan] = WorkingSet(attrgetter("scan_id"))
        self._lot_scans_by_lot = self.lot_scans.index(lambda scan: (scan.receipt, scan.sku, fold_lot(scan.lot)))
        self._lot_scans_by_session = self.lot_scans.index(attrgetter("receipt", "session"))
        self.known_lots = KnownLots()
        self.lot_corrections: WorkingSet[LotCorrection, LotCorrection] = WorkingSet(lambda correction: correction)
        self.discrepancies: WorkingSet[str, Discrepancy] = WorkingSet(attrgetter("discrepancy"))
        self.discrepancies_by_receipt = self.discrepancies.index(attrgetter("receipt"))
        self.open_discrepancies = self.discrepancies.index(_open_serial)
        """Open discrepancies about a serial number: (receipt, sku, serial)."""
        self.rejections_by_item = self.discrepancies.index(_rejected_item)
        """Goods rejected on arrival: (receipt, sku, serial or comparison key of the lot)."""

        self.returns: WorkingSet[str, CustomerReturn] = WorkingSet(attrgetter("return_id"))
        self.returned_units: WorkingSet[ReturnUnitKey, ReturnUnit] = WorkingSet(
            attrgetter("return_id", "sku", "serial")
        )
        self.returned_units_by_return = self.returned_units.index(attrgetter("return_id"))
        self.shipped_lots: WorkingSet[ShippedKey, ShippedLot] = WorkingSet(
            attrgetter("order_id", "customer", "sku", "lot")
        )
        self.shipped_by_lot = self.shipped_lots.index(lambda lot: (lot.order_id, lot.sku, fold_lot(lot.lot)))
        """Shipments of a lot in any spelling on an order, to any customer: (order, sku, comparison key)."""
        self.returned_lots: WorkingSet[ReturnLotKey, ReturnLot] = WorkingSet(
            attrgetter("return_id", "sku", "lot", "location")
        )
        self.returned_lots_by_return = self.returned_lots.index(attrgetter("return_id"))
        self.returns_by_shipped_lot: defaultdict[ShippedKey, set[str]] = defaultdict(set)
        """Ids of the returns that contain a shipped lot."""
        self.lot_dispositions: list[LotDisposition] = []

    def _create_places(self) -> None:
        """Create the working sets of places and of the suppliers of their goods."""
        self.warehouses: WorkingSet[str, Warehouse] = WorkingSet(attrgetter("warehouse"))
        self.locations: WorkingSet[str, Location] = WorkingSet(attrgetter("location"))
        self.location_changes: list[LocationChange] = []
        self.time_zone_names: frozenset[str] = frozenset()
        """Names of all existing time zones."""
        self.suppliers: WorkingSet[str, Supplier] = WorkingSet(attrgetter("supplier"))

    # Products and locations

    def barcodes_of(self, sku: str) -> list[ProductBarcode]:
        """Return the barcodes of a product, by code."""
        return sorted(self._barcodes_by_sku[sku])

    def tracking(self, sku: str) -> Tracking | None:
        """Return the tracking of a product; None if the product is not defined."""
        product = self.products.get(sku)
        return product and product.tracking

    def decimals(self, sku: str) -> int | None:
        """Return the number of decimals of a product's quantities; None if the product is not defined."""
        product = self.products.get(sku)
        return product and decimals_of(product.tracking, product.decimals)

    def shelf_life_policy(self, sku: str) -> ShelfLifePolicy:
        """Return the shelf-life policy of a product."""
        product = self.products.get(sku)
        return product.shelf_life if product else ShelfLifePolicy()

    def local_date(self, location: str) -> date:
        """Return the current date in the warehouse of a location."""
        warehouse = self.warehouses.get(warehouse_of(location))
        return today(self.now, warehouse.time_zone if warehouse else "UTC")

    def latest_date(self, location: str) -> date:
        """Return the current date in the warehouse of a location; the latest anywhere if its time zone is unknown."""
        return self.local_date(location) if warehouse_of(location) in self.warehouses else latest_day(self.now)

    def shelf_life_violation(self, sku: str, location: str, expiry: date | None) -> ShelfLifeViolation | None:
        """Check the remaining shelf life of an item received today, in the time zone of the warehouse."""
        return shelf_life_violation(
            expiry,
            self.local_date(location),
            min_remaining_days=self.shelf_life_policy(sku).min_remaining_shelf_life_at_receipt,
        )

    # Receipts

    def lines_of(self, receipt: str, sku: str) -> list[ReceiptLine]:
        """Return the receipt's lines of a product, by line number."""
        return sorted(self._lines_by_sku[receipt, sku], key=_line_number)

    def loaded_lines(self, receipt: str) -> list[ReceiptLine]:
        """Return the loaded lines of a receipt, by line number."""
        return sorted(self._lines_by_receipt[receipt], key=_line_number)

    @cached_property
    def cartons_by_receipt(self) -> Index[str, PartCartonKey, AnnouncedCarton]:
        """Announced cartons by receipt."""
        return self.announced_cartons.index(attrgetter("receipt"))

    @cached_property
    def cartons_by_sscc(self) -> Index[str, PartCartonKey, AnnouncedCarton]:
        """Announced cartons by SSCC."""
        return self.announced_cartons.index(attrgetter("sscc"))

    @cached_property
    def cartons_by_pallet(self) -> Index[str, PartCartonKey, AnnouncedCarton]:
        """Announced cartons by the SSCC of their pallet."""
        return self.announced_cartons.index(attrgetter("pallet"))

    def cartons_in(self, receipt: str, sscc: str | None) -> list[AnnouncedCarton]:
        """Return the cartons of a receipt that an SSCC names: the carton itself, and those on the pallet."""
        rows = (*self.cartons_by_sscc[sscc or ""], *self.cartons_by_pallet[sscc or ""])
        return sorted(row for row in rows if row.receipt == receipt)

    def get_unit(self, sku: str, serial: str) -> Unit:
        """Return a unit; an unknown serial number yields a new inactive unit."""
        return self.units.get((sku, serial)) or Unit(sku, serial)

    def case_variants(self, sku: str, serial: str) -> list[Unit]:
        """Return units of the product whose serial numbers differ from this one only in case."""
        return [unit for unit in self._units_by_folded_serial[sku, serial.lower()] if unit.serial != serial]

    def other_product(self, receipt: str, sku: str, serial: str) -> str | None:
        """Return another product that has or expects this serial number, first one that the receipt expects.

        The numbers of a maker who numbers each product on its own say nothing about another product.
        """
        units = [unit for unit in self._present_by_serial[serial] if unit.sku != sku]
        if not units or self._is_numbered_on_its_own(sku):
            return None
        others = [unit for unit in units if not self._is_numbered_on_its_own(unit.sku)]
        expected_here = [unit for unit in others if unit.status == "EXPECTED" and unit.receipt == receipt]
        return min((unit.sku for unit in expected_here or others), default=None)

    def _is_numbered_on_its_own(self, sku: str) -> bool:
        product = self.products.get(sku)
        return product is not None and product.serials_unique_per_product

    @cached_property
    def _expected_by_look(self) -> Index[tuple[str, str, str], RowKey, Unit]:
        return self.units.index(
            lambda unit: (
                (unit.receipt or "", unit.sku, look_alike_key(unit.serial)) if unit.status == "EXPECTED" else None
            )
        )

    def expected_look_alikes(self, receipt: str, sku: str, serial: str) -> list[Unit]:
        """Return the units that the receipt expects under serial numbers that are easily taken for this one."""
        return self._expected_by_look[receipt, sku, look_alike_key(serial)]

    def expected_units(self, receipt: str) -> list[Unit]:
        """Return the units with a listed serial number that the receipt still expects."""
        return sorted(self._expected_by_receipt[receipt])

    def scanned_units(self, session: Session) -> list[Unit]:
        """Return the accepted units of a session."""
        return sorted(self._scanned_by_session[session.key])

    def unmatched_scans_in(self, session: Session) -> list[UnmatchedScan]:
        """Return the unmatched scans of a session."""
        return sorted(self._unmatched_by_session[session.key])

    def lot_scans_of(self, key: LotKey) -> list[LotScan]:
        """Return the scans of a lot on a receipt in every spelling, over all sessions."""
        receipt, sku, lot = key
        return sorted(self._lot_scans_by_lot[receipt, sku, fold_lot(lot)], key=attrgetter("scan_id"))

    def lot_scans_in(self, session: Session) -> list[LotScan]:
        """Return the lot scans of a session."""
        return sorted(self._lot_scans_by_session[session.key], key=attrgetter("scan_id"))

    # Customer returns

    def shipped_of(self, order: str, customer: str, sku: str, lot: str) -> ShippedLot:
        """Return the shipped lot of an order and customer; with zero quantities if none was loaded."""
        unknown = ShippedLot(order_id=order, customer=customer, sku=sku, lot=lot)
        return self.shipped_lots.get(unknown.key) or unknown


def _line_number(line: ReceiptLine) -> tuple[int, str]:
    return len(line.line), line.line


def _present_serial(unit: Unit) -> str | None:
    """Return the serial number of a unit that is expected, scanned or on hand."""
    return unit.serial if unit.status in {"EXPECTED", "SCANNED", "ON_HAND"} and unit.adjustment is None else None


def _scanning_session(unit: Unit) -> RowKey | None:
    is_scanned = unit.status == "SCANNED" and unit.receipt is not None and unit.session is not None
    return (unit.receipt or "", unit.session or "") if is_scanned else None


def _listing_line(unit: Unit) -> RowKey | None:
    is_open = unit.is_listed and unit.status in {"EXPECTED", "SCANNED"}
    return (unit.receipt or "", unit.line or "") if is_open else None


def _open_serial(discrepancy: Discrepancy) -> tuple[str, str, str] | None:
    is_open = discrepancy.resolution is None and discrepancy.serial is not None
    return (discrepancy.receipt, discrepancy.sku, discrepancy.serial or "") if is_open else None


def _rejected_item(discrepancy: Discrepancy) -> tuple[str, str, str] | None:
    is_rejected = discrepancy.resolution == "REJECT"
    item = discrepancy.serial or fold_lot(discrepancy.lot or "")
    return (discrepancy.receipt, discrepancy.sku, item) if is_rejected else None
