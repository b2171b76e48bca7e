"""Where a lot came from, and where it went: each in one answer."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from services.lots.lookup.api.lots import LocationBalance, LotPath, unknown
from services.lots.lookup.queries import lots, trace
from shared.contracts.model import KnownFieldsModel
from shared.http import Reading, SkuPath
from shared.identifiers import Exact

router = APIRouter(tags=["lookup"])


class Inflow(KnownFieldsModel):
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


class TraceBackward(KnownFieldsModel):
    """Everything that brought some of a lot here, in order; `more` says that there is more than the answer holds."""

    sku: str
    lot: str
    came: list[Inflow]
    more: bool


class ShippedLotOut(KnownFieldsModel):
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


class Commitment(KnownFieldsModel):
    """So much of the lot an order has that has not left."""

    order: str
    line: str
    customer: str | None
    status: Literal["ALLOCATED", "PICKED"]
    location: str | None
    quantity: Exact


class WriteOff(KnownFieldsModel):
    """So much of the lot is gone, and to no customer."""

    change: Literal["SCRAPPED", "LOST", "COUNTED_DOWN", "SENT_BACK"]
    quantity: Exact
    warehouse: str
    location: str
    recorded_at: datetime
    actor: str
    reason: str


class TraceForward(KnownFieldsModel):
    """Where all of a lot is: shipped, with which orders, lying here, gone; and what of the shipped came back."""

    sku: str
    lot: str
    shipped: list[ShippedLotOut]
    returned: list[Inflow]
    orders: list[Commitment]
    places: list[LocationBalance]
    gone: list[WriteOff]
    more: bool


@router.get("/lots/{sku}/{lot:optional}/trace-back", summary="Trace a lot back")
async def trace_lot_back(tx: Reading, sku: SkuPath, lot: LotPath) -> TraceBackward:
    """Where a lot came from: receipts with supplier, day and quantity; returns; what was found."""
    if await lots.one(tx, sku, lot) is None:
        raise unknown(sku, lot)
    came = await trace.came(tx, sku, lot)
    shown = [Inflow.model_validate(row._asdict()) for row in came]
    return TraceBackward(sku=sku, lot=lot, came=shown, more=len(came) == trace.MOST)


@router.get("/lots/{sku}/{lot:optional}/trace-forward", summary="Trace a lot forward")
async def trace_lot_forward(tx: Reading, sku: SkuPath, lot: LotPath) -> TraceForward:
    """Where a lot went: customers, orders and shipments with quantities, and where the rest of it is now."""
    if await lots.one(tx, sku, lot) is None:
        raise unknown(sku, lot)
    found = {
        "shipped": await trace.shipped(tx, sku, lot),
        "returned": [row for row in await trace.came(tx, sku, lot) if row.change == "RETURNED"],
        "orders": await trace.promised(tx, sku, lot),
        "places": await lots.lying(tx, sku, lot),
        "gone": await trace.gone(tx, sku, lot),
    }
    shown = {name: [row._asdict() for row in rows] for name, rows in found.items()}
    more = any(len(rows) >= trace.MOST for rows in found.values())
    return TraceForward.model_validate({"sku": sku, "lot": lot, "more": more} | shown)
