"""Products over HTTP: lists, one, and the log of its changes."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.receiving.products import queries
from services.receiving.products.domain import ProductShown
from shared.contracts.reference import Tracking
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["products"])


class ChangeShown(BaseModel):
    """Who changed what, when, and by which message; `before` is empty at the first."""

    version: int
    at: datetime
    actor: str
    source: str
    message: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@router.get("/products")
async def products(
    tx: Reading,
    search: str | None = None,
    tracking: Tracking | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ProductShown]:
    """Products in order of their skus; a search looks into sku and name, or for a whole barcode."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.listed(tx, search=search, tracking=tracking, after=after, size=limit + 1)
    return page(found, limit, lambda row: ProductShown.model_validate(row._asdict()), lambda row: (row.sku,))


@router.get("/products/{sku:path}/changes")
async def changes(tx: Reading, sku: str, cursor: str | None = None, limit: Limit = 100) -> Page[ChangeShown]:
    """What was changed of a product, the latest first."""
    (below,) = parts(cursor, int) or (2**62,)
    found = await queries.changes(tx, sku, below=below, size=limit + 1)
    if not found and cursor is None:
        raise NotFound(f"there is no product {sku}", ids=[sku])
    return page(found, limit, lambda row: ChangeShown.model_validate(row._asdict()), lambda row: (row.version,))


@router.get("/products/{sku:path}")
async def product(tx: Reading, sku: str) -> ProductShown:
    """One product: how it is tracked, and its barcodes."""
    found = await queries.one(tx, sku)
    if found is None:
        raise NotFound(f"there is no product {sku}", ids=[sku])
    return ProductShown.model_validate(found._asdict())
