"""The map of receiving: which message goes where. It hears its own products, for lines that wait for them."""

from typing import Any

from services.receiving.locations import api as locations_api
from services.receiving.locations import handlers as locations
from services.receiving.locations.domain import LocationOut, WarehouseOut
from services.receiving.products import api as products_api
from services.receiving.products import handlers as products
from services.receiving.products.domain import ProductOut
from services.receiving.receipts import api as receipts_api
from services.receiving.receipts import handlers as receipts
from services.receiving.receipts.domain.answers import ReceiptAnswer, ResolutionAnswer, ScanAnswer, SessionAnswer
from services.receiving.returns import api as returns_api
from services.receiving.returns import handlers as returns
from services.receiving.returns.domain.records import ReturnAnswer
from shared.contracts.commands import receiving as commands
from shared.contracts.lots import LotShipped
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted, SerialMoved
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnChanged,
    LocationDefined,
    ProductDefined,
    WarehouseDefined,
)
from shared.routing import Hears, Takes
from shared.runtime import service


def _product(data: ProductDefined) -> list[str]:
    return [f"sku:{data.sku}", *(f"barcode:{barcode.code}" for barcode in data.barcodes)]


def _sku(data: Any) -> list[str]:
    return [f"sku:{data.sku}"]


def _place(data: Any) -> list[str]:
    return [f"place:{data.key()}"]


def _return(data: Any) -> list[str]:
    return [f"return:{data.return_id}", *([f"sku:{data.sku}"] if isinstance(data, commands.ReceiveReturn) else ())]


SESSION = "/receipts/{receipt}/sessions/{session}"

ROWS = (
    Takes(
        ProductDefined, products.define, _product, "/products", ProductOut,
        "defineProduct", "Create or change a product", status=201,
    ),
    Takes(
        WarehouseDefined, locations.define, _place, "/warehouses", WarehouseOut,
        "defineWarehouse", "Create or change a warehouse", status=201,
    ),
    Takes(
        LocationDefined, locations.define, _place, "/locations", LocationOut,
        "defineLocation", "Create or change a location", status=201,
    ),
    Takes(
        AsnAnnounced, receipts.decide, receipts.locks, "/receipts", ReceiptAnswer,
        "announceReceipt", "Announce a receipt or a further part of it", status=201,
    ),
    Takes(
        AsnChanged, receipts.decide, receipts.locks, "/receipts/{receipt}/amend", ReceiptAnswer,
        "amendReceipt", "Amend an announced receipt",
    ),
    Takes(
        AsnCancelled, receipts.decide, receipts.locks, "/receipts/{receipt}/cancel", ReceiptAnswer,
        "cancelReceipt", "Cancel an announced receipt",
    ),
    Takes(
        commands.Scan, receipts.decide, receipts.locks, "/scans", ScanAnswer,
        "scanItems", "Scan serials or lots of a receipt", complete=receipts.complete,
    ),
    Takes(
        commands.UndoScan, receipts.decide, receipts.locks, f"{SESSION}/undo", SessionAnswer,
        "undoScans", "Undo scans of a session",
    ),
    Takes(
        commands.DropSession, receipts.decide, receipts.locks, f"{SESSION}/discard", SessionAnswer,
        "discardSession", "Discard a scanning session",
    ),
    Takes(
        commands.TakeOverSession, receipts.decide, receipts.locks, f"{SESSION}/take-over", SessionAnswer,
        "takeOverSession", "Take over a scanning session",
    ),
    Takes(
        commands.ConfirmSession, receipts.decide, receipts.locks, f"{SESSION}/confirm", SessionAnswer,
        "confirmSession", "Confirm a scanning session",
    ),
    Takes(
        commands.CloseReceipt, receipts.decide, receipts.locks, "/receipts/{receipt}/close", ReceiptAnswer,
        "closeReceipt", "Close a receipt",
    ),
    Takes(
        commands.ResolveDiscrepancy, receipts.decide, receipts.locks, "/discrepancies/{discrepancy}/resolve",
        ResolutionAnswer, "resolveDiscrepancy", "Resolve a discrepancy",
    ),
    Takes(
        commands.ReceiveReturn, returns.receive, _return, "/returns", ReturnAnswer,
        "receiveReturn", "Receive a customer return", status=201,
    ),
    Takes(
        commands.DisposeReturn, returns.dispose, _return, "/returns/{return}/disposition", ReturnAnswer,
        "disposeReturn", "Decide the disposition of returned goods",
    ),
    Hears(ProductChanged, receipts.wake, _sku),
    Hears(SerialAdjusted, receipts.void, _sku),
    Hears(SerialMoved, returns.ship, _sku, when=lambda moved: moved.status == "SHIPPED"),
    Hears(LotShipped, returns.ship_lots, _sku),
)  # fmt: skip

app = service(
    "receiving",
    ROWS,
    ReceiptRejected,
    (products_api.router, locations_api.router, receipts_api.router, returns_api.router),
)
