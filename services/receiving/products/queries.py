"""Products as they are looked up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

COLUMNS = """
p.sku, p.version, p.name, p.unit, p.tracking, p.life, p.decimals,
COALESCE((SELECT jsonb_agg(jsonb_build_object('code', b.code, 'quantity', b.quantity) ORDER BY b.code)
          FROM barcode b WHERE b.sku = p.sku), '[]') AS barcodes
"""
LIST = text(f"""
SELECT {COLUMNS} FROM product p
WHERE p.sku > :after
  AND (CAST(:tracking AS text) IS NULL OR p.tracking = :tracking)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(p.sku), lower(:search)) > 0
       OR strpos(lower(p.name), lower(:search)) > 0
       OR EXISTS (SELECT FROM barcode b WHERE b.sku = p.sku AND b.code = :search))
ORDER BY p.sku LIMIT :size
""")  # noqa: S608 - the names are this module's own
ONE = text(f"SELECT {COLUMNS} FROM product p WHERE p.sku = :sku")  # noqa: S608 - the names are this module's own
CHANGES = text("""
SELECT version, at, actor, source, message, before, after FROM product_change
WHERE sku = :sku AND version < :below ORDER BY version DESC LIMIT :size
""")


async def listed(
    tx: Transaction, *, search: str | None, tracking: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Products in order of their skus; a search looks into sku and name, or for a whole barcode."""
    return await tx.rows(LIST, {"search": search, "tracking": tracking, "after": after, "size": size})


async def one(tx: Transaction, sku: str) -> Row[Any] | None:
    """One product."""
    return next(iter(await tx.rows(ONE, {"sku": sku})), None)


async def changes(tx: Transaction, sku: str, *, below: int, size: int) -> Sequence[Row[Any]]:
    """What was changed of a product, the latest first."""
    return await tx.rows(CHANGES, {"sku": sku, "below": below, "size": size})
