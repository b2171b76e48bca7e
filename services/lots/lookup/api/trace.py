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
    lot: str
    """Lot number that it was recorded under; another one if it was corrected."""
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
    inferred_from: str | None
    scan: str | None


class NumberCorrection(KnownFieldsModel):
    """A quantity that was recorded under the wrong lot number `from_lot` and belongs to `lot`.

    `location` is where it stood; `shipment` is set if it had left.
    """

    from_lot: str
    lot: str
    quantity: SignedQuantity
    warehouse: str
    location: str | None
    shipment: str | None
    order: str | None
    line: str | None
    customer: str | None
    recorded_at: datetime
    occurred_at: datetime
    actor: str
    reason: str
    scan: str | None


class LotTraceBackward(KnownFieldsModel):
    """All inflows of a lot in order, also those under a wrong number; `has_more` is true if a list is truncated."""

    sku: str
    lot: str
    inflows: list[Inflow]
    number_corrections: list[NumberCorrection]
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
    scan: str | None


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
    number_corrections: list[NumberCorrection]
    has_more: bool


@router.get("/lots/{sku}/{lot:optional}/trace-back", summary="Trace a lot back")
async def trace_lot_back(tx: ReadTransaction, sku: SkuPath, lot: LotPath) -> LotTraceBackward:
    """Get the receipts of a lot with their suppliers, its customer returns, found quantities and corrected numbers."""
    lot = (await get_lot_row(tx, sku, lot)).lot
    sections = {
        "inflows": await trace.find_inflows(tx, sku, lot, with_former_lots=True),
        "number_corrections": await trace.find_number_corrections(tx, sku, lot),
    }
    details = {name: [row._asdict() for row in rows] for name, rows in sections.items()}
    has_more = any(len(rows) >= trace.MAX_ROWS for rows in sections.values())
    return LotTraceBackward.model_validate({"sku": sku, "lot": lot, "has_more": has_more} | details)


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
        "number_corrections": await trace.find_number_corrections(tx, sku, lot),
    }
    details = {name: [row._asdict() for row in rows] for name, rows in sections.items()}
    has_more = any(len(rows) >= trace.MAX_ROWS for rows in sections.values())
    return LotTraceForward.model_validate({"sku": sku, "lot": lot, "has_more": has_more} | details)
