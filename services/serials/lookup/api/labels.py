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
    LabelPrint,
    OneLabel,
    PrintResponse,
    SeveralLabels,
    require_few,
)
from shared.inventory.barcodes import load_label_items
from shared.labels import Label, unit_label
from shared.persistence.database import Transaction

router = APIRouter(tags=["labels"])


@router.get("/serials/{sku}/{serial}/label", response_class=PrintResponse, responses=LABEL_RESPONSE)
async def get_serial_label(
    tx: ReadTransaction,
    sku: SkuPath,
    serial: SerialPath,
    printing: OneLabel,
) -> Response:
    """Get the label of a unit: GTIN, expiry, lot and serial number in GS1 DataMatrix.

    Without a GTIN, or if GS1 does not allow the serial number, its code is the serial number alone.
    """
    unit = await find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    return await printing.draw(await _build(tx, [unit], printing))


@router.get("/serial-labels", response_class=PrintResponse, responses=SHEET_RESPONSE)
async def list_serial_labels(
    tx: ReadTransaction,
    filters: UnitFilters,
    printing: SeveralLabels,
) -> Response:
    """Get the labels of the matching units, such as those of a receipt, by SKU and serial number; at most 1,000."""
    rows = await search(tx, filters, ("", ""), MAX_LABELS + 1)
    require_few(rows)
    return await printing.draw(await _build(tx, rows, printing))


async def _build(tx: Transaction, units: Sequence[Row[Any]], printing: LabelPrint) -> list[Label]:
    items = await load_label_items(tx, units)
    size = printing.size or "50x25"
    return [unit_label(item, unit.serial, tx.now.date(), size) for item, unit in zip(items, units, strict=True)]
