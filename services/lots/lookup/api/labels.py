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
    LabelPrint,
    OneLabel,
    PrintResponse,
    SeveralLabels,
    require_few,
)
from shared.inventory.barcodes import load_label_items
from shared.labels import Label, lot_label
from shared.persistence.database import Transaction

router = APIRouter(tags=["labels"])


@router.get("/lots/{sku}/{lot:optional}/label", response_class=PrintResponse, responses=LABEL_RESPONSE)
async def get_lot_label(
    tx: ReadTransaction,
    sku: SkuPath,
    lot: LotPath,
    printing: OneLabel,
) -> Response:
    """Get the label of a lot: GTIN, expiry and lot number in GS1 DataMatrix.

    Without a GTIN, or if GS1 does not allow the lot number, its code is the lot number alone.
    """
    row = await get_lot_row(tx, sku, lot)
    return await printing.draw(await _build(tx, [row], printing))


@router.get("/lot-labels", response_class=PrintResponse, responses=SHEET_RESPONSE)
async def list_lot_labels(
    tx: ReadTransaction,
    printing: SeveralLabels,
    *,
    sku: SkuFilter = None,
    receipt: ReceiptFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
) -> Response:
    """Get a label for each matching lot, such as those of a receipt, by SKU and lot number; at most 1,000."""
    filters = Filters(sku=sku, receipt=receipt, warehouse=warehouse, location=location)
    rows = await search(tx, filters, ("", ""), MAX_LABELS + 1)
    require_few(rows)
    return await printing.draw(await _build(tx, rows, printing))


async def _build(tx: Transaction, lots: Sequence[Row[Any]], printing: LabelPrint) -> list[Label]:
    items = await load_label_items(tx, lots)
    return [lot_label(item, tx.now.date(), printing.size or "50x25") for item in items]
