"""HTTP API of products and their change log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.receiving.products import queries
from services.receiving.products.domain.records import ProductOut
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import Cursor, Limit, NotFoundError, Page, ReadTransaction, SkuPath, decode_cursor, paginate

router = APIRouter(tags=["products"])
Search = Annotated[str | None, Query(description="Part of the SKU or name, or a complete barcode.")]


class ProductChangeOut(KnownFieldsModel):
    """A change of a product; `before` is null for the first version."""

    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/products")
async def list_products(
    tx: ReadTransaction,
    *,
    q: Search = None,
    tracking: Annotated[
        Tracking | None, Query(description="How the product is tracked: by serial number, by lot, or by quantity only.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ProductOut]:
    """List products, ordered by SKU."""
    (after,) = decode_cursor(cursor, str) or ("",)
    found = await queries.find_products(tx, search=q, tracking=tracking, after=after, size=limit + 1)
    return paginate(found, limit, lambda row: ProductOut.model_validate(row._asdict()), lambda row: (row.sku,))


@router.get("/products/{sku}/changes")
async def list_product_changes(
    tx: ReadTransaction, sku: SkuPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[ProductChangeOut]:
    """List the changes of a product, latest first."""
    (before_version,) = decode_cursor(cursor, int) or (2**62,)
    found = await queries.find_changes(tx, sku, before_version=before_version, size=limit + 1)
    if not found and cursor is None:
        raise NotFoundError(f"Product {sku} not found", ids=[sku], code=Code.PRODUCT_NOT_FOUND)
    return paginate(
        found, limit, lambda row: ProductChangeOut.model_validate(row._asdict()), lambda row: (row.version,)
    )


@router.get("/products/{sku}")
async def get_product(tx: ReadTransaction, sku: SkuPath) -> ProductOut:
    """Get a product with its tracking and barcodes."""
    found = await queries.find_product(tx, sku)
    if found is None:
        raise NotFoundError(f"Product {sku} not found", ids=[sku], code=Code.PRODUCT_NOT_FOUND)
    return ProductOut.model_validate(found._asdict())
