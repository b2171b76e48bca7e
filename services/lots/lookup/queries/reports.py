"""Reports on lots: inventory by expiration, expiring lots, movements, stock and reconciliation."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.lots.balances.queries import ReconciliationTotals, reconciliation_query
from services.lots.lookup.queries import inventory, movements, variances
from services.lots.lookup.queries.location_exceptions import (
    EXCEPTION_KEY,
    SELECT_EXCEPTIONS,
    LotLocationExceptionRow,
)
from services.lots.lookup.queries.totals import LOT_FILTER, StockTotals, stock_filters, totals_query
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, Report, SkuFilter
from shared.identifiers import SignedQuantity


class LotRef(KnownFieldsModel):
    """A lot of a product."""

    sku: str = Field(description="SKU of the product")
    lot: str = Field(description="lot number; empty for untracked products")


class ProductInfo(KnownFieldsModel):
    """A product in a warehouse."""

    sku: str = Field(description="SKU of the product")
    product: str = Field(description="name of the product")
    warehouse: str = Field(description="warehouse")


class StockRow(StockTotals, ProductInfo):
    """Stock: available, allocated, held, staged, missing and picked quantities of each product by warehouse."""

    unit: str = Field(description="unit of measure")
    lots: int = Field(description="number of lots")


class ReconciliationRow(ReconciliationTotals, LotRef):
    """Reconciliation by lot and warehouse: received + returned + count gain + corrected = on hand + picked + shipped +
    scrapped + returned to vendor + count loss. The sums of the ledger equal the balances."""

    ledger_on_hand: SignedQuantity = Field(description="on-hand quantity of the ledger")
    ledger_picked: SignedQuantity = Field(description="picked quantity of the ledger")
    reserved: SignedQuantity = Field(description="sum of the reservations")
    agrees: bool = Field(description="whether all conditions hold")


# Each product has at least one row, so this many products fill a page.
SKU_PAGE = f"""
    SELECT DISTINCT sku FROM {{}} > 0 AND sku >= :after_sku AND {LOT_FILTER} ORDER BY sku LIMIT CAST(:size AS int) + 1
"""  # noqa: S608 - all parts are constants of this service
IN_SCOPE = f"sku IN (SELECT sku FROM selected) AND {LOT_FILTER}"  # noqa: S608 - all parts are constants of this service
SELECT_STOCK = f"""
    WITH selected AS MATERIALIZED (
        ({SKU_PAGE.format("balance WHERE on_hand")}) UNION ({SKU_PAGE.format("picked_stock WHERE quantity")})
        ORDER BY sku LIMIT CAST(:size AS int) + 1
    )
    SELECT s.*, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
    FROM ({totals_query(IN_SCOPE, "sku", "warehouse")}) AS s LEFT JOIN product AS p ON p.sku = s.sku
    WHERE (s.sku, s.warehouse) > (:after_sku, :after_warehouse) ORDER BY s.sku, s.warehouse LIMIT :size
"""  # noqa: S608 - all parts are constants of this service
# Each lot has at least one row, so this many lots fill a page. With wrong_only all lots are read.
LOT_PAGE = "ORDER BY sku, lot LIMIT CASE WHEN NOT :wrong_only THEN CAST(:size AS integer) + 1 END"
LEDGER_LOTS = " UNION ".join(
    f"""(
        SELECT DISTINCT sku, lot FROM {rows} AND (sku, lot) >= (:after_sku, :after_lot)
            AND (CAST(:sku AS text) IS NULL OR sku = :sku) AND (CAST(:lot AS text) IS NULL OR lot = :lot)
        {LOT_PAGE}
    )"""  # noqa: S608 - all parts are constants of this service
    for rows in (
        "ledger WHERE true",
        "balance WHERE true",
        "picked_stock WHERE quantity > 0",
        "reservation WHERE quantity > 0",
    )
)
SELECT_RECONCILIATION = f"""
    SELECT * FROM ({reconciliation_query(f"{LEDGER_LOTS} {LOT_PAGE}")}) AS r
    WHERE (sku, lot, warehouse) > (:after_sku, :after_lot, :after_warehouse) AND (NOT :wrong_only OR NOT agrees)
    ORDER BY sku, lot, warehouse LIMIT :size
"""  # noqa: S608 - all parts are constants of this service


def reconciliation_filters(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    *,
    wrong_only: Annotated[bool, Query(description="Only rows with a difference.")] = False,
) -> dict[str, Any]:
    """Filter by product and lot, optionally only rows with a difference."""
    return {"sku": sku, "lot": lot, "wrong_only": wrong_only}


REPORTS = (
    *inventory.REPORTS,
    *variances.REPORTS,
    movements.REPORT,
    Report(
        "location-exceptions",
        LotLocationExceptionRow,
        EXCEPTION_KEY,
        SELECT_EXCEPTIONS,
        stock_filters,
    ),
    Report("stock", StockRow, {"sku": "", "warehouse": ""}, SELECT_STOCK, stock_filters),
    Report(
        "reconciliation",
        ReconciliationRow,
        {"sku": "", "lot": "", "warehouse": ""},
        SELECT_RECONCILIATION,
        reconciliation_filters,
    ),
)
