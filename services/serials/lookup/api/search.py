"""HTTP endpoints that search units and count them by status."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.serials.lookup.queries.counts import count_by_status
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import SORTS, search, search_sorted
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.http import (
    ChangedSince,
    CustomerFilter,
    ExpiringBefore,
    ExpiringFrom,
    LocationFilter,
    LotFilter,
    OrderFilter,
    Page,
    PageRequest,
    ReadTransaction,
    ReceiptFilter,
    ShipmentFilter,
    SkuFilter,
    StatusFilter,
    WarehouseFilter,
    paged_by,
)

router = APIRouter(tags=["lookup"])

SearchTerm = Annotated[
    str | None, Query(max_length=64, description="Part of the serial (3 or more characters) or its beginning (fewer).")
]
OnHold = Annotated[bool | None, Query(description="Whether the unit is on hold.")]
AdjustmentFilter = Annotated[
    SerialAdjustment | None,
    Query(
        description="Only units with this adjustment. Without it, a status, warehouse, location or count excludes "
        "units that are lost, scrapped, void or returned to vendor; the location of such a unit is its last one."
    ),
]
ExpectationCancelled = Annotated[
    bool,
    Query(
        description="`true` for serials that no receipt expects any more, because their ASN was cancelled, changed or "
        "closed short; otherwise they are excluded."
    ),
]


class UnitSummary(KnownFieldsModel):
    """Summary of a unit; an adjusted unit has no location."""

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
    expectation_cancelled: bool
    lot: str | None
    expiry: date | None
    customer: str | None
    """Customer that it is allocated to, or that has it."""
    customer_name: str | None
    shipped_at: datetime | None
    warranty_starts_on: date | None
    warranty_ends_on: date | None


class StatusCount(KnownFieldsModel):
    """Number of units in a status; `has_more` if it stops at a million units."""

    units: int
    has_more: bool


def unit_filters(
    *,
    q: SearchTerm = None,
    sku: SkuFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    customer: CustomerFilter = None,
    shipment: ShipmentFilter = None,
    receipt: ReceiptFilter = None,
    lot: LotFilter = None,
    expiring_from: ExpiringFrom = None,
    expiring_before: ExpiringBefore = None,
    changed_since: ChangedSince = None,
    on_hold: OnHold = None,
    adjustment: AdjustmentFilter = None,
    expectation_cancelled: ExpectationCancelled = False,
) -> Filters:
    """Collect the filters of units."""
    return Filters(**locals())


UnitFilters = Annotated[Filters, Depends(unit_filters)]


@router.get("/serials")
async def list_serials(
    tx: ReadTransaction,
    filters: UnitFilters,
    *,
    status: StatusFilter[SerialStatus] = None,
    page: Annotated[PageRequest, paged_by(SORTS)],
) -> Page[UnitSummary]:
    """List units by SKU and serial, by expiry, or in the order of their registration.

    With `customer` and the status SHIPPED: what a customer owns, sold and not returned.
    """
    filters = replace(filters, status=tuple(status or ()))
    if page.order == SORTS.default:
        rows = await search(tx, filters, (page.after[0], page.after[1]) if page.after else ("", ""), page.limit + 1)
    else:
        rows = await search_sorted(tx, filters, page)
    return page.build(rows, lambda row: UnitSummary.model_validate(row._asdict()))


@router.get("/serials/counts", summary="Count serials by status")
async def count_serials(tx: ReadTransaction, filters: UnitFilters) -> dict[SerialStatus, StatusCount]:
    """Count the matching units of each status, exactly up to a million units."""
    counts = await count_by_status(tx, filters)
    return {count.status: StatusCount(units=count.units, has_more=count.has_more) for count in counts}
