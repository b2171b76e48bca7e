"""HTTP endpoints for the labels of units."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Row

from services.serials.lookup.api.search import UnitFilters
from services.serials.lookup.api.unit import unit_not_found
from services.serials.lookup.queries.search import search
from services.serials.lookup.queries.unit import find_unit
from shared.http import ReadTransaction, SerialPath, SkuPath
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
from shared.labels import Item, Label, SizeName, unit_label
from shared.persistence.database import Transaction

router = APIRouter(tags=["labels"])


@router.get("/serials/{sku}/{serial}/label", response_class=PrintResponse, responses=LABEL_RESPONSE)
async def get_serial_label(
    tx: ReadTransaction,
    sku: SkuPath,
    serial: SerialPath,
    *,
    kind: LabelFormat = "pdf",
    size: LabelSize = None,
    dpi: Resolution = "203",
) -> Response:
    """Get the label of a unit: GTIN, expiry, lot and serial number in GS1 DataMatrix.

    Without a GTIN, or if GS1 does not allow the serial number, its code is the serial number alone.
    """
    unit = await find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    return await label_response(await _build(tx, [unit], size), kind, dpi)


@router.get("/serial-labels", response_class=PrintResponse, responses=SHEET_RESPONSE)
async def list_serial_labels(
    tx: ReadTransaction,
    filters: UnitFilters,
    *,
    kind: SheetFormat = "pdf",
    size: LabelSize = None,
    dpi: Resolution = "203",
) -> Response:
    """Get the labels of the matching units, such as those of a receipt, by SKU and serial number; at most 1,000."""
    rows = await search(tx, filters, ("", ""), MAX_LABELS + 1)
    require_few(rows)
    return await label_response(await _build(tx, rows, size), kind, dpi)


async def _build(tx: Transaction, units: Sequence[Row[Any]], size: SizeName | None) -> list[Label]:
    products = await load_labelled_products(tx, (unit.sku for unit in units))
    labels = []
    for unit in units:
        product = products.get(unit.sku, LabelledProduct())
        item = Item(unit.sku, product.name, product.gtin, unit.lot or "", unit.expiry)
        labels.append(unit_label(item, unit.serial, tx.now.date(), size or "50x25"))
    return labels
