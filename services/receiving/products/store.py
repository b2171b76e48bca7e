"""Loads and saves products, barcodes and their change log, one batch at a time."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.receiving.products.domain.barcodes import find_barcode, spellings_of
from services.receiving.products.domain.definitions import with_defaults
from services.receiving.products.domain.records import FixedDefinition, Product, ProductBarcode, ProductChange
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.envelope import CloudEvent
from shared.contracts.product_attributes import ShelfLifePolicy, Warranty
from shared.contracts.reference import ProductOrdered
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.upstream import ProductDefined
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

PRODUCTS = RecordTable(
    "product", Product, "sku",
    "version name unit tracking shelf_life decimals serial_format serials_unique_per_product receive_by_carton"
    " warranty",
    types={"shelf_life": "jsonb", "serial_format": "jsonb", "warranty": "jsonb"}, upsert=True,
)  # fmt: skip
BARCODES = RecordTable("barcode", ProductBarcode, "code", "sku quantity", upsert=True)
CHANGES = RecordTable("product_change", ProductChange, "sku version", types={"before": "jsonb", "after": "jsonb"})

EXTRA = ("barcodes",)
"""Columns of SELECT_PRODUCTS that are not of the table."""

SELECT_PRODUCTS = text("""
SELECT sku, version, name, unit, tracking, shelf_life::text AS shelf_life, decimals,
       serial_format::text AS serial_format, serials_unique_per_product, receive_by_carton, warranty::text AS warranty,
       (SELECT jsonb_agg(jsonb_build_array(b.code, b.quantity)) FROM barcode b WHERE b.sku = product.sku) AS barcodes
FROM product WHERE sku = ANY(CAST(:skus AS text[]))
""")
SELECT_BARCODES = text("""
SELECT code, sku, quantity FROM barcode
WHERE code = ANY(CAST(:codes AS text[]))
""")
SELECT_HISTORY = text("""
SELECT sku, EXISTS (SELECT FROM ordered_product o WHERE o.sku = requested.sku) AS is_ordered, EXISTS (
        SELECT FROM receipt_line l JOIN receipt r USING (receipt) WHERE l.sku = requested.sku
        AND (l.received > 0 OR l.scanned > 0 OR l.expected_quantity > 0 AND r.status IN ('PLANNED', 'IN_PROGRESS'))
    )
    OR EXISTS (SELECT FROM unit u WHERE u.sku = requested.sku AND u.status NOT IN ('INACTIVE', 'EXPECTED'))
    OR EXISTS (SELECT FROM lot_scan s WHERE s.sku = requested.sku AND s.status <> 'REJECTED') AS is_used
FROM unnest(CAST(:skus AS text[])) AS requested(sku)
""")
INSERT_ORDERED = text("""
INSERT INTO ordered_product (sku) SELECT DISTINCT sku FROM unnest(CAST(:skus AS text[])) AS k (sku) ORDER BY sku
ON CONFLICT DO NOTHING RETURNING sku
""")
SELECT_ORDERED_DEFINITIONS = text("""
SELECT DISTINCT ON (c.sku) c.sku, after->>'tracking' AS tracking, after->>'unit' AS unit,
       coalesce(CAST(after->>'decimals' AS integer), 0) AS decimals
FROM unnest(CAST(:skus AS text[]), CAST(:versions AS bigint[])) AS k (sku, version)
JOIN product_change c USING (sku, version) ORDER BY c.sku, version
""")


async def load_definitions(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[ProductDefined]]
) -> None:
    """Load products, their barcodes, the owners of the defined barcodes, and which of the products have history."""
    definitions = [event.data for event in events]
    skus = sorted({definition.sku for definition in definitions})
    codes = sorted(spellings_of(barcode.code for definition in definitions for barcode in definition.barcodes or ()))
    await load_products(tx, uow, skus)
    uow.barcodes.load(BARCODES.load(await tx.fetch_all(SELECT_BARCODES, {"codes": codes})))
    history = await tx.fetch_all(SELECT_HISTORY, {"skus": skus})
    uow.product_history.used.update(row.sku for row in history if row.is_used)
    uow.product_history.ordered.update(row.sku for row in history if row.is_ordered)


async def load_first_orders(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[ProductOrdered]]
) -> None:
    """Save products as ordered; load the newly ordered ones with the definitions that their orders knew."""
    saved = await tx.fetch_all(INSERT_ORDERED, {"skus": [event.data.sku for event in events]})
    if new_skus := {row.sku for row in saved}:
        versions = [
            (event.data.sku, event.data.ordered_version)
            for event in events if event.data.sku in new_skus and event.data.ordered_version is not None
        ]  # fmt: skip
        values = {"skus": [sku for sku, _ in versions], "versions": [version for _, version in versions]}
        for row in await tx.fetch_all(SELECT_ORDERED_DEFINITIONS, values):
            uow.product_history.first_orders[row.sku] = FixedDefinition(row.tracking, row.unit, row.decimals)
        await load_products(tx, uow, new_skus)


async def load_products(tx: Transaction, uow: ReceivingUnitOfWork, skus: Iterable[str]) -> None:
    """Load products with their barcodes."""
    rows = await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted(skus)})
    uow.products.load(_to_product(product, row) for product, row in zip(PRODUCTS.load(rows, EXTRA), rows, strict=True))
    uow.barcodes.load(ProductBarcode(code, row.sku, quantity) for row in rows for code, quantity in row.barcodes or ())


def _to_product(product: Product, row: Row[Any]) -> Product:
    return product._replace(
        shelf_life=with_defaults(ShelfLifePolicy.model_validate_json(row.shelf_life), row.tracking),
        serial_format=row.serial_format and SerialFormat.model_validate_json(row.serial_format),
        warranty=row.warranty and Warranty.model_validate_json(row.warranty),
    )


async def find_barcodes(tx: Transaction, codes: Iterable[str]) -> list[ProductBarcode]:
    """Find barcodes with their product and quantity."""
    return BARCODES.load(await tx.fetch_all(SELECT_BARCODES, {"codes": sorted(codes)}))


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save products, their barcodes and change log entries."""
    changes = uow.products.pop_changes()
    products = [
        product._replace(
            shelf_life=product.shelf_life.model_dump_json(),  # type: ignore[arg-type]
            serial_format=product.serial_format and product.serial_format.model_dump_json(exclude_none=True),  # type: ignore[arg-type]
            warranty=product.warranty and product.warranty.model_dump_json(),  # type: ignore[arg-type]
        )
        for product in (*changes.added, *changes.changed)
    ]
    await PRODUCTS.insert_rows(tx, products, PRODUCTS.on_conflict)
    await BARCODES.save(tx, uow.barcodes)
    await CHANGES.insert_rows(tx, uow.product_changes)
    uow.product_changes.clear()


async def resolve_barcodes(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CloudEvent[Any]]:
    """Add the product of each scanned barcode in any spelling, so that it is locked; the rules check it again."""
    codes = {code for event in events if (code := _barcode_of(event))}
    if not codes:
        return events
    stored = {barcode.code: barcode for barcode in await find_barcodes(tx, spellings_of(codes))}
    found = {code: barcode for code in codes if (barcode := find_barcode(code, stored.get))}
    return [
        event.model_copy(update={"data": event.data.model_copy(update={"sku": barcode.sku, "barcode": barcode.code})})
        if (barcode := found.get(_barcode_of(event) or ""))
        else event
        for event in events
    ]


def _barcode_of(event: CloudEvent[Any]) -> str | None:
    return event.data.barcode if isinstance(event.data, ScanItems) else None
