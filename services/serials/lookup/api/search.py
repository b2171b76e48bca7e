"""The list of units with its filters, and how many there are in each status."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.serials.lookup.queries.counts import counts
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import search
from shared.contracts.serials import Status
from shared.http import Limit, Page, Reading, page, parts

router = APIRouter(tags=["lookup"])

Part = Annotated[str | None, Query(max_length=64, description="part of a serial from 3 characters, else its beginning")]


class UnitLine(BaseModel):
    """A unit as a line of the list."""

    sku: str
    serial: str
    status: Status
    warehouse: str | None
    location: str | None
    order: str | None
    order_line: str | None
    shipment: str | None
    receipt: str | None
    held: bool
    adjustment: str | None
    lot: str | None
    expiry: date | None


class Count(BaseModel):
    """How many units are in a status; `more` says that the count stops there."""

    units: int
    more: bool


@router.get("/serials")
async def units(
    tx: Reading,
    *,
    q: Part = None,
    product: str | None = None,
    status: Status | None = None,
    warehouse: str | None = None,
    location: str | None = None,
    order: str | None = None,
    lot: str | None = None,
    held: bool | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[UnitLine]:
    """Units by product and serial: part of a serial, product, any of the six statuses, place, order, lot."""
    after = parts(cursor, str, str) or ("", "")
    filters = Filters(q, product, status, warehouse, location, order, held, lot)
    found = await search(tx, filters, (after[0], after[1]), limit + 1)
    return page(found, limit, lambda row: UnitLine.model_validate(row._asdict()), lambda row: (row.sku, row.serial))


@router.get("/serials/counts")
async def units_by_status(
    tx: Reading,
    *,
    q: Part = None,
    product: str | None = None,
    warehouse: str | None = None,
    location: str | None = None,
    order: str | None = None,
    lot: str | None = None,
    held: bool | None = None,
) -> dict[Status, Count]:
    """How many units match in each of the six statuses, counted up to 1000."""
    found = await counts(tx, Filters(q, product, None, warehouse, location, order, held, lot))
    return {it.status: Count(units=it.units, more=it.more) for it in found}
