"""The map of receiving: which message goes where. It hears its own products, for lines that wait for them."""

from typing import Any

from services.receiving.locations import api as locations_api
from services.receiving.locations import handlers as locations
from services.receiving.products import api as products_api
from services.receiving.products import handlers as products
from services.receiving.receipts import api as receipts_api
from services.receiving.receipts import handlers as receipts
from services.receiving.returns import api as returns_api
from services.receiving.returns import handlers as returns
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


ROWS = (
    Takes(ProductDefined, products.define, _product, post="/products"),
    Takes(WarehouseDefined, locations.define, _place, post="/warehouses"),
    Takes(LocationDefined, locations.define, _place, post="/locations"),
    Takes(AsnAnnounced, receipts.decide, receipts.locks, post="/receipts"),
    Takes(AsnChanged, receipts.decide, receipts.locks, post="/receipts/{receipt}/amend"),
    Takes(AsnCancelled, receipts.decide, receipts.locks, post="/receipts/{receipt}/cancel"),
    Takes(commands.Scan, receipts.decide, receipts.locks, post="/scans", complete=receipts.complete),
    Takes(commands.UndoScan, receipts.decide, receipts.locks, post="/receipts/{receipt}/sessions/{session}/undo"),
    Takes(commands.DropSession, receipts.decide, receipts.locks, post="/receipts/{receipt}/sessions/{session}/discard"),
    Takes(
        commands.TakeOverSession,
        receipts.decide,
        receipts.locks,
        post="/receipts/{receipt}/sessions/{session}/take-over",
    ),
    Takes(
        commands.ConfirmSession, receipts.decide, receipts.locks, post="/receipts/{receipt}/sessions/{session}/confirm"
    ),
    Takes(commands.CloseReceipt, receipts.decide, receipts.locks, post="/receipts/{receipt}/close"),
    Takes(commands.ResolveDiscrepancy, receipts.decide, receipts.locks, post="/discrepancies/{discrepancy}/resolve"),
    Takes(commands.ReceiveReturn, returns.receive, _return, post="/returns"),
    Takes(commands.DisposeReturn, returns.dispose, _return, post="/returns/{return}/disposition"),
    Hears(ProductChanged, receipts.wake, _sku),
    Hears(SerialAdjusted, receipts.void, _sku),
    Hears(SerialMoved, returns.ship, _sku, when=lambda moved: moved.status == "SHIPPED"),
    Hears(LotShipped, returns.ship_lots, _sku),
)

app = service(
    "receiving",
    ROWS,
    ReceiptRejected,
    (products_api.router, locations_api.router, receipts_api.router, returns_api.router),
)
