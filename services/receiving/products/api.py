"""HTTP API of products and their change log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.receiving.products.domain.records import ProductOut
from services.receiving.products.queries import files
from services.receiving.products.queries import products as queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import NotFoundError, Page, PageRequest, ReadTransaction, SkuPath, add_report_routes, paged_by

router = APIRouter(tags=["products"])
add_report_routes(router, files.FILES, has_pages=False)
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
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[ProductOut]:
    """List products, ordered by SKU."""
    rows = await page.fetch(tx, queries.select_products, {"search": q, "tracking": tracking})
    return page.build(rows, lambda row: ProductOut.model_validate(row._asdict()))


@router.get("/products/{sku}/changes")
async def list_product_changes(
    tx: ReadTransaction, sku: SkuPath, page: Annotated[PageRequest, paged_by(queries.CHANGE_SORTS)]
) -> Page[ProductChangeOut]:
    """List the changes of a product, latest first."""
    rows = await page.fetch(tx, queries.select_changes, {"sku": sku})
    if not rows and page.after is None:
        raise NotFoundError(f"Product {sku} not found", ids=[sku], code=Code.PRODUCT_NOT_FOUND)
    return page.build(rows, lambda row: ProductChangeOut.model_validate(row._asdict()))


@router.get("/products/{sku}")
async def get_product(tx: ReadTransaction, sku: SkuPath) -> ProductOut:
    """Get a product with its tracking and barcodes."""
    found = await queries.find_product(tx, sku)
    if found is None:
        raise NotFoundError(f"Product {sku} not found", ids=[sku], code=Code.PRODUCT_NOT_FOUND)
    return ProductOut.model_validate(found._asdict())
