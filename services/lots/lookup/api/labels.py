"""HTTP endpoints for the labels of lots."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Row

from services.lots.lookup.api.lots import LotPath, get_lot_row
from services.lots.lookup.queries.search import Filters, search
from shared.http import LocationFilter, ReadTransaction, ReceiptFilter, SkuFilter, SkuPath, WarehouseFilter
from shared.http.labels import (
    LABEL_RESPONSE,
    MAX_LABELS,
    SHEET_RESPONSE,
    LabelFormat,
    LabelSize,
    PrintResponse,
    Resolution,
    SheetFormat,
    label_response,
    require_few,
)
from shared.inventory.barcodes import LabelledProduct, load_labelled_products
from shared.labels import Item, Label, SizeName, lot_label
from shared.persistence.database import Transaction

router = APIRouter(tags=["labels"])


@router.get("/lots/{sku}/{lot:optional}/label", response_class=PrintResponse, responses=LABEL_RESPONSE)
async def get_lot_label(
    tx: ReadTransaction,
    sku: SkuPath,
    lot: LotPath,
    *,
    kind: LabelFormat = "pdf",
    size: LabelSize = None,
    dpi: Resolution = "203",
) -> Response:
    """Get the label of a lot: GTIN, expiry and lot number in GS1 DataMatrix.

    Without a GTIN, or if GS1 does not allow the lot number, its code is the lot number alone.
    """
    row = await get_lot_row(tx, sku, lot)
    return await label_response(await _build(tx, [row], size), kind, dpi)


@router.get("/lot-labels", response_class=PrintResponse, responses=SHEET_RESPONSE)
async def list_lot_labels(
    tx: ReadTransaction,
    *,
    sku: SkuFilter = None,
    receipt: ReceiptFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    kind: SheetFormat = "pdf",
    size: LabelSize = None,
    dpi: Resolution = "203",
) -> Response:
    """Get a label for each matching lot, such as those of a receipt, by SKU and lot number; at most 1,000."""
    filters = Filters(sku=sku, receipt=receipt, warehouse=warehouse, location=location)
    rows = await search(tx, filters, ("", ""), MAX_LABELS + 1)
    require_few(rows)
    return await label_response(await _build(tx, rows, size), kind, dpi)


async def _build(tx: Transaction, lots: Sequence[Row[Any]], size: SizeName | None) -> list[Label]:
    products = await load_labelled_products(tx, (lot.sku for lot in lots))
    labels = []
    for lot in lots:
        product = products.get(lot.sku, LabelledProduct())
        item = Item(lot.sku, product.name, product.gtin, lot.lot, lot.expiry)
        labels.append(lot_label(item, tx.now.date(), size or "50x25"))
    return labels
