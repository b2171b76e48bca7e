"""The reports on lots: inventory by expiration, what expires, movements, stock by product, and that the books agree."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.lots.balances.domain.stock import Change
from services.lots.balances.queries import Reconciled, reconciliation
from services.lots.lookup.queries import inventory
from services.lots.lookup.queries.amounts import OF_LOTS, Amounts, amounts, of_stock
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, Report, Since, SkuFilter, Until, WarehouseFilter
from shared.identifiers import Exact


class OneLot(KnownFieldsModel):
    """A lot of a product."""

    sku: str = Field(description="the product")
    lot: str = Field(description="the lot")


class MovementRow(OneLot):
    """Lot movement history: every change of a quantity, lot by lot, in the order in which it was recorded."""

    number: int = Field(description="the row's number in the ledger")
    recorded_at: datetime = Field(description="when it was recorded")
    occurred_at: datetime = Field(description="when it happened, by the clock of who reported it")
    change: Change = Field(description="what happened")
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


class ProductNamed(KnownFieldsModel):
    """A product in a warehouse."""

    sku: str = Field(description="the product")
    product: str = Field(description="its name")
    warehouse: str = Field(description="the warehouse")


class StockRow(Amounts, ProductNamed):
    """Stock: how much of a product is free, allocated, held, staged and picked in each warehouse."""

    unit: str = Field(description="what quantities are counted in")
    lots: int = Field(description="of how many lots it is")


class ReconciliationRow(Reconciled, OneLot):
    """Reconciliation: received + returned + counted up = on hand + picked + shipped + scrapped + sent back + counted
    down, lot by lot and warehouse by warehouse, and that the ledger's sums are the balances."""

    ledger_on_hand: Exact = Field(description="what lies there by the ledger")
    ledger_picked: Exact = Field(description="what is picked by the ledger")
    reserved: Exact = Field(description="what orders have, order by order")
    agrees: bool = Field(description="whether all of it adds up")


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
CHOSEN = f"sku IN (SELECT sku FROM chosen) AND {OF_LOTS}"  # noqa: S608 - all parts are this service's own
BY_PRODUCT = f"""
    WITH chosen AS MATERIALIZED (
        ({SKUS.format("balance WHERE on_hand")}) UNION ({SKUS.format("picked WHERE quantity")})
        ORDER BY sku LIMIT CAST(:size AS int) + 1
    )
    SELECT s.*, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
    FROM ({amounts(CHOSEN, "sku", "warehouse")}) AS s LEFT JOIN product AS p ON p.sku = s.sku
    WHERE (s.sku, s.warehouse) > (:after_sku, :after_warehouse) ORDER BY s.sku, s.warehouse LIMIT :size
"""  # noqa: S608 - all parts are this service's own
# Each of these lots has a row at least; that of the cursor may have had its last. What is wrong may be any.
NEXT_LOTS = "ORDER BY sku, lot LIMIT CASE WHEN NOT :wrong_only THEN CAST(:size AS integer) + 1 END"
BOOKED = " UNION ".join(
    f"""(
        SELECT DISTINCT sku, lot FROM {rows} AND (sku, lot) >= (:after_sku, :after_lot)
            AND (CAST(:sku AS text) IS NULL OR sku = :sku) AND (CAST(:lot AS text) IS NULL OR lot = :lot)
        {NEXT_LOTS}
    )"""  # noqa: S608 - all parts are this service's own
    for rows in ("ledger WHERE true", "balance WHERE true", "picked WHERE quantity > 0", "reserved WHERE quantity > 0")
)
AGREEMENT = f"""
    SELECT * FROM ({reconciliation(f"{BOOKED} {NEXT_LOTS}")}) AS r
    WHERE (sku, lot, warehouse) > (:after_sku, :after_lot, :after_warehouse) AND (NOT :wrong_only OR NOT agrees)
    ORDER BY sku, lot, warehouse LIMIT :size
"""  # noqa: S608 - all parts are this service's own


def of_movements(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    since: Since = None,
    until: Until = None,
) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse, and of a time."""
    return of_stock(sku, lot, warehouse) | {"since": since, "until": until}


def of_books(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    *,
    wrong_only: Annotated[bool, Query(description="Only rows that do not agree.")] = False,
) -> dict[str, Any]:
    """Those of a product or a lot; only those that do not add up."""
    return {"sku": sku, "lot": lot, "wrong_only": wrong_only}


REPORTS = (
    *inventory.REPORTS,
    Report("lot-movements", MovementRow, {"sku": "", "lot": "", "number": 0}, MOVEMENTS, of_movements),
    Report("stock", StockRow, {"sku": "", "warehouse": ""}, BY_PRODUCT, of_stock),
    Report("reconciliation", ReconciliationRow, {"sku": "", "lot": "", "warehouse": ""}, AGREEMENT, of_books),
)
