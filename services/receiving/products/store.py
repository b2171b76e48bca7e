"""Products, their barcodes and the log of their changes: loaded and saved a batch at a time."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.receiving.products.domain import Coded, Product, settled
from services.receiving.rows import columns
from shared.contracts.upstream import LifePolicy
from shared.database import Transaction


class Change(NamedTuple):
    """One line of the log: who made what of what."""

    sku: str
    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


SAVED = ("sku", "version", "name", "unit", "tracking", "decimals")
"""The fields that are saved as they are."""


def told(product: Product | None) -> str | None:
    """A product as the log keeps it."""
    if product is None:
        return None
    barcodes, life = [list(pair) for pair in product.barcodes], product.life.model_dump()
    return json.dumps(product._asdict() | {"barcodes": barcodes, "life": life})


async def products(tx: Transaction, skus: Iterable[str]) -> dict[str, Product]:
    """Those of the products that are defined."""
    found = await tx.rows(PRODUCTS, {"skus": sorted(set(skus))})
    return {row.sku: _product(row) for row in found}


def _product(row: Row[Any]) -> Product:
    return Product(
        sku=row.sku, version=row.version, name=row.name, unit=row.unit, tracking=row.tracking, barcodes=_pairs(row),
        life=life(row), decimals=row.decimals,
    )  # fmt: skip


def life(row: Row[Any]) -> LifePolicy:
    """What a product's days of life mean, of a row with its tracking and its life."""
    return settled(LifePolicy.model_validate_json(row.life), row.tracking)


def _pairs(row: Row[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(row.codes, row.quantities, strict=True))


async def barcodes(tx: Transaction, codes: Iterable[str]) -> dict[str, Coded]:
    """Which product a barcode means, and how much of it."""
    rows = await tx.rows(OWNERS, {"codes": sorted(set(codes))})
    return {row.code: Coded(sku=row.sku, quantity=row.quantity) for row in rows}


async def used(tx: Transaction, skus: Iterable[str]) -> set[str]:
    """Those of the products that have any line of a receipt, any unit or any scan."""
    return {row.sku for row in await tx.rows(USED, {"skus": sorted(set(skus))})}


async def save(tx: Transaction, after: Sequence[Product], changes: Sequence[Change]) -> None:
    """The products as they stand now, their barcodes, and what changed."""
    values: dict[str, list[Any]] = {name: [getattr(product, name) for product in after] for name in SAVED}
    await tx.run(UPSERT, values | {"life": [product.life.model_dump_json() for product in after]})
    codes = [(code, product.sku, quantity) for product in after for code, quantity in product.barcodes]
    await tx.run(DROP_CODES, {"skus": [product.sku for product in after]})
    await tx.run(ADD_CODES, columns(codes, ("codes", "skus", "quantities")))
    await tx.run(LOG, columns(changes, Change._fields))


PRODUCTS = text("""
SELECT sku, version, name, unit, tracking, life::text AS life, decimals,
       array(SELECT code FROM barcode b WHERE b.sku = p.sku ORDER BY code) AS codes,
       array(SELECT quantity FROM barcode b WHERE b.sku = p.sku ORDER BY code) AS quantities
FROM product p WHERE sku = ANY(CAST(:skus AS text[]))
""")
OWNERS = text("SELECT code, sku, quantity FROM barcode WHERE code = ANY(CAST(:codes AS text[]))")
USED = text("""
SELECT sku FROM unnest(CAST(:skus AS text[])) AS wanted(sku)
WHERE EXISTS (SELECT FROM receipt_line l WHERE l.sku = wanted.sku)
   OR EXISTS (SELECT FROM unit u WHERE u.sku = wanted.sku)
   OR EXISTS (SELECT FROM lot_scan s WHERE s.sku = wanted.sku)
""")
UPSERT = text("""
INSERT INTO product (sku, version, name, unit, tracking, life, decimals)
SELECT sku, version, name, unit, tracking, CAST(life AS jsonb), decimals
FROM unnest(CAST(:sku AS text[]), CAST(:version AS bigint[]), CAST(:name AS text[]), CAST(:unit AS text[]),
            CAST(:tracking AS text[]), CAST(:life AS text[]), CAST(:decimals AS smallint[]))
     AS p(sku, version, name, unit, tracking, life, decimals)
ON CONFLICT (sku) DO UPDATE SET version = excluded.version, name = excluded.name, unit = excluded.unit,
                                tracking = excluded.tracking, life = excluded.life,
                                decimals = excluded.decimals
""")
DROP_CODES = text("DELETE FROM barcode WHERE sku = ANY(CAST(:skus AS text[]))")
ADD_CODES = text("""
INSERT INTO barcode (code, sku, quantity)
SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:skus AS text[]), CAST(:quantities AS integer[]))
""")
LOG = text("""
INSERT INTO product_change (sku, version, at, actor, source, message, before, after)
SELECT sku, version, at, actor, source, message, CAST(before AS jsonb), CAST(after AS jsonb)
FROM unnest(CAST(:sku AS text[]), CAST(:version AS bigint[]), CAST(:at AS timestamptz[]), CAST(:actor AS text[]),
            CAST(:source AS text[]), CAST(:message AS text[]), CAST(:before AS text[]), CAST(:after AS text[]))
     AS c(sku, version, at, actor, source, message, before, after)
""")
