"""HTTP endpoints that trace a unit back and forward."""

from fastapi import APIRouter

from services.serials.lookup.api.unit import UnitHistoryEntry, unit_not_found
from services.serials.lookup.queries import unit as queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import ReadTransaction, SerialPath, SkuPath

router = APIRouter(tags=["lookup"])


class SerialTraceBackward(KnownFieldsModel):
    """Inflows of a unit in order: its receipt, and returns from customers and from its vendor."""

    sku: str
    serial: str
    lot: str | None
    inflows: list[UnitHistoryEntry]


class SerialTraceForward(KnownFieldsModel):
    """Current location, order and customer of a unit, and its outflows: every shipment."""

    sku: str
    serial: str
    lot: str | None
    status: SerialStatus
    location: str | None
    order: str | None
    shipment: str | None
    customer: str | None
    outflows: list[UnitHistoryEntry]


@router.get("/serials/{sku}/{serial}/trace-back", summary="Trace a serial back")
async def trace_serial_back(tx: ReadTransaction, sku: SkuPath, serial: SerialPath) -> SerialTraceBackward:
    """List the receipts and returns by which a unit entered the warehouse."""
    unit = await queries.find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    inflows = await queries.find_transitions_into(tx, unit.id, "RECEIVED")
    return SerialTraceBackward.model_validate(unit._asdict() | {"inflows": [row._asdict() for row in inflows]})


@router.get("/serials/{sku}/{serial}/trace-forward", summary="Trace a serial forward")
async def trace_serial_forward(tx: ReadTransaction, sku: SkuPath, serial: SerialPath) -> SerialTraceForward:
    """List the shipments of a unit, with its current location, order and customer."""
    unit = await queries.find_unit(tx, sku, serial)
    if unit is None:
        raise unit_not_found(sku, serial)
    outflows = await queries.find_transitions_into(tx, unit.id, "SHIPPED")
    return SerialTraceForward.model_validate(unit._asdict() | {"outflows": [row._asdict() for row in outflows]})
