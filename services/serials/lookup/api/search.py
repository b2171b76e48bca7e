"""HTTP endpoints that search units and count them by status."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.serials.lookup.queries.counts import count_by_status
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import search
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.http import (
    Cursor,
    Limit,
    LocationFilter,
    LotFilter,
    OrderFilter,
    Page,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    WarehouseFilter,
    decode_cursor,
    paginate,
)

router = APIRouter(tags=["lookup"])

SearchTerm = Annotated[
    str | None, Query(max_length=64, description="Part of the serial (3 or more characters) or its beginning (fewer).")
]
OnHold = Annotated[bool | None, Query(description="Whether the unit is on hold.")]


class UnitSummary(KnownFieldsModel):
    """Summary of a unit."""

    sku: str
    serial: str
    status: SerialStatus
    warehouse: str | None
    location: str | None
    order: str | None
    order_line: str | None
    shipment: str | None
    receipt: str | None
    on_hold: bool
    adjustment: SerialAdjustment | None
    lot: str | None
    expiry: date | None


class StatusCount(KnownFieldsModel):
    """Number of units in a status; `has_more` if there are more units than the count."""

    units: int
    has_more: bool


@router.get("/serials")
async def list_serials(
    tx: ReadTransaction,
    *,
    q: SearchTerm = None,
    sku: SkuFilter = None,
    status: StatusFilter[SerialStatus] = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    lot: LotFilter = None,
    on_hold: OnHold = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnitSummary]:
    """List units, ordered by SKU and serial."""
    after = decode_cursor(cursor, str, str) or ("", "")
    filters = Filters(
        q=q, sku=sku, status=tuple(status or ()), warehouse=warehouse, location=location, order=order, on_hold=on_hold,
        lot=lot,
    )  # fmt: skip
    rows = await search(tx, filters, (after[0], after[1]), limit + 1)
    return paginate(
        rows, limit, lambda row: UnitSummary.model_validate(row._asdict()), lambda row: (row.sku, row.serial)
    )


@router.get("/serials/counts", summary="Count serials by status")
async def count_serials(
    tx: ReadTransaction,
    *,
    q: SearchTerm = None,
    sku: SkuFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    lot: LotFilter = None,
    on_hold: OnHold = None,
) -> dict[SerialStatus, StatusCount]:
    """Count the matching units of each status, up to 1000."""
    filters = Filters(
        q=q, sku=sku, status=(), warehouse=warehouse, location=location, order=order, on_hold=on_hold, lot=lot,
    )  # fmt: skip
    counts = await count_by_status(tx, filters)
    return {count.status: StatusCount(units=count.units, has_more=count.has_more) for count in counts}
