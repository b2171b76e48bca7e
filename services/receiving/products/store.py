"""Loads and saves products, barcodes and their change log, one batch at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.receiving.batch_statements import as_arrays
from services.receiving.products.domain import BarcodeMatch, Product, with_defaults
from shared.contracts.upstream import ShelfLifePolicy
from shared.persistence.database import Transaction


class ProductChange(NamedTuple):
    """A change log entry."""

    sku: str
    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


PRODUCT_COLUMNS = ("sku", "version", "name", "unit", "tracking", "decimals")
"""Fields that are stored without conversion."""


def to_json(product: Product | None) -> str | None:
    """Serialize a product for the change log."""
    if product is None:
        return None
    barcodes, shelf_life = [list(pair) for pair in product.barcodes], product.shelf_life.model_dump()
    return json.dumps(product._asdict() | {"barcodes": barcodes, "shelf_life": shelf_life})


async def load_products(tx: Transaction, skus: Iterable[str]) -> dict[str, Product]:
    """Load products by SKU."""
    rows = await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted(set(skus))})
    return {row.sku: _to_product(row) for row in rows}


def _to_product(row: Row[Any]) -> Product:
    return Product(
        sku=row.sku, version=row.version, name=row.name, unit=row.unit, tracking=row.tracking,
        barcodes=_barcode_pairs(row), shelf_life=shelf_life_policy_of(row), decimals=row.decimals,
    )  # fmt: skip


def shelf_life_policy_of(row: Row[Any]) -> ShelfLifePolicy:
    """Build the shelf-life policy from a row with `tracking` and `shelf_life`."""
    return with_defaults(ShelfLifePolicy.model_validate_json(row.shelf_life), row.tracking)


def _barcode_pairs(row: Row[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(row.codes, row.quantities, strict=True))


async def load_barcodes(tx: Transaction, codes: Iterable[str]) -> dict[str, BarcodeMatch]:
    """Load barcodes with their product and quantity."""
    rows = await tx.fetch_all(SELECT_BARCODES, {"codes": sorted(set(codes))})
    return {row.code: BarcodeMatch(sku=row.sku, quantity=row.quantity) for row in rows}


async def load_used_skus(tx: Transaction, skus: Iterable[str]) -> set[str]:
    """Return the products with a receipt line, unit or lot scan."""
    return {row.sku for row in await tx.fetch_all(SELECT_USED, {"skus": sorted(set(skus))})}


async def save_products(tx: Transaction, products: Sequence[Product], changes: Sequence[ProductChange]) -> None:
    """Save products, their barcodes and change log entries."""
    values: dict[str, list[Any]] = {name: [getattr(product, name) for product in products] for name in PRODUCT_COLUMNS}
    await tx.execute(
        UPSERT_PRODUCTS, values | {"shelf_life": [product.shelf_life.model_dump_json() for product in products]}
    )
    barcode_rows = [(code, product.sku, quantity) for product in products for code, quantity in product.barcodes]
    await tx.execute(DELETE_BARCODES, {"skus": [product.sku for product in products]})
    await tx.execute(INSERT_BARCODES, as_arrays(barcode_rows, ("codes", "skus", "quantities")))
    await tx.execute(INSERT_CHANGES, as_arrays(changes, ProductChange._fields))


SELECT_PRODUCTS = text("""
SELECT sku, version, name, unit, tracking, shelf_life::text AS shelf_life, decimals,
       array(SELECT code FROM barcode b WHERE b.sku = p.sku ORDER BY code) AS codes,
       array(SELECT quantity FROM barcode b WHERE b.sku = p.sku ORDER BY code) AS quantities
FROM product p WHERE sku = ANY(CAST(:skus AS text[]))
""")
SELECT_BARCODES = text("SELECT code, sku, quantity FROM barcode WHERE code = ANY(CAST(:codes AS text[]))")
SELECT_USED = text("""
SELECT sku FROM unnest(CAST(:skus AS text[])) AS requested(sku)
WHERE EXISTS (SELECT FROM receipt_line l WHERE l.sku = requested.sku)
   OR EXISTS (SELECT FROM unit u WHERE u.sku = requested.sku)
   OR EXISTS (SELECT FROM lot_scan s WHERE s.sku = requested.sku)
""")
UPSERT_PRODUCTS = text("""
INSERT INTO product (sku, version, name, unit, tracking, shelf_life, decimals)
SELECT sku, version, name, unit, tracking, CAST(shelf_life AS jsonb), decimals
FROM unnest(CAST(:sku AS text[]), CAST(:version AS bigint[]), CAST(:name AS text[]), CAST(:unit AS text[]),
            CAST(:tracking AS text[]), CAST(:shelf_life AS text[]), CAST(:decimals AS smallint[]))
     AS p(sku, version, name, unit, tracking, shelf_life, decimals)
ON CONFLICT (sku) DO UPDATE SET version = excluded.version, name = excluded.name, unit = excluded.unit,
                                tracking = excluded.tracking, shelf_life = excluded.shelf_life,
                                decimals = excluded.decimals
""")
DELETE_BARCODES = text("DELETE FROM barcode WHERE sku = ANY(CAST(:skus AS text[]))")
INSERT_BARCODES = text("""
INSERT INTO barcode (code, sku, quantity)
SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:skus AS text[]), CAST(:quantities AS integer[]))
""")
INSERT_CHANGES = text("""
INSERT INTO product_change (sku, version, changed_at, actor, source, message, before, after)
SELECT sku, version, changed_at, actor, source, message, CAST(before AS jsonb), CAST(after AS jsonb)
FROM unnest(CAST(:sku AS text[]), CAST(:version AS bigint[]), CAST(:changed_at AS timestamptz[]),
            CAST(:actor AS text[]), CAST(:source AS text[]), CAST(:message AS text[]), CAST(:before AS text[]),
            CAST(:after AS text[]))
     AS c(sku, version, changed_at, actor, source, message, before, after)
""")
