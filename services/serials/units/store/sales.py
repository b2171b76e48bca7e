"""Products with their tracking and warranties, those of units that ship with the units by one statement."""

from collections.abc import Iterable

from sqlalchemy import text

from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.contracts.product_attributes import Warranty
from shared.contracts.serial_formats import SerialFormat
from shared.inventory.reference_data import PRODUCT_COLUMNS, upsert_statement
from shared.persistence.database import Transaction

UPSERT_PRODUCTS = upsert_statement("product", "sku", f"{PRODUCT_COLUMNS}, warranty, serial_format")

SELECT_UNITS = text(f"""
    SELECT {UNIT_COLUMNS}, p.warranty::text AS warranty, w.time_zone
    FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS requested (sku, serial)
    JOIN serial USING (sku, serial) JOIN serial_state AS s USING (id)
    LEFT JOIN product AS p ON p.sku = s.sku AND p.warranty IS NOT NULL
    LEFT JOIN warehouse AS w ON w.warehouse = s.warehouse AND p.warranty IS NOT NULL
""")  # noqa: S608 - the columns are this module's own


SELECT_PRODUCTS = text("""
    SELECT sku, tracking, warranty::text AS warranty, serial_format::text AS serial_format
    FROM product WHERE sku = ANY(CAST(:skus AS text[]))
""")


async def load_products(tx: Transaction, uow: SerialsUnitOfWork, skus: Iterable[str]) -> None:
    """Load the tracking, warranties and serial formats of products."""
    for row in await tx.fetch_all(SELECT_PRODUCTS, {"skus": sorted(skus)}):
        uow.sale_rules.trackings[row.sku] = row.tracking
        uow.sale_rules.warranties[row.sku] = _to_warranty(row.warranty)
        uow.sale_rules.serial_formats[row.sku] = (
            SerialFormat.model_validate_json(row.serial_format) if row.serial_format else None
        )


def _to_warranty(document: str | None) -> Warranty | None:
    return Warranty.model_validate_json(document) if document else None


async def load_units(tx: Transaction, uow: SerialsUnitOfWork, keys: Iterable[UnitKey]) -> None:
    """Load units by SKU and serial, with the warranties of their products and the time zones of their warehouses."""
    key_set = set(keys)
    if not key_set:
        return
    skus, serials = zip(*key_set, strict=True)
    rows = await tx.fetch_all(SELECT_UNITS, {"skus": skus, "serials": serials})
    uow.units.load(UNITS.load(rows, extra_columns=("warranty", "time_zone")))
    uow.sale_rules.warranties |= {
        sku: _to_warranty(warranty) for sku, warranty in {(row.sku, row.warranty) for row in rows}
    }
    uow.sale_rules.time_zones |= {row.warehouse: row.time_zone for row in rows if row.time_zone}
