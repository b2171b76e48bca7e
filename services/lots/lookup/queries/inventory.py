"""Lot inventory by expiration, and what expires of it within how many days: two reports, one statement."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field

from services.lots.lookup.queries.amounts import OF_LOTS, Amounts, amounts, of_stock
from shared.contracts.model import KnownFieldsModel
from shared.database import reading
from shared.http import LotFilter, Report, SkuFilter, WarehouseFilter
from shared.replica import days

Bucket = Literal["expired", "<=7", "<=30", "<=90", ">90"]

BUCKETS: dict[Bucket | None, tuple[int | None, int | None]] = {
    "expired": (None, -1), "<=7": (0, 7), "<=30": (8, 30), "<=90": (31, 90), ">90": (91, None), None: (None, None),
}  # fmt: skip
"""The days left of what is in a bucket, from and to."""


class LotNamed(KnownFieldsModel):
    """A lot in a warehouse."""

    expiry: date | None = Field(description="the last day on which it is good")
    days_left: int | None = Field(description="days until then, by the warehouse's own day; negative once expired")
    sku: str = Field(description="the product")
    product: str = Field(description="its name")
    lot: str = Field(description="the lot number, as the label says it; empty for untracked products")
    warehouse: str = Field(description="the warehouse")


class InventoryRow(Amounts, LotNamed):
    """Lot inventory by expiration: each lot in each warehouse, what expires first comes first."""

    unit: str = Field(description="what quantities are counted in")
    manufactured: date | None = Field(description="when it was made")
    best_before: date | None = Field(description="until when it is at its best")
    first_received: datetime = Field(description="when the lot first came")
    supplier: str = Field(description="who sent it first")


class ExpiringRow(InventoryRow):
    """Expiring lots: what has expired, and what will within 7, 30, 90 days and later, in that order."""

    bucket: Bucket = Field(description="expired, or within how many days it will have")


# From one warehouse to the next by the index, as they are few; where the clock knows no day there, it is the world's.
SITES = """
    WITH RECURSIVE site (warehouse) AS (
        SELECT least(
            (SELECT min(warehouse) FROM balance WHERE on_hand > 0),
            (SELECT min(warehouse) FROM picked WHERE quantity > 0)
        )
        UNION ALL
        SELECT least(
            (SELECT min(b.warehouse) FROM balance AS b WHERE b.on_hand > 0 AND b.warehouse > site.warehouse),
            (SELECT min(k.warehouse) FROM picked AS k WHERE k.quantity > 0 AND k.warehouse > site.warehouse)
        ) FROM site WHERE site.warehouse IS NOT NULL
    )
    SELECT warehouse, coalesce(today.day, CAST(:utc AS date)) AS day
    FROM site LEFT JOIN unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS today (warehouse, day)
        USING (warehouse)
    WHERE warehouse IS NOT NULL AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
"""
AFTER = "CAST(CAST(:after_turn AS text) AS date), :after_sku, :after_lot"
OF_PAGE = "sku = page.sku AND lot = page.lot AND warehouse = page.warehouse"
WITHIN = """
    expiry BETWEEN coalesce(site.day + CAST(:first AS integer), DATE '-infinity')
        AND coalesce(site.day + CAST(:last AS integer), DATE '9999-12-31')
"""


def inventory(condition: str = "true") -> str:
    """Lots by expiry: a page is read from each warehouse's index, and what there is of its lots is added up then."""

    def lots(rows: str) -> str:
        return f"""(
            SELECT DISTINCT expiry, sku, lot FROM {rows} > 0 AND warehouse = site.warehouse AND {OF_LOTS}
                AND (expiry, sku, lot) >= ({AFTER}) AND (expiry, sku, lot, warehouse) > ({AFTER}, :after_warehouse)
                AND {condition}
            ORDER BY expiry, sku, lot LIMIT :size
        )"""  # noqa: S608 - all parts are this service's own

    cases = " ".join(
        f"WHEN l.expiry - page.day <= {last} THEN '{name}'" if last is not None else f"ELSE '{name}'"
        for name, (_, last) in BUCKETS.items()
        if name
    )
    return f"""
        SELECT page.sku, page.lot, page.warehouse, CAST(page.turn AS text) AS turn, l.expiry, l.manufactured,
            l.best_before, l.first_received, l.supplier, l.expiry - page.day AS days_left,
            CASE {cases} END AS bucket,
            s.on_hand, s.free, s.allocated, s.held, s.staged, s.picked, coalesce(p.name, '') AS product,
            coalesce(p.unit, '') AS unit
        FROM (
            SELECT k.expiry AS turn, k.sku, k.lot, site.warehouse, site.day FROM ({SITES}) AS site
            CROSS JOIN LATERAL ({lots("balance WHERE on_hand")} UNION {lots("picked WHERE quantity")}) AS k
            ORDER BY k.expiry, k.sku, k.lot, site.warehouse LIMIT :size
        ) AS page JOIN lot AS l USING (sku, lot) LEFT JOIN product AS p USING (sku)
        CROSS JOIN LATERAL ({amounts(OF_PAGE, "sku", "lot", "warehouse")}) AS s
        ORDER BY page.turn, page.sku, page.lot, page.warehouse
    """  # noqa: S608 - all parts are this service's own


async def of_lots(
    request: Request, sku: SkuFilter = None, lot: LotFilter = None, warehouse: WarehouseFilter = None
) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse, as of the day it is in each."""
    async with reading(request.app.state.engine) as tx:  # of its own: it would be idle while a file begins
        today = await days(tx)
    calendar = {"warehouses": list(today), "days": list(today.values()), "utc": tx.now.date()}
    return of_stock(sku, lot, warehouse) | calendar


async def of_expiring(
    request: Request,
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    bucket: Annotated[Bucket | None, Query(description="Expired, or days left.")] = None,
) -> dict[str, Any]:
    """Those of a bucket too."""
    first, last = BUCKETS[bucket]
    return await of_lots(request, sku, lot, warehouse) | {"first": first, "last": last}


TURN = {"turn": "-infinity", "sku": "", "lot": "", "warehouse": ""}
REPORTS = (
    Report("lot-inventory", InventoryRow, TURN, inventory(), of_lots),
    Report("expiring-lots", ExpiringRow, TURN, inventory(WITHIN), of_expiring),
)
