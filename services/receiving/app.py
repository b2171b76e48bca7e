"""Handler registrations of receiving. It also consumes its own product events, for lines that await a product."""

from typing import Any

from services.receiving.locations import api as locations_api
from services.receiving.locations import handlers as locations
from services.receiving.locations.domain import LocationOut, WarehouseOut
from services.receiving.products import api as products_api
from services.receiving.products import handlers as products
from services.receiving.products.domain import ProductOut
from services.receiving.receipts import api as receipts_api
from services.receiving.receipts import handlers as receipts
from services.receiving.receipts.domain.results import ReceiptResult, ResolutionResult, ScanResult, SessionResult
from services.receiving.returns import api as returns_api
from services.receiving.returns import handlers as returns
from services.receiving.returns.domain.records import ReturnResult
from shared.contracts.commands import receiving as commands
from shared.contracts.lots import LotShipped
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted, SerialStateChanged
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnChanged,
    LocationDefined,
    ProductDefined,
    WarehouseDefined,
)
from shared.messaging.handlers import CommandHandler, EventHandler
from shared.runtime import create_app


def _product_lock_keys(data: ProductDefined) -> list[str]:
    return [f"sku:{data.sku}", *(f"barcode:{barcode.code}" for barcode in data.barcodes)]


def _sku_lock_keys(data: Any) -> list[str]:
    return [f"sku:{data.sku}"]


def _location_lock_keys(data: Any) -> list[str]:
    return [f"location:{data.key()}"]


def _return_lock_keys(data: Any) -> list[str]:
    return [f"return:{data.return_id}", *([f"sku:{data.sku}"] if isinstance(data, commands.ReceiveReturn) else ())]


SESSION = "/receipts/{receipt}/sessions/{session}"

HANDLERS = (
    CommandHandler(
        ProductDefined, products.define_products, _product_lock_keys, "/products", ProductOut,
        "defineProduct", "Create or change a product", success_status=201,
    ),
    CommandHandler(
        WarehouseDefined, locations.define_locations, _location_lock_keys, "/warehouses", WarehouseOut,
        "defineWarehouse", "Create or change a warehouse", success_status=201,
    ),
    CommandHandler(
        LocationDefined, locations.define_locations, _location_lock_keys, "/locations", LocationOut,
        "defineLocation", "Create or change a location", success_status=201,
    ),
    CommandHandler(
        AsnAnnounced, receipts.handle_commands, receipts.lock_keys, "/receipts", ReceiptResult,
        "announceReceipt", "Announce a receipt or another part of it", success_status=201,
    ),
    CommandHandler(
        AsnChanged, receipts.handle_commands, receipts.lock_keys, "/receipts/{receipt}/amend", ReceiptResult,
        "amendReceipt", "Amend an announced receipt",
    ),
    CommandHandler(
        AsnCancelled, receipts.handle_commands, receipts.lock_keys, "/receipts/{receipt}/cancel", ReceiptResult,
        "cancelReceipt", "Cancel an announced receipt",
    ),
    CommandHandler(
        commands.ScanItems, receipts.handle_commands, receipts.lock_keys, "/scans", ScanResult,
        "scanItems", "Scan serial numbers or lots of a receipt", enrich=receipts.resolve_barcodes,
    ),
    CommandHandler(
        commands.UndoScan, receipts.handle_commands, receipts.lock_keys, f"{SESSION}/undo", SessionResult,
        "undoScans", "Undo scans of a session",
    ),
    CommandHandler(
        commands.DiscardSession, receipts.handle_commands, receipts.lock_keys, f"{SESSION}/discard", SessionResult,
        "discardSession", "Discard a scanning session",
    ),
    CommandHandler(
        commands.TakeOverSession, receipts.handle_commands, receipts.lock_keys, f"{SESSION}/take-over", SessionResult,
        "takeOverSession", "Take over a scanning session",
    ),
    CommandHandler(
        commands.ConfirmSession, receipts.handle_commands, receipts.lock_keys, f"{SESSION}/confirm", SessionResult,
        "confirmSession", "Confirm a scanning session",
    ),
    CommandHandler(
        commands.CloseReceipt, receipts.handle_commands, receipts.lock_keys, "/receipts/{receipt}/close",
        ReceiptResult, "closeReceipt", "Close a receipt",
    ),
    CommandHandler(
        commands.ResolveDiscrepancy, receipts.handle_commands, receipts.lock_keys,
        "/discrepancies/{discrepancy}/resolve", ResolutionResult, "resolveDiscrepancy", "Resolve a discrepancy",
    ),
    CommandHandler(
        commands.ReceiveReturn, returns.receive_returns, _return_lock_keys, "/returns", ReturnResult,
        "receiveReturn", "Receive a customer return", success_status=201,
    ),
    CommandHandler(
        commands.DisposeReturn, returns.dispose_returns, _return_lock_keys, "/returns/{return}/disposition",
        ReturnResult, "disposeReturn", "Dispose of returned items",
    ),
    EventHandler(ProductChanged, receipts.plan_waiting_lines, _sku_lock_keys),
    EventHandler(SerialAdjusted, receipts.void_units, _sku_lock_keys),
    EventHandler(
        SerialStateChanged, returns.record_shipped_units, _sku_lock_keys,
        predicate=lambda change: change.status == "SHIPPED",
    ),
    EventHandler(LotShipped, returns.record_shipped_lots, _sku_lock_keys),
)  # fmt: skip

app = create_app(
    "receiving",
    HANDLERS,
    ReceiptRejected,
    (products_api.router, locations_api.router, receipts_api.router, returns_api.router),
)
