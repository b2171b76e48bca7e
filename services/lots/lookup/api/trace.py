"""HTTP API of lot traceability: trace back and trace forward."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter

from services.lots.lookup.api.lots import LocationBalance, LotPath, get_lot_row
from services.lots.lookup.queries import lots, trace
from shared.contracts.model import KnownFieldsModel
from shared.http import ReadTransaction, SkuPath
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["lookup"])


class Inflow(KnownFieldsModel):
    """A quantity of the lot that was received, returned by a customer or found."""

    change: Literal["RECEIVED", "RETURNED", "FOUND", "COUNT_GAIN"]
    quantity: SignedQuantity
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


class LotTraceBackward(KnownFieldsModel):
    """All inflows of a lot in order; `has_more` is true if the list is truncated."""

    sku: str
    lot: str
    inflows: list[Inflow]
    has_more: bool


class Outflow(KnownFieldsModel):
    """A quantity of the lot that was shipped to a customer."""

    shipment: str | None
    order: str | None
    line: str | None
    customer: str | None
    customer_name: str
    contact: str
    warehouse: str
    quantity: SignedQuantity
    shipped_at: datetime


class Commitment(KnownFieldsModel):
    """A quantity of the lot that is allocated to or picked for an order."""

    order: str
    line: str
    customer: str | None
    status: Literal["ALLOCATED", "PICKED"]
    location: str | None
    quantity: SignedQuantity


class WriteOff(KnownFieldsModel):
    """A quantity of the lot that was scrapped, lost or returned to the vendor."""

    change: Literal["SCRAPPED", "LOST", "COUNT_LOSS", "RETURNED_TO_VENDOR"]
    quantity: SignedQuantity
    warehouse: str
    location: str
    recorded_at: datetime
    actor: str
    reason: str


class LotTraceForward(KnownFieldsModel):
    """Shipments, returns, commitments to orders, stock and write-offs of a lot.

    `has_more` is true if one of the lists is truncated.
    """

    sku: str
    lot: str
    outflows: list[Outflow]
    returned: list[Inflow]
    commitments: list[Commitment]
    locations: list[LocationBalance]
    write_offs: list[WriteOff]
    has_more: bool


@router.get("/lots/{sku}/{lot:optional}/trace-back", summary="Trace a lot back")
async def trace_lot_back(tx: ReadTransaction, sku: SkuPath, lot: LotPath) -> LotTraceBackward:
    """Get the receipts of a lot with their suppliers, its customer returns and found quantities."""
    lot = (await get_lot_row(tx, sku, lot)).lot
    inflows = await trace.find_inflows(tx, sku, lot)
    return LotTraceBackward(
        sku=sku,
        lot=lot,
        inflows=[Inflow.model_validate(row._asdict()) for row in inflows],
        has_more=len(inflows) == trace.MAX_ROWS,
    )


@router.get("/lots/{sku}/{lot:optional}/trace-forward", summary="Trace a lot forward")
async def trace_lot_forward(tx: ReadTransaction, sku: SkuPath, lot: LotPath) -> LotTraceForward:
    """Get the shipments of a lot with their customers, its orders, its write-offs and the remaining stock."""
    lot = (await get_lot_row(tx, sku, lot)).lot
    sections = {
        "outflows": await trace.find_outflows(tx, sku, lot),
        "returned": [row for row in await trace.find_inflows(tx, sku, lot) if row.change == "RETURNED"],
        "commitments": await trace.find_commitments(tx, sku, lot),
        "locations": await lots.find_balances(tx, sku, lot),
        "write_offs": await trace.find_write_offs(tx, sku, lot),
    }
    details = {name: [row._asdict() for row in rows] for name, rows in sections.items()}
    has_more = any(len(rows) >= trace.MAX_ROWS for rows in sections.values())
    return LotTraceForward.model_validate({"sku": sku, "lot": lot, "has_more": has_more} | details)
