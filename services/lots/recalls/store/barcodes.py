"""Barcodes of products, by which a recall notice names them."""

from collections.abc import Sequence

from sqlalchemy import text

from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.reference import ProductChanged
from shared.persistence.database import Transaction
from shared.scans.gtin import to_gtin_14

# A data-modifying CTE and the main statement see the same rows: the barcodes that stay are not deleted.
REPLACE_BARCODES = text("""
    WITH current AS (
        SELECT sku, gtin FROM unnest(CAST(:barcode_skus AS text[]), CAST(:gtins AS text[])) AS current (sku, gtin)
    ), gone AS (
        DELETE FROM product_barcode AS b
        WHERE b.sku = ANY(CAST(:skus AS text[]))
            AND NOT EXISTS (SELECT FROM current AS c WHERE c.sku = b.sku AND c.gtin = b.gtin)
    )
    INSERT INTO product_barcode (sku, gtin) SELECT DISTINCT sku, gtin FROM current ON CONFLICT DO NOTHING
""")


async def save(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]) -> None:
    """Replace the barcodes of products by those of their newest version."""
    newest = {
        event.data.sku: event.data for event in events if event.data.version == uow.product_versions[event.data.sku]
    }
    barcodes = [
        (sku, to_gtin_14(barcode.code) or barcode.code)
        for sku, product in newest.items()
        for barcode in product.barcodes
    ]
    values = {
        "skus": list(newest), "barcode_skus": [sku for sku, _ in barcodes], "gtins": [gtin for _, gtin in barcodes],
    }  # fmt: skip
    await tx.execute(REPLACE_BARCODES, values)
