"""Where a lot came from, and where it went: each in one answer."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from services.lots.lookup.api.lots import AtPlace, Number, Product, unknown
from services.lots.lookup.queries import lots, trace
from shared.http import Reading
from shared.identifiers import Exact

router = APIRouter(tags=["lookup"])


class Came(BaseModel):
    """So much of the lot came: with a receipt from a supplier, back from a customer, or it was found."""

    change: Literal["RECEIVED", "RETURNED", "FOUND", "COUNTED_UP"]
    quantity: Exact
    warehouse: str
    location: str
    recorded_at: datetime
    occurred_at: datetime
    actor: str
    reason: str
    receipt: str | None
    line: str | None
    supplier: str | None
    return_id: str | None
    order: str | None
    customer: str | None


class WhereFrom(BaseModel):
    """Everything that brought some of a lot here, in order; `more` says that there is more than the answer holds."""

    sku: str
    lot: str
    came: list[Came]
    more: bool


class Shipped(BaseModel):
    """So much of the lot left for a customer."""

    shipment: str | None
    order: str | None
    line: str | None
    customer: str | None
    customer_name: str
    contact: str
    warehouse: str
    quantity: Exact
    shipped_at: datetime


class Promised(BaseModel):
    """So much of the lot an order has that has not left."""

    order: str
    line: str
    customer: str | None
    status: Literal["ALLOCATED", "PICKED"]
    location: str | None
    quantity: Exact


class Gone(BaseModel):
    """So much of the lot is gone, and to no customer."""

    change: Literal["SCRAPPED", "LOST", "COUNTED_DOWN", "SENT_BACK"]
    quantity: Exact
    warehouse: str
    location: str
    recorded_at: datetime
    actor: str
    reason: str


class WhereTo(BaseModel):
    """Where all of a lot is: shipped, with which orders, lying here, gone; and what of the shipped came back."""

    sku: str
    lot: str
    shipped: list[Shipped]
    returned: list[Came]
    orders: list[Promised]
    places: list[AtPlace]
    gone: list[Gone]
    more: bool


@router.get("/lot/where-from")
async def where_from(tx: Reading, product: Product, lot: Number = "") -> WhereFrom:
    """Where a lot came from: receipts with supplier, day and quantity; returns; what was found."""
    if await lots.one(tx, product, lot) is None:
        raise unknown(product, lot)
    came = await trace.came(tx, product, lot)
    shown = [Came.model_validate(row._asdict()) for row in came]
    return WhereFrom(sku=product, lot=lot, came=shown, more=len(came) == trace.MOST)


@router.get("/lot/where-to")
async def where_to(tx: Reading, product: Product, lot: Number = "") -> WhereTo:
    """Where a lot went: customers, orders and shipments with quantities, and where the rest of it is now."""
    if await lots.one(tx, product, lot) is None:
        raise unknown(product, lot)
    found = {
        "shipped": await trace.shipped(tx, product, lot),
        "returned": [row for row in await trace.came(tx, product, lot) if row.change == "RETURNED"],
        "orders": await trace.promised(tx, product, lot),
        "places": await lots.lying(tx, product, lot),
        "gone": await trace.gone(tx, product, lot),
    }
    shown = {name: [row._asdict() for row in rows] for name, rows in found.items()}
    more = any(len(rows) >= trace.MOST for rows in found.values())
    return WhereTo.model_validate({"sku": product, "lot": lot, "more": more} | shown)
