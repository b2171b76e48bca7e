"""Names and GTINs of products for their labels, from the replica of a service."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from shared.persistence.database import Transaction
from shared.scans.gtin import to_gtin_14

SELECT_PRODUCTS = text("""
    SELECT sku, name, barcodes::text AS barcodes FROM product WHERE sku = ANY(CAST(:skus AS text[]))
""")
_VARIABLE_MEASURE = "9"


async def load_products_of_labels(tx: Transaction, skus: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Load the name and the GTIN of one unit by SKU; None for a product without one."""
    rows = await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted(set(skus))})
    return {row.sku: (row.name, unit_gtin(json.loads(row.barcodes))) for row in rows}


def unit_gtin(barcodes: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first barcode that is the GTIN of one unit, in 14 digits."""
    gtins = (to_gtin_14(barcode["code"]) for barcode in barcodes if barcode.get("quantity", 1) == 1)
    return next((gtin for gtin in gtins if gtin and not gtin.startswith(_VARIABLE_MEASURE)), None)
