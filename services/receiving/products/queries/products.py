"""Read queries: products."""

from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

COLUMNS = """
p.sku, p.version, p.name, p.unit, p.tracking, p.shelf_life, p.decimals, p.serial_format,
p.serials_unique_per_product, p.receive_by_carton, p.warranty,
COALESCE((SELECT jsonb_agg(jsonb_build_object('code', b.code, 'quantity', b.quantity) ORDER BY b.code)
          FROM barcode b WHERE b.sku = p.sku), '[]') AS barcodes
"""
SORTS = Sorts("sku", sku=[SortKey("p.sku")])
CHANGE_SORTS = Sorts("-version", version=[SortKey("version", "integer")])


def select_products(order: SortOrder) -> str:
    """Write the statement of a page; `search` matches part of the SKU or name, or a complete barcode."""
    return f"""
SELECT {COLUMNS} FROM product p
WHERE {order.after()}
  AND (CAST(:tracking AS text) IS NULL OR p.tracking = :tracking)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(p.sku), lower(:search)) > 0
       OR strpos(lower(p.name), lower(:search)) > 0
       OR EXISTS (SELECT FROM barcode b WHERE b.sku = p.sku AND b.code = :search))
{order.order_by} LIMIT :size
    """  # noqa: S608 - only column lists are interpolated


SELECT_ONE = text(f"SELECT {COLUMNS} FROM product p WHERE p.sku = :sku")  # noqa: S608 - only column lists are interpolated


def select_changes(order: SortOrder) -> str:
    """Write the statement of a page of changes."""
    return f"""
SELECT version, changed_at, actor, source, message, before, after FROM product_change
WHERE sku = :sku AND {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


async def find_product(tx: Transaction, sku: str) -> Row[Any] | None:
    """Find a product."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"sku": sku})), None)
