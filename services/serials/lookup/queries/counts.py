"""Number of matching units in each status: exact up to 1000, and bounded to a few milliseconds."""

from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.serials.lookup.queries.filters import UNIT_FILTERS, Filters
from services.serials.lookup.queries.search import JOIN_BY_KEY, use_index
from shared.contracts.serials import SerialStatus
from shared.persistence.database import Transaction
from shared.persistence.search import ROW_CAP_LOCATION, SCAN_LIMIT_ROWS, ScanPlan, where_clause

MAX_COUNT = 1000
"""Larger counts are reported as "more than 1000": an exact count would take too long."""

SCAN_LIMIT = 16_000
"""Keys of each status that are scanned for a part of a serial."""

ROW_CAP = 3000
"""Matches of the trigram index that are counted exactly."""


class StatusCount(NamedTuple):
    """Number of units in a status; `has_more` if the count stops there."""

    status: SerialStatus
    units: int
    has_more: bool


async def count_by_status(tx: Transaction, filters: Filters) -> list[StatusCount]:
    """Count units by status; the status filter is ignored."""
    filters = replace(filters, status=())
    if plan := use_index(filters) if filters.has_extra_filters else None:
        row_cap = ROW_CAP_LOCATION if filters.order or filters.location or filters.lot or filters.on_hold else ROW_CAP
        values = filters.parameters() | {"bound": row_cap + 1, "after_sku": "", "after_serial": ""}
        rows = await tx.fetch_all(text(_exact_query(plan)), values)
        if rows[0].seen <= row_cap:
            return [_count(row, has_more=row.units > MAX_COUNT) for row in rows]
    scan_limit = SCAN_LIMIT if filters.has_extra_filters else MAX_COUNT + 1
    if filters.where(UNIT_FILTERS):
        scan_limit = SCAN_LIMIT_ROWS
    values = filters.parameters() | {"bound": scan_limit, "most": MAX_COUNT + 1}
    rows = await tx.fetch_all(text(_bounded_query(filters)), values)
    return [
        _count(row, has_more=row.units > MAX_COUNT or (filters.has_extra_filters and row.seen == scan_limit))
        for row in rows
    ]


def _count(row: Row[Any], *, has_more: bool) -> StatusCount:
    return StatusCount(status=row.status, units=min(row.units, MAX_COUNT), has_more=has_more)


def _exact_query(plan: ScanPlan) -> str:
    """Count all rows of the most selective index."""
    return f"""
        {plan.cte}, matched AS ({plan.select("s.status")})
        SELECT st.status::text AS status, count(matched.status) AS units, (SELECT count(*) FROM bounded) AS seen
        FROM unnest(enum_range(NULL::status)) AS st (status) LEFT JOIN matched USING (status)
        GROUP BY st.status ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service


def _bounded_query(filters: Filters) -> str:
    """Scan a bounded number of keys per status; a count is exact if the scan was complete."""
    conditions = " AND ".join(["s.status = st.status", *filters.where(["sku"])])
    keys = f"SELECT s.sku, s.serial FROM serial_state AS s WHERE {conditions} ORDER BY s.sku, s.serial LIMIT :bound"  # noqa: S608
    unit_conditions = filters.where(UNIT_FILTERS)
    unit = (
        f"CROSS JOIN LATERAL (SELECT FROM {' AND '.join([JOIN_BY_KEY, *unit_conditions])} OFFSET 0) AS s"
        if unit_conditions
        else ""
    )
    return f"""
        SELECT st.status::text AS status, counted.units, scanned.keys AS seen
        FROM unnest(enum_range(NULL::status)) AS st (status)
        CROSS JOIN LATERAL (SELECT count(*) AS keys FROM ({keys}) AS s) AS scanned
        CROSS JOIN LATERAL (
            SELECT count(*) AS units FROM (
                SELECT FROM ({keys}) AS b {unit} {where_clause(filters.where(["q"], "b"))} LIMIT :most
            ) AS matched
        ) AS counted
        ORDER BY st.status
    """  # noqa: S608
