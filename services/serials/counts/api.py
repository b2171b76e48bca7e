"""HTTP endpoints for counts and count discrepancies."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.serials.counts import queries
from services.serials.counts.domain.resolve import RESOLUTIONS
from shared.contracts.commands.serials import CountDiscrepancyKind, CountDiscrepancyStatus, CountResolution
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.http import (
    LocationFilter,
    OpenFilter,
    Page,
    PageRequest,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    paged_by,
)

router = APIRouter(tags=["counts"])

CountFilter = Annotated[str | None, Query(description="Id of the count.")]


class LocationCountOut(KnownFieldsModel):
    """Count of the units at a location; open until all its parts have arrived."""

    location: str
    count_id: str
    counted_at: datetime
    counted_by: str
    recorded_at: datetime
    parts: int
    received_parts: list[int]
    completed_at: datetime | None


class CountDiscrepancyOut(KnownFieldsModel):
    """Unit that was missing at a counted location, or was scanned there unexpectedly.

    The fields `unit_…` say what was registered at the count, `current_…` what is registered at present.
    """

    discrepancy: str
    location: str
    count_id: str
    sku: str
    serial: str
    kind: CountDiscrepancyKind
    unit_status: SerialStatus | None
    unit_location: str | None
    order: str | None
    counted_at: datetime
    counted_by: str
    status: CountDiscrepancyStatus
    resolution: CountResolution | None
    resolved_by: str | None
    resolved_at: datetime | None
    reason: str
    current_status: SerialStatus | None
    current_location: str | None
    current_order: str | None
    current_adjustment: SerialAdjustment | None
    scan: str | None
    """Text as the scanner sent it; null if the unit is missing, or its serial number was typed."""
    allowed_resolutions: list[CountResolution]


@router.get("/counts")
async def list_counts(
    tx: ReadTransaction,
    *,
    location: LocationFilter = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    page: Annotated[PageRequest, paged_by(queries.COUNT_SORTS)],
) -> Page[LocationCountOut]:
    """List counts by location and id, or by their time; open ones await parts."""
    rows = await page.fetch(tx, queries.select_counts, {"location": location, "open": open})
    return page.build(rows, lambda row: LocationCountOut.model_validate(row._asdict()))


@router.get("/count-discrepancies")
async def list_count_discrepancies(
    tx: ReadTransaction,
    *,
    location: LocationFilter = None,
    count: CountFilter = None,
    sku: SkuFilter = None,
    kind: Annotated[CountDiscrepancyKind | None, Query(description="Kind of discrepancy.")] = None,
    status: StatusFilter[CountDiscrepancyStatus] = None,
    page: Annotated[PageRequest, paged_by(queries.DISCREPANCY_SORTS)],
) -> Page[CountDiscrepancyOut]:
    """List count discrepancies of units, oldest first."""
    filters = {"location": location, "count_id": count, "sku": sku, "kind": kind, "statuses": status}
    return page.build(await page.fetch(tx, queries.select_discrepancies, filters), _to_discrepancy_out)


def _to_discrepancy_out(row: Row[Any]) -> CountDiscrepancyOut:
    allowed = list(RESOLUTIONS[row.kind]) if row.status == "OPEN" else []
    return CountDiscrepancyOut.model_validate(row._asdict() | {"order": row.order_id, "allowed_resolutions": allowed})
