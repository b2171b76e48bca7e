"""Where a unit came from, and where it went: each in one answer."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.serials.lookup.api.unit import Step, unknown
from services.serials.lookup.queries import unit as queries
from shared.contracts.serials import Status
from shared.http import Reading

router = APIRouter(tags=["lookup"])


class WhereFrom(BaseModel):
    """Everything that brought a unit here, in order: its receipt, and returns from customers."""

    sku: str
    serial: str
    lot: str | None
    came: list[Step]


class WhereTo(BaseModel):
    """Where a unit is now, whose it is, and every shipment it left with, to which customer."""

    sku: str
    serial: str
    lot: str | None
    status: Status
    location: str | None
    order: str | None
    shipment: str | None
    customer: str | None
    shipped: list[Step]


@router.get("/serials/{unit:pair}/where-from")
async def where_from(tx: Reading, unit: str) -> WhereFrom:
    """Where a unit came from: receipts and returns, each with when, where and who."""
    found = await queries.unit(tx, unit)
    if found is None:
        raise unknown(unit)
    came = await queries.became(tx, found.id, "RECEIVED")
    return WhereFrom.model_validate(found._asdict() | {"came": [row._asdict() for row in came]})


@router.get("/serials/{unit:pair}/where-to")
async def where_to(tx: Reading, unit: str) -> WhereTo:
    """Where a unit went: orders, shipments, customers, and where it is now."""
    found = await queries.unit(tx, unit)
    if found is None:
        raise unknown(unit)
    shipped = await queries.became(tx, found.id, "SHIPPED")
    return WhereTo.model_validate(found._asdict() | {"shipped": [row._asdict() for row in shipped]})
