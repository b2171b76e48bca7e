"""Number of matching units in each status: exact up to a million units."""

from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import text

from services.serials.lookup.queries.filters import UNIT_FILTERS, Filters
from services.serials.lookup.queries.search import use_index
from shared.contracts.serials import SerialStatus
from shared.persistence.database import Transaction
from shared.persistence.search import ScanPlan, is_substring, where_clause

MAX_COUNT = 1_000_000
"""Units that are read, of each status or with filters by state of all together; counts stop there."""

ROW_CAP = 3000
"""Matches of the trigram index that are fetched; with more, reading all units of a status is faster."""


class StatusCount(NamedTuple):
    """Number of units in a status; `has_more` if the count stops there."""

    status: SerialStatus
    units: int
    has_more: bool


async def count_by_status(tx: Transaction, filters: Filters) -> list[StatusCount]:
    """Count units by status; the status filter is ignored."""
    filters = replace(filters, status=(), is_count=True)
    if is_substring(filters.q) and (plan := use_index(Filters(q=filters.q))):
        values = filters.parameters() | {"bound": ROW_CAP + 1}
        rows = await tx.fetch_all(text(_rare_query(filters, plan)), values)
        if rows[0].seen <= ROW_CAP:
            return [StatusCount(row.status, row.units, has_more=False) for row in rows]
    rows = await tx.fetch_all(text(_query(filters)), filters.parameters() | {"most": MAX_COUNT + 1})
    return [StatusCount(row.status, min(row.units, MAX_COUNT), has_more=row.seen > MAX_COUNT) for row in rows]


def _rare_query(filters: Filters, plan: ScanPlan) -> str:
    """Count the rows of the trigram index."""
    conditions = where_clause(["s.id = b.id", filters.in_scope(), *filters.where(["sku", *UNIT_FILTERS])])
    return f"""
        WITH bounded AS MATERIALIZED ({plan.keys_query}), matched AS (
            SELECT s.status FROM bounded AS b CROSS JOIN LATERAL (
                SELECT s.status FROM serial_state AS s {conditions} OFFSET 0
            ) AS s
        )
        SELECT st.status::text AS status, count(matched.status) AS units, (SELECT count(*) FROM bounded) AS seen
        FROM unnest(enum_range(NULL::status)) AS st (status) LEFT JOIN matched USING (status)
        GROUP BY st.status ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service


def _query(filters: Filters) -> str:
    """Read the units that meet all conditions but the search term, then count those with the term.

    Without filters by state, each status is read from its index; otherwise all statuses at once.
    """
    conditions = [filters.in_scope(), *filters.where(["sku", *UNIT_FILTERS])]
    matches = f"count(*) FILTER (WHERE {filters.where(['q'])[0]})" if filters.q else "count(*)"
    read = "SELECT s.status, s.serial FROM serial_state AS s {} LIMIT :most"
    statuses = "FROM unnest(enum_range(NULL::status)) AS st (status)"
    if filters.where(UNIT_FILTERS):
        return f"""
            WITH counted AS (
                SELECT s.status, {matches} AS units, count(*) AS seen
                FROM ({read.format(where_clause(conditions))}) AS s GROUP BY s.status
            )
            SELECT st.status::text AS status, coalesce(counted.units, 0) AS units,
                (SELECT coalesce(sum(seen), 0) FROM counted) AS seen
            {statuses} LEFT JOIN counted USING (status) ORDER BY st.status
        """  # noqa: S608 - made of pieces of this service
    return f"""
        SELECT st.status::text AS status, counted.units, counted.seen
        {statuses} CROSS JOIN LATERAL (
            SELECT {matches} AS units, count(*) AS seen
            FROM ({read.format(where_clause(["s.status = st.status", *conditions]))}) AS s
        ) AS counted
        ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service
