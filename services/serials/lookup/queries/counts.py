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
        rows = await tx.fetch_all(text(_query_keys(filters, plan)), filters.parameters() | {"bound": ROW_CAP + 1})
        if rows[0].seen <= ROW_CAP:
            return [StatusCount(row.status, row.units, has_more=False) for row in rows]
    audited = Filters(receipt=filters.receipt, changed_since=filters.changed_since)
    if plan := use_index(audited):
        statement = _query_keys(filters, plan)
    else:
        statement = _query_units(filters) if filters.where(UNIT_FILTERS) else _query_statuses(filters)
    rows = await tx.fetch_all(text(statement), filters.parameters() | {"bound": MAX_COUNT + 1})
    return [StatusCount(row.status, min(row.units, MAX_COUNT), has_more=row.seen > MAX_COUNT) for row in rows]


def _query_keys(filters: Filters, plan: ScanPlan) -> str:
    """Count the units of keys that another table has in an index."""
    conditions = where_clause([filters.in_scope(), *filters.where(["sku", "q", *UNIT_FILTERS])])
    return _by_status(f"""
        WITH bounded AS MATERIALIZED ({plan.keys_query}), counted AS (
            SELECT s.status, count(*) AS units
            FROM bounded AS b CROSS JOIN LATERAL (SELECT s.* FROM {plan.row_source}) AS s {conditions} GROUP BY s.status
        ), total AS (SELECT count(*) AS seen FROM bounded)
    """)  # noqa: S608 - made of pieces of this service


def _query_units(filters: Filters) -> str:
    """Read the units that meet all conditions but the search term, then count those with the term."""
    conditions = where_clause([filters.in_scope(), *filters.where(["sku", *UNIT_FILTERS])])
    return _by_status(f"""
        WITH counted AS (
            SELECT s.status, {_matches(filters)} AS units, count(*) AS seen
            FROM (SELECT s.status, s.serial FROM serial_state AS s {conditions} LIMIT :bound) AS s GROUP BY s.status
        ), total AS (SELECT coalesce(sum(seen), 0) AS seen FROM counted)
    """)  # noqa: S608 - made of pieces of this service


def _query_statuses(filters: Filters) -> str:
    """Read the units of each status from the index, then count those with the search term."""
    conditions = where_clause(["s.status = st.status", filters.in_scope(), *filters.where(["sku"])])
    return f"""
        SELECT st.status::text AS status, counted.units, counted.seen
        FROM unnest(enum_range(NULL::status)) AS st (status) CROSS JOIN LATERAL (
            SELECT {_matches(filters)} AS units, count(*) AS seen
            FROM (SELECT s.serial FROM serial_state AS s {conditions} LIMIT :bound) AS s
        ) AS counted
        ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service


def _matches(filters: Filters) -> str:
    return f"count(*) FILTER (WHERE {filters.where(['q'])[0]})" if filters.q else "count(*)"


def _by_status(tables: str) -> str:
    """Return a row for each status from the tables `counted` and `total`."""
    return f"""
        {tables} SELECT st.status::text AS status, coalesce(counted.units, 0) AS units, total.seen
        FROM unnest(enum_range(NULL::status)) AS st (status) CROSS JOIN total LEFT JOIN counted USING (status)
        ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service
