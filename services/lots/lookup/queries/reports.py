"""Reports on lots: inventory by expiration, expiring lots, movements, stock and reconciliation."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.lots.balances.queries import ReconciliationTotals, reconciliation_query
from services.lots.lookup.queries import inventory, movements, variances
from services.lots.lookup.queries.location_exceptions import (
    EXCEPTION_SORTS,
    LotLocationExceptionRow,
    select_exceptions,
)
from services.lots.lookup.queries.totals import LOT_FILTER, StockTotals, lot_condition, stock_filters, totals_query
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, Report, SkuFilter
from shared.identifiers import SignedQuantity
from shared.persistence.sorting import SortKey, SortOrder, Sorts


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


IN_SCOPE = f"sku IN (SELECT sku FROM selected) AND {LOT_FILTER}"  # noqa: S608 - all parts are constants of this service


def select_stock(order: SortOrder) -> str:
    """Write the statement of the stock: each product has at least one row, so that this many products fill a page."""
    products = " UNION ".join(
        f"""(
            SELECT DISTINCT sku FROM {rows} > 0 AND {order.after("sku", or_at=True)} AND {LOT_FILTER}
            {order.by("sku")} LIMIT CAST(:size AS int) + 1
        )"""  # noqa: S608 - all parts are constants of this service
        for rows in ("balance WHERE on_hand", "picked_stock WHERE quantity")
    )
    return f"""
        WITH selected AS MATERIALIZED ({products} {order.by("sku")} LIMIT CAST(:size AS int) + 1)
        SELECT s.*, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
        FROM ({totals_query(IN_SCOPE, "sku", "warehouse")}) AS s LEFT JOIN product AS p ON p.sku = s.sku
        WHERE {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - all parts are constants of this service


def select_reconciliation(order: SortOrder) -> str:
    """Write the statement of the reconciliation: each lot has at least one row, so that this many lots fill a page.

    With `wrong_only` all lots are read.
    """
    first_lots = f"{order.by('sku', 'lot')} LIMIT CASE WHEN NOT :wrong_only THEN CAST(:size AS integer) + 1 END"
    lots = " UNION ".join(
        f"""(
            SELECT DISTINCT sku, lot FROM {rows} AND {order.after("sku", "lot", or_at=True)}
                AND (CAST(:sku AS text) IS NULL OR sku = :sku) AND {lot_condition()}
            {first_lots}
        )"""  # noqa: S608 - all parts are constants of this service
        for rows in (
            "ledger WHERE true",
            "balance WHERE true",
            "picked_stock WHERE quantity > 0",
            "reservation WHERE quantity > 0",
        )
    )
    return f"""
        SELECT * FROM ({reconciliation_query(f"{lots} {first_lots}")}) AS r
        WHERE {order.after()} AND (NOT :wrong_only OR NOT agrees) {order.order_by} LIMIT :size
    """  # noqa: S608 - all parts are constants of this service


def reconciliation_filters(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    *,
    wrong_only: Annotated[bool, Query(description="Only rows with a difference.")] = False,
) -> dict[str, Any]:
    """Filter by product and lot, optionally only rows with a difference."""
    return {"sku": sku, "lot": lot, "wrong_only": wrong_only}


STOCK_SORTS = Sorts("sku", sku=[SortKey("s.sku"), SortKey("s.warehouse")])
RECONCILIATION_SORTS = Sorts("lot", lot=[SortKey("sku"), SortKey("lot"), SortKey("warehouse")])
REPORTS = (
    *inventory.REPORTS,
    *variances.REPORTS,
    movements.REPORT,
    Report("location-exceptions", LotLocationExceptionRow, EXCEPTION_SORTS, select_exceptions, stock_filters),
    Report("stock", StockRow, STOCK_SORTS, select_stock, stock_filters),
    Report("reconciliation", ReconciliationRow, RECONCILIATION_SORTS, select_reconciliation, reconciliation_filters),
)
