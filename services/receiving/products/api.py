"""Products over HTTP: lists, one, and the log of its changes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.receiving.products import queries
from services.receiving.products.domain import ProductOut
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import Tracking
from shared.http import Cursor, Limit, NotFound, Page, Reading, SkuPath, page, parts

router = APIRouter(tags=["products"])
Search = Annotated[str | None, Query(description="Part of the SKU or name, or a whole barcode.")]


class ProductChangeOut(KnownFieldsModel):
    """Who changed what, when, and by which message; `before` is empty at the first."""

    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/products")
async def list_products(
    tx: Reading,
    *,
    q: Search = None,
    tracking: Annotated[Tracking | None, Query(description="How units are tracked.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ProductOut]:
    """Products in order of SKU."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.listed(tx, search=q, tracking=tracking, after=after, size=limit + 1)
    return page(found, limit, lambda row: ProductOut.model_validate(row._asdict()), lambda row: (row.sku,))


@router.get("/products/{sku}/changes")
async def list_product_changes(
    tx: Reading, sku: SkuPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[ProductChangeOut]:
    """Changes of a product, the latest first."""
    (below,) = parts(cursor, int) or (2**62,)
    found = await queries.changes(tx, sku, below=below, size=limit + 1)
    if not found and cursor is None:
        raise NotFound(f"there is no product {sku}", ids=[sku])
    return page(found, limit, lambda row: ProductChangeOut.model_validate(row._asdict()), lambda row: (row.version,))


@router.get("/products/{sku}")
async def get_product(tx: Reading, sku: SkuPath) -> ProductOut:
    """A product, how it is tracked, and its barcodes."""
    found = await queries.one(tx, sku)
    if found is None:
        raise NotFound(f"there is no product {sku}", ids=[sku])
    return ProductOut.model_validate(found._asdict())
