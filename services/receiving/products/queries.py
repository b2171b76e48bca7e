"""Read queries: products."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

COLUMNS = """
p.sku, p.version, p.name, p.unit, p.tracking, p.shelf_life, p.decimals, p.serial_format,
p.serials_unique_per_product,
COALESCE((SELECT jsonb_agg(jsonb_build_object('code', b.code, 'quantity', b.quantity) ORDER BY b.code)
          FROM barcode b WHERE b.sku = p.sku), '[]') AS barcodes
"""
SELECT_PAGE = text(f"""
SELECT {COLUMNS} FROM product p
WHERE p.sku > :after
  AND (CAST(:tracking AS text) IS NULL OR p.tracking = :tracking)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(p.sku), lower(:search)) > 0
       OR strpos(lower(p.name), lower(:search)) > 0
       OR EXISTS (SELECT FROM barcode b WHERE b.sku = p.sku AND b.code = :search))
ORDER BY p.sku LIMIT :size
""")  # noqa: S608 - only column lists are interpolated
SELECT_ONE = text(f"SELECT {COLUMNS} FROM product p WHERE p.sku = :sku")  # noqa: S608 - only column lists are interpolated
SELECT_CHANGES = text("""
SELECT version, changed_at, actor, source, message, before, after FROM product_change
WHERE sku = :sku AND version < :before_version ORDER BY version DESC LIMIT :size
""")


async def find_products(
    tx: Transaction, *, search: str | None, tracking: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Find products, ordered by SKU; `search` matches part of the SKU or name, or a complete barcode."""
    return await tx.fetch_all(SELECT_PAGE, {"search": search, "tracking": tracking, "after": after, "size": size})


async def find_product(tx: Transaction, sku: str) -> Row[Any] | None:
    """Find a product."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"sku": sku})), None)


async def find_changes(tx: Transaction, sku: str, *, before_version: int, size: int) -> Sequence[Row[Any]]:
    """Find the changes of a product, latest first."""
    return await tx.fetch_all(SELECT_CHANGES, {"sku": sku, "before_version": before_version, "size": size})
