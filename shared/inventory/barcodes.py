"""What labels say of units and lots, with name and GTIN from the product replica of a service."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.labels import Item
from shared.persistence.database import Transaction
from shared.scans.gtin import to_gtin_14

SELECT_PRODUCTS = text("""
    SELECT sku, name, barcodes::text AS barcodes FROM product WHERE sku = ANY(CAST(:skus AS text[]))
""")
_VARIABLE_MEASURE = "9"


async def load_label_items(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Item]:
    """Return what labels say of units or lots with SKU, lot and expiry; an unknown product has no name and GTIN."""
    found = await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted({row.sku for row in rows})})
    products = {row.sku: Item(row.sku, row.name, unit_gtin(json.loads(row.barcodes))) for row in found}
    return [products.get(row.sku, Item(row.sku))._replace(lot=row.lot or "", expiry=row.expiry) for row in rows]


def unit_gtin(barcodes: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first barcode that is the GTIN of one unit, in 14 digits."""
    gtins = (to_gtin_14(barcode["code"]) for barcode in barcodes if barcode.get("quantity", 1) == 1)
    return next((gtin for gtin in gtins if gtin and not gtin.startswith(_VARIABLE_MEASURE)), None)
