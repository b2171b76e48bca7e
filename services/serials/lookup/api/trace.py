"""Where a unit came from, and where it went: each in one answer."""

from fastapi import APIRouter

from services.serials.lookup.api.unit import UnitHistoryEntry, unknown
from services.serials.lookup.queries import unit as queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import Status
from shared.http import Reading, SerialPath, SkuPath

router = APIRouter(tags=["lookup"])


class TraceBackward(KnownFieldsModel):
    """Everything that brought a unit here, in order: its receipt, and returns from customers."""

    sku: str
    serial: str
    lot: str | None
    came: list[UnitHistoryEntry]


class TraceForward(KnownFieldsModel):
    """Where a unit is now, whose it is, and every shipment it left with, to which customer."""

    sku: str
    serial: str
    lot: str | None
    status: Status
    location: str | None
    order: str | None
    shipment: str | None
    customer: str | None
    shipped: list[UnitHistoryEntry]


@router.get("/serials/{sku}/{serial}/trace-back", summary="Trace a serial back")
async def trace_serial_back(tx: Reading, sku: SkuPath, serial: SerialPath) -> TraceBackward:
    """Where a unit came from: receipts and returns, each with when, where and who."""
    found = await queries.unit(tx, sku, serial)
    if found is None:
        raise unknown(sku, serial)
    came = await queries.became(tx, found.id, "RECEIVED")
    return TraceBackward.model_validate(found._asdict() | {"came": [row._asdict() for row in came]})


@router.get("/serials/{sku}/{serial}/trace-forward", summary="Trace a serial forward")
async def trace_serial_forward(tx: Reading, sku: SkuPath, serial: SerialPath) -> TraceForward:
    """Where a unit went: orders, shipments, customers, and where it is now."""
    found = await queries.unit(tx, sku, serial)
    if found is None:
        raise unknown(sku, serial)
    shipped = await queries.became(tx, found.id, "SHIPPED")
    return TraceForward.model_validate(found._asdict() | {"shipped": [row._asdict() for row in shipped]})
