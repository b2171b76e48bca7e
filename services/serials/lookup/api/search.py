"""The list of units with its filters, and how many there are in each status."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.serials.lookup.queries.counts import counts
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import search
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import Adjustment, Status
from shared.http import (
    Cursor,
    Limit,
    LocationFilter,
    LotFilter,
    OrderFilter,
    Page,
    Reading,
    SkuFilter,
    StatusFilter,
    WarehouseFilter,
    page,
    parts,
)

router = APIRouter(tags=["lookup"])

Part = Annotated[
    str | None, Query(max_length=64, description="Part of the serial from 3 characters, else its beginning.")
]
Held = Annotated[bool | None, Query(description="Whether the unit is on hold.")]


class UnitSummary(KnownFieldsModel):
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
    adjustment: Adjustment | None
    lot: str | None
    expiry: date | None


class StatusCount(KnownFieldsModel):
    """How many units are in a status; `more` says that the count stops there."""

    units: int
    more: bool


@router.get("/serials")
async def list_serials(
    tx: Reading,
    *,
    q: Part = None,
    sku: SkuFilter = None,
    status: StatusFilter[Status] = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    lot: LotFilter = None,
    held: Held = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnitSummary]:
    """Units in order of SKU and serial."""
    after = parts(cursor, str, str) or ("", "")
    filters = Filters(
        q=q, sku=sku, status=tuple(status or ()), warehouse=warehouse, location=location, order=order, held=held,
        lot=lot,
    )  # fmt: skip
    found = await search(tx, filters, (after[0], after[1]), limit + 1)
    return page(found, limit, lambda row: UnitSummary.model_validate(row._asdict()), lambda row: (row.sku, row.serial))


@router.get("/serials/counts", summary="Count serials by status")
async def count_serials(
    tx: Reading,
    *,
    q: Part = None,
    sku: SkuFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    lot: LotFilter = None,
    held: Held = None,
) -> dict[Status, StatusCount]:
    """How many units match in each status, counted up to 1000."""
    filters = Filters(
        q=q, sku=sku, status=(), warehouse=warehouse, location=location, order=order, held=held, lot=lot,
    )  # fmt: skip
    found = await counts(tx, filters)
    return {it.status: StatusCount(units=it.units, more=it.more) for it in found}
