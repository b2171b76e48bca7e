"""Parts of the reports on expiring stock: buckets of the days left, and the local date of each warehouse with stock."""

from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.inventory.reference_data import today_by_warehouse
from shared.persistence.database import read_only

Bucket = Literal["expired", "<=7", "<=30", "<=90", ">90"]
BUCKET_DESCRIPTION = "Days left: `expired`, `<=7`, `<=30`, `<=90` or `>90`."

BUCKETS: dict[Bucket | None, tuple[int | None, int | None]] = {
    "expired": (None, -1), "<=7": (0, 7), "<=30": (8, 30), "<=90": (31, 90), ">90": (91, None), None: (None, None),
}  # fmt: skip
"""Minimum and maximum of the days left in each bucket."""

IN_WINDOW = """
    expiry BETWEEN coalesce(warehouses.day + CAST(:first AS integer), DATE '-infinity')
        AND coalesce(warehouses.day + CAST(:last AS integer), DATE '9999-12-31')
"""
"""Condition of the stock in a bucket, in a warehouse on its local `day`."""


def bucket_of(days_left: str) -> str:
    """Write the bucket of an expression of the days left."""
    cases = " ".join(
        f"WHEN {days_left} <= {last} THEN '{name}'" if last is not None else f"ELSE '{name}'"
        for name, (_, last) in BUCKETS.items()
        if name
    )
    return f"CASE {cases} END"


def warehouses_query(*stock: str) -> str:
    """Write the query of the warehouses with stock and their local dates; `stock` are tables with a condition.

    A loose index scan finds the few warehouses. A warehouse without a time zone has the UTC date.
    """
    first = ", ".join(f"(SELECT min(warehouse) FROM {rows})" for rows in stock)  # noqa: S608
    following = ", ".join(
        f"(SELECT min(warehouse) FROM {rows} AND warehouse > warehouses.warehouse)"  # noqa: S608
        for rows in stock
    )
    return f"""
        WITH RECURSIVE warehouses (warehouse) AS (
            SELECT least({first})
            UNION ALL
            SELECT least({following}) FROM warehouses WHERE warehouses.warehouse IS NOT NULL
        )
        SELECT warehouse, coalesce(today.day, CAST(:utc AS date)) AS day
        FROM warehouses LEFT JOIN unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS today (warehouse, day)
            USING (warehouse)
        WHERE warehouse IS NOT NULL AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
    """  # noqa: S608 - all parts are constants of the services


async def local_dates(engine: AsyncEngine) -> dict[str, Any]:
    """Return the parameters of the query of warehouses.

    A separate transaction: the one of the request would be idle while a file is streamed.
    """
    async with read_only(engine) as tx:
        days = await today_by_warehouse(tx)
    return {"warehouses": list(days), "days": list(days.values()), "utc": tx.now.date()}


def window(bucket: Bucket | None) -> dict[str, int | None]:
    """Return the parameters of the condition of a bucket."""
    first, last = BUCKETS[bucket]
    return {"first": first, "last": last}
