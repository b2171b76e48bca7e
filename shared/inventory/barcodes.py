"""Names and GTINs of products for their labels, from the replica of a service."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from shared.persistence.database import Transaction
from shared.scans.gtin import to_gtin_14

SELECT_PRODUCTS = text("""
    SELECT sku, name, barcodes::text AS barcodes FROM product WHERE sku = ANY(CAST(:skus AS text[]))
""")
_VARIABLE_MEASURE = "9"


class LabelledProduct(NamedTuple):
    """Name of a product, and the GTIN of one unit."""

    name: str = ""
    gtin: str | None = None


async def load_labelled_products(tx: Transaction, skus: Iterable[str]) -> dict[str, LabelledProduct]:
    """Load the known products among `skus`, by SKU."""
    rows = await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted(set(skus))})
    return {row.sku: LabelledProduct(row.name, unit_gtin(json.loads(row.barcodes))) for row in rows}


def unit_gtin(barcodes: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first barcode that is the GTIN of one unit, in 14 digits."""
    gtins = (to_gtin_14(barcode["code"]) for barcode in barcodes if barcode.get("quantity", 1) == 1)
    return next((gtin for gtin in gtins if gtin and not gtin.startswith(_VARIABLE_MEASURE)), None)
