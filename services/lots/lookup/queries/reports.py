"""The reports on lots: inventory by expiration, what expires, movements, stock by product, and that the books agree."""

from datetime import date, datetime
from typing import Any, Literal

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, Field

from services.lots.balances.queries import RECONCILED
from services.lots.lookup.queries.amounts import OF_LOTS, amounts
from shared.database import reading
from shared.http import Report
from shared.identifiers import Exact
from shared.replica import days

Bucket = Literal["expired", "<=7", "<=30", "<=90", ">90"]


class Amounts(BaseModel):
    """On hand is free, allocated, held and staged; picked has left its place and not the house."""

    on_hand: Exact = Field(description="how much lies there")
    free: Exact = Field(description="of that what orders may have")
    allocated: Exact = Field(description="of that what orders have")
    held: Exact = Field(description="of that what is on hold and no order has")
    staged: Exact = Field(description="of that what lies at a dock or staging place")
    picked: Exact = Field(description="what was picked and has not left")


class LotNamed(BaseModel):
    """A lot in a warehouse."""

    expiry: date | None = Field(description="the last day on which it is good")
    days_left: int | None = Field(description="days until then, by the warehouse's own day; negative once expired")
    sku: str = Field(description="the product")
    product: str = Field(description="its name")
    lot: str = Field(description="the lot number, as the label says it; empty for untracked products")
    warehouse: str = Field(description="the warehouse")


class InventoryRow(Amounts, LotNamed):
    """Lot inventory by expiration: each lot in each warehouse, what expires first comes first (S42)."""

    unit: str = Field(description="what quantities are counted in")
    manufactured: date | None = Field(description="when it was made")
    best_before: date | None = Field(description="until when it is at its best")
    first_received: datetime = Field(description="when the lot first came")
    supplier: str = Field(description="who sent it first")


class ExpiringRow(InventoryRow):
    """Expiring lots: what has expired, and what will within 7, 30, 90 days and later, in that order (S29, S43)."""

    bucket: Bucket = Field(description="expired, or within how many days it will have")


class MovementRow(BaseModel):
    """Lot movement history: every change of a quantity, lot by lot, in the order in which it was recorded (S44)."""

    sku: str = Field(description="the product")
    lot: str = Field(description="the lot")
    number: int = Field(description="the row's number in the ledger")
    recorded_at: datetime = Field(description="when it was recorded")
    occurred_at: datetime = Field(description="when it happened, by the clock of who reported it")
    change: str = Field(description="what happened")
    warehouse: str = Field(description="the warehouse")
    location: str | None = Field(description="the place whose quantity changed; none for what left")
    on_hand: Exact = Field(description="by how much what lies there changed")
    picked: Exact = Field(description="by how much what is picked changed")
    reason: str = Field(description="why")
    actor: str = Field(description="who")
    receipt: str | None = Field(description="the receipt")
    order: str | None = Field(description="the order")
    line: str | None = Field(description="the line of the receipt or order")
    shipment: str | None = Field(description="the shipment")
    customer: str | None = Field(description="the customer")
    return_id: str | None = Field(description="the customer return")


class ProductNamed(BaseModel):
    """A product in a warehouse."""

    sku: str = Field(description="the product")
    product: str = Field(description="its name")
    warehouse: str = Field(description="the warehouse")


class StockRow(Amounts, ProductNamed):
    """Stock: how much of a product is free, allocated, held, staged and picked in each warehouse."""

    unit: str = Field(description="what quantities are counted in")
    lots: int = Field(description="of how many lots it is")


class ReconciliationRow(BaseModel):
    """Reconciliation: received + returned + counted up = on hand + picked + shipped + scrapped + sent back + counted
    down, lot by lot and warehouse by warehouse, and that the ledger's sums are the balances."""

    sku: str = Field(description="the product")
    lot: str = Field(description="the lot")
    warehouse: str = Field(description="the warehouse")
    received: Exact = Field(description="what receipts brought")
    returned: Exact = Field(description="what came back from customers")
    counted_up: Exact = Field(description="what was found or counted up")
    on_hand: Exact = Field(description="what lies there by the balances")
    allocated: Exact = Field(description="of that what orders have")
    picked: Exact = Field(description="what is picked")
    shipped: Exact = Field(description="what has left")
    scrapped: Exact = Field(description="what was scrapped")
    sent_back: Exact = Field(description="what was sent back to its supplier")
    counted_down: Exact = Field(description="what was lost or counted down")
    ledger_on_hand: Exact = Field(description="what lies there by the ledger")
    ledger_picked: Exact = Field(description="what is picked by the ledger")
    reserved: Exact = Field(description="what orders have, order by order")
    agrees: bool = Field(description="whether all of it adds up")


DAY = "coalesce(t.day, CAST(:utc AS date))"


def inventory(condition: str = "true") -> str:
    """Lots by expiry: those of a page are found first, and what there is of them is added up for them alone."""
    return f"""
        SELECT page.*, s.on_hand, s.free, s.allocated, s.held, s.staged, s.picked,
            coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
        FROM (
            SELECT * FROM (
                SELECT k.sku, k.lot, k.warehouse, l.expiry, l.manufactured, l.best_before, l.first_received, l.supplier,
                    l.expiry - {DAY} AS days_left,
                    CASE
                        WHEN l.expiry < {DAY} THEN 'expired' WHEN l.expiry - {DAY} <= 7 THEN '<=7'
                        WHEN l.expiry - {DAY} <= 30 THEN '<=30' WHEN l.expiry - {DAY} <= 90 THEN '<=90'
                        WHEN l.expiry IS NOT NULL THEN '>90'
                    END AS bucket,
                    coalesce(CAST(l.expiry AS text), '~') COLLATE "C" AS turn
                FROM (
                    SELECT sku, lot, warehouse FROM balance WHERE on_hand > 0 AND {OF_LOTS}
                    UNION SELECT sku, lot, warehouse FROM picked WHERE quantity > 0 AND {OF_LOTS}
                ) AS k JOIN lot AS l ON l.sku = k.sku AND l.lot = k.lot
                LEFT JOIN unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS t (warehouse, day)
                    ON t.warehouse = k.warehouse
            ) AS known
            WHERE (turn, sku, lot, warehouse) > (:after_turn, :after_sku, :after_lot, :after_warehouse) AND {condition}
            ORDER BY turn, sku, lot, warehouse LIMIT :size
        ) AS page LEFT JOIN product AS p ON p.sku = page.sku
        CROSS JOIN LATERAL ({amounts(OF_PAGE, "sku", "lot", "warehouse")}) AS s
        ORDER BY turn, page.sku, page.lot, page.warehouse
    """  # noqa: S608 - all parts are this service's own


OF_PAGE = "sku = page.sku AND lot = page.lot AND warehouse = page.warehouse"
EXPIRING = inventory("bucket IS NOT NULL AND (CAST(:bucket AS text) IS NULL OR bucket = :bucket)")

MOVEMENTS = """
    SELECT sku, lot, id AS number, recorded AS recorded_at, occurred AS occurred_at, change, warehouse, location,
        on_hand, picked, reason, actor, receipt, order_id AS "order", line, shipment, customer, return_id
    FROM ledger
    WHERE (CAST(:sku AS text) IS NULL OR sku = :sku) AND (CAST(:lot AS text) IS NULL OR lot = :lot)
        AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
        AND (CAST(:since AS timestamptz) IS NULL OR recorded >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR recorded < :until)
        AND (sku, lot, id) > (:after_sku, :after_lot, :after_number)
    ORDER BY sku, lot, id LIMIT :size
"""
# Ever so many products hold all the rows of a page.
SKUS = (
    f"SELECT DISTINCT sku FROM {{}} > 0 AND sku >= :after_sku AND {OF_LOTS} ORDER BY sku LIMIT CAST(:size AS int) + 1"  # noqa: S608
)
CHOSEN = (
    f"sku IN (({SKUS.format('balance WHERE on_hand')}) UNION ({SKUS.format('picked WHERE quantity')})) AND {OF_LOTS}"
)
BY_PRODUCT = f"""
    SELECT s.*, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
    FROM ({amounts(CHOSEN, "sku", "warehouse")}) AS s LEFT JOIN product AS p ON p.sku = s.sku
    WHERE (s.sku, s.warehouse) > (:after_sku, :after_warehouse) ORDER BY s.sku, s.warehouse LIMIT :size
"""  # noqa: S608 - all parts are this service's own
AGREEMENT = f"""
    SELECT * FROM ({RECONCILED.text}) AS r
    WHERE (sku, lot, warehouse) > (:after_sku, :after_lot, :after_warehouse) AND (NOT :wrong_only OR NOT agrees)
    ORDER BY sku, lot, warehouse LIMIT :size
"""  # noqa: S608 - all parts are this service's own


def of_stock(product: str | None = None, lot: str | None = None, warehouse: str | None = None) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse."""
    return {"sku": product, "lot": lot, "warehouse": warehouse}


async def of_lots(
    request: Request, product: str | None = None, lot: str | None = None, warehouse: str | None = None
) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse, as of the day it is in each."""
    async with reading(request.app.state.engine) as tx:  # of its own: it would be idle while a file begins
        today = await days(tx)
    calendar = {"warehouses": list(today), "days": list(today.values()), "utc": tx.now.date()}
    return of_stock(product, lot, warehouse) | calendar


async def of_expiring(
    request: Request,
    product: str | None = None,
    lot: str | None = None,
    warehouse: str | None = None,
    bucket: Bucket | None = None,
) -> dict[str, Any]:
    """Those of a bucket too."""
    return await of_lots(request, product, lot, warehouse) | {"bucket": bucket}


def of_movements(
    product: str | None = None,
    lot: str | None = None,
    warehouse: str | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse, and of a time."""
    return of_stock(product, lot, warehouse) | {"since": since, "until": until}


def of_books(product: str | None = None, lot: str | None = None, *, wrong_only: bool = False) -> dict[str, Any]:
    """Those of a product or a lot; only those that do not add up."""
    return {"sku": product, "lot": lot, "wrong_only": wrong_only}


TURN = {"turn": "", "sku": "", "lot": "", "warehouse": ""}
REPORTS = (
    Report("lot-inventory", InventoryRow, TURN, inventory(), of_lots),
    Report("expiring-lots", ExpiringRow, TURN, EXPIRING, of_expiring),
    Report("lot-movements", MovementRow, {"sku": "", "lot": "", "number": 0}, MOVEMENTS, of_movements),
    Report("stock", StockRow, {"sku": "", "warehouse": ""}, BY_PRODUCT, of_stock),
    Report("reconciliation", ReconciliationRow, {"sku": "", "lot": "", "warehouse": ""}, AGREEMENT, of_books),
)
