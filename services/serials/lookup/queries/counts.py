"""How many of what a search asks for are in each status: exact up to a thousand, and never longer than a few ms."""

from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.serials.lookup.queries.filters import OF_UNIT, Filters
from services.serials.lookup.queries.search import BY_NAME, fetch
from shared.contracts.serials import Status
from shared.database import Transaction
from shared.search import ENOUGH_PLACED, WALK_ROWS, Plan, where

MOST = 1000
"""Beyond it a count is "1000+": nobody reads further, and counting on would be long."""

WALK = 16_000
"""Keys of each status that are looked at for a part."""

ENOUGH = 3000
"""Rows of the index on parts that are counted one by one."""


class Count(NamedTuple):
    """So many units of a status, or more."""

    status: Status
    units: int
    more: bool


async def counts(tx: Transaction, filters: Filters) -> list[Count]:
    """Count by status; the status asked for does not matter."""
    filters = replace(filters, status=())
    if plan := fetch(filters) if filters.beside_the_key else None:
        enough = ENOUGH_PLACED if filters.order or filters.location or filters.lot or filters.held else ENOUGH
        values = filters.values() | {"bound": enough + 1, "after_sku": "", "after_serial": ""}
        rows = await tx.rows(text(_exact(plan)), values)
        if rows[0].seen <= enough:
            return [_count(row, more=row.units > MOST) for row in rows]
    bound = WALK if filters.beside_the_key else MOST + 1
    if filters.conditions(OF_UNIT):
        bound = WALK_ROWS
    values = filters.values() | {"bound": bound, "most": MOST + 1}
    rows = await tx.rows(text(_bounded(filters)), values)
    return [_count(row, more=row.units > MOST or (filters.beside_the_key and row.seen == bound)) for row in rows]


def _count(row: Row[Any], *, more: bool) -> Count:
    return Count(status=row.status, units=min(row.units, MOST), more=more)


def _exact(plan: Plan) -> str:
    """Count all that the most telling index gives."""
    return f"""
        {plan.bounded}, found AS ({plan.found("s.status")})
        SELECT st.status::text AS status, count(found.status) AS units, (SELECT count(*) FROM bounded) AS seen
        FROM unnest(enum_range(NULL::status)) AS st (status) LEFT JOIN found USING (status)
        GROUP BY st.status ORDER BY st.status
    """  # noqa: S608 - made of pieces of this service


def _bounded(filters: Filters) -> str:
    """Walk a little in each status; a count that saw all of its status, or a thousand, is what it says."""
    within = " AND ".join(["s.status = st.status", *filters.conditions(["sku"])])
    keys = f"SELECT s.sku, s.serial FROM serial_state AS s WHERE {within} ORDER BY s.sku, s.serial LIMIT :bound"  # noqa: S608
    of_unit = filters.conditions(OF_UNIT)
    unit = f"CROSS JOIN LATERAL (SELECT FROM {' AND '.join([BY_NAME, *of_unit])} OFFSET 0) AS s" if of_unit else ""
    return f"""
        SELECT st.status::text AS status, few.units, walked.keys AS seen
        FROM unnest(enum_range(NULL::status)) AS st (status)
        CROSS JOIN LATERAL (SELECT count(*) AS keys FROM ({keys}) AS s) AS walked
        CROSS JOIN LATERAL (
            SELECT count(*) AS units FROM (
                SELECT FROM ({keys}) AS b {unit} {where(filters.conditions(["q"], "b"))} LIMIT :most
            ) AS found
        ) AS few
        ORDER BY st.status
    """  # noqa: S608
