"""Handlers of the receiving service, with their lock keys and HTTP paths.

It also consumes its own product events, for lines that await a product.
"""

from collections.abc import Iterator
from typing import Any

from services.receiving.cartons import api as cartons_api
from services.receiving.imports import KINDS as IMPORTS
from services.receiving.locations import api as locations_api
from services.receiving.locations import store as locations
from services.receiving.locations.domain.definitions import define_location, define_warehouse
from services.receiving.locations.domain.records import LocationOut, WarehouseOut
from services.receiving.products import api as products_api
from services.receiving.products import store as products
from services.receiving.products.domain.barcodes import barcode_key
from services.receiving.products.domain.definitions import define_product, record_first_order
from services.receiving.products.domain.records import ProductResult
from services.receiving.raw_scans import read_scans
from services.receiving.receipts import api as receipts_api
from services.receiving.receipts import store as receipts
from services.receiving.receipts.domain.amendments import amend_receipt, cancel_receipt
from services.receiving.receipts.domain.asn import announce_receipt
from services.receiving.receipts.domain.closing import close_receipt
from services.receiving.receipts.domain.corrected_lots import correct_unit_lots
from services.receiving.receipts.domain.discrepancies import resolve_discrepancy
from services.receiving.receipts.domain.receipt_lines import adjust_units, plan_waiting_lines
from services.receiving.receipts.domain.results import (
    ReceiptResult,
    ResolutionResult,
    ScanResult,
    SessionResult,
)
from services.receiving.receipts.domain.scans import record_scans
from services.receiving.receipts.domain.sessions import confirm_session, discard_session, take_over_session, undo_scans
from services.receiving.returns import api as returns_api
from services.receiving.returns import store as returns
from services.receiving.returns.domain.dispositions import dispose_return
from services.receiving.returns.domain.records import ReturnResult
from services.receiving.returns.domain.serial_returns import receive_return
from services.receiving.returns.domain.shipments import correct_lots, record_shipped_lots, record_shipped_units
from services.receiving.scans import api as scans_api
from services.receiving.suppliers import api as suppliers_api
from services.receiving.suppliers import store as suppliers
from services.receiving.suppliers.domain.definitions import SupplierOut, define_supplier
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.auth.roles import Role
from shared.contracts.commands import receiving as commands
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code
from shared.contracts.reference import ProductChanged, ProductOrdered
from shared.contracts.serials import SerialAdjusted, SerialLotCorrected, SerialStateChanged
from shared.contracts.topics import ERP_ASNS
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnChanged,
    LocationDefined,
    ProductDefined,
    WarehouseDefined,
)
from shared.http.waiting import router as waiting_router
from shared.inventory.scan_enricher import taking_scans
from shared.messaging import waiting
from shared.messaging.handlers import CommandHandler, EventHandler
from shared.persistence.database import Transaction
from shared.runtime import create_app


def sku_lock(data: Any) -> Iterator[str]:
    """Return the lock key of the SKU."""
    yield f"sku:{data.sku}"


def product_locks(data: ProductDefined) -> Iterator[str]:
    """Return the lock keys of the SKU and its barcodes."""
    yield from sku_lock(data)
    yield from (f"barcode:{barcode_key(barcode.code)}" for barcode in data.barcodes or ())


def location_lock(data: LocationDefined | WarehouseDefined) -> Iterator[str]:
    """Return the lock key of the location or warehouse."""
    yield f"location:{data.key()}"


def receipt_locks(data: Any) -> Iterator[str]:
    """Return the lock keys of the receipt and of the products whose units a command lists."""
    yield f"receipt:{data.receipt}"
    if isinstance(data, AsnAnnounced | AsnChanged):
        yield from {f"sku:{line.sku}" for line in data.lines}
        if isinstance(data, AsnAnnounced):
            yield from {f"sscc:{carton.sscc}" for carton in data.cartons}
    elif isinstance(data, commands.ScanItems | commands.UndoScan) and data.sku:
        yield from sku_lock(data)
    if isinstance(data, commands.ScanItems):
        yield from {f"sku:{read.sku}" for read in data.read_scans if read.sku}


def supplier_lock(data: commands.DefineSupplier) -> Iterator[str]:
    """Return the lock key of the supplier."""
    yield f"supplier:{data.supplier}"


def return_locks(data: commands.ReceiveReturn | commands.DisposeReturn) -> Iterator[str]:
    """Return the lock keys of the return and, when it is received, of its product."""
    yield f"return:{data.return_id}"
    if isinstance(data, commands.ReceiveReturn):
        yield from sku_lock(data)


SESSION = "/receipts/{receipt}/sessions/{session}"

HANDLERS = (
    CommandHandler(
        ProductDefined, define_product, product_locks, "/products", ProductResult,
        "defineProduct", "Create or change a product", success_status=201, load=products.load_definitions,
        role=Role.INTEGRATOR,
    ),
    CommandHandler(
        WarehouseDefined, define_warehouse, location_lock, "/warehouses", WarehouseOut,
        "defineWarehouse", "Create or change a warehouse", success_status=201, load=locations.load_definitions,
        role=Role.INTEGRATOR,
    ),
    CommandHandler(
        LocationDefined, define_location, location_lock, "/locations", LocationOut,
        "defineLocation", "Create or change a location", success_status=201, load=locations.load_definitions,
        role=Role.INTEGRATOR,
    ),
    CommandHandler(
        commands.DefineSupplier, define_supplier, supplier_lock, "/suppliers", SupplierOut,
        "defineSupplier", "Set how the goods of a supplier are received", success_status=201,
        load=suppliers.load_definitions, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        AsnAnnounced, announce_receipt, receipt_locks, "/receipts", ReceiptResult,
        "announceReceipt", "Announce a receipt or a part of it", success_status=201, load=receipts.load_receipts,
        role=Role.INTEGRATOR,
    ),
    CommandHandler(
        AsnChanged, amend_receipt, receipt_locks, "/receipts/{receipt}/amend", ReceiptResult,
        "amendReceipt", "Amend an announced receipt", may_wait=True, load=receipts.load_receipts, role=Role.INTEGRATOR,
    ),
    CommandHandler(
        AsnCancelled, cancel_receipt, receipt_locks, "/receipts/{receipt}/cancel", ReceiptResult,
        "cancelReceipt", "Cancel an announced receipt", may_wait=True, load=receipts.load_receipts,
        role=Role.INTEGRATOR,
    ),
    CommandHandler(
        commands.ScanItems, record_scans, receipt_locks, "/scans", ScanResult,
        "scanItems", "Scan serial numbers or lots of a receipt", enrich=read_scans,
        load=receipts.load_receipts,
    ),
    CommandHandler(
        commands.UndoScan, taking_scans(undo_scans), receipt_locks, f"{SESSION}/undo", SessionResult,
        "undoScans", "Undo scans of a session", enrich=read_scans, load=receipts.load_receipts,
    ),
    CommandHandler(
        commands.DiscardSession, discard_session, receipt_locks, f"{SESSION}/discard", SessionResult,
        "discardSession", "Discard a scanning session", load=receipts.load_receipts,
    ),
    CommandHandler(
        commands.TakeOverSession, take_over_session, receipt_locks, f"{SESSION}/take-over", SessionResult,
        "takeOverSession", "Take over a scanning session", load=receipts.load_receipts,
    ),
    CommandHandler(
        commands.ConfirmSession, confirm_session, receipt_locks, f"{SESSION}/confirm", SessionResult,
        "confirmSession", "Confirm a scanning session", load=receipts.load_receipts,
    ),
    CommandHandler(
        commands.CloseReceipt, close_receipt, receipt_locks, "/receipts/{receipt}/close", ReceiptResult,
        "closeReceipt", "Close a receipt", load=receipts.load_receipts, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        commands.ResolveDiscrepancy, resolve_discrepancy, receipt_locks, "/discrepancies/{discrepancy}/resolve",
        ResolutionResult, "resolveDiscrepancy", "Resolve a discrepancy", load=receipts.load_receipts,
        role=Role.SUPERVISOR,
    ),
    CommandHandler(
        commands.ReceiveReturn, taking_scans(receive_return), return_locks, "/returns", ReturnResult,
        "receiveReturn", "Receive a customer return", success_status=201, enrich=read_scans, load=returns.load_returns,
    ),
    CommandHandler(
        commands.DisposeReturn, dispose_return, return_locks, "/returns/{return}/disposition", ReturnResult,
        "disposeReturn", "Dispose of returned items", load=returns.load_returns, role=Role.SUPERVISOR,
    ),
    EventHandler(ProductOrdered, record_first_order, sku_lock, load=products.load_first_orders),
    EventHandler(ProductChanged, plan_waiting_lines, sku_lock, load=receipts.load_waiting_lines),
    EventHandler(SerialAdjusted, adjust_units, sku_lock, load=receipts.load_adjusted_units),
    EventHandler(
        SerialStateChanged, record_shipped_units, sku_lock, load=returns.load_returns,
        predicate=lambda change: change.status == "SHIPPED",
    ),
    EventHandler(LotShipped, record_shipped_lots, sku_lock, load=returns.load_returns),
    EventHandler(LotNumberCorrected, correct_lots, sku_lock, load=returns.load_returns),
    EventHandler(SerialLotCorrected, correct_unit_lots, sku_lock, load=receipts.load_corrected_units),
)  # fmt: skip


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save all changes."""
    await products.save(tx, uow)
    await locations.save(tx, uow)
    await suppliers.save(tx, uow)
    await receipts.save(tx, uow)
    await returns.save(tx, uow)
    await waiting.save(tx, uow.waiting)


JOBS = (waiting.build_waiting_job(ERP_ASNS, "receipt", Code.RECEIPT_NOT_FOUND),)


app = create_app(
    "receiving",
    HANDLERS,
    ReceivingUnitOfWork,
    (
        products_api.router,
        locations_api.router,
        cartons_api.router,
        receipts_api.router,
        returns_api.router,
        scans_api.router,
        suppliers_api.router,
        waiting_router,
    ),
    save=save,
    jobs=JOBS,
    imports=IMPORTS,
)
