"""How much there is of lots, as every page and report says it: pieces of statements.

What is on hand is free, allocated, held or staged; what is picked has left its place and not the house. All are exact.
"""

from typing import Any

from pydantic import Field

from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, SkuFilter, WarehouseFilter
from shared.identifiers import Exact

OF_LOTS = """
    (CAST(:sku AS text) IS NULL OR sku = :sku) AND (CAST(:lot AS text) IS NULL OR lot = :lot)
    AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
"""
"""Of a product, a lot, a warehouse, where asked."""


class Amounts(KnownFieldsModel):
    """On hand is free, allocated, held and staged; picked has left its place and not the house."""

    on_hand: Exact = Field(description="how much lies there")
    free: Exact = Field(description="of that what orders may have")
    allocated: Exact = Field(description="of that what orders have")
    held: Exact = Field(description="of that what is on hold and no order has")
    staged: Exact = Field(description="of that what lies at a dock or staging place")
    picked: Exact = Field(description="what was picked and has not left")


def of_stock(sku: SkuFilter = None, lot: LotFilter = None, warehouse: WarehouseFilter = None) -> dict[str, Any]:
    """Those of a product, a lot, a warehouse."""
    return {"sku": sku, "lot": lot, "warehouse": warehouse}


def places(which: str) -> str:
    """Each place where something of some lots lies."""
    return f"""
        SELECT sku, lot, warehouse, location, on_hand, allocated,
            CASE WHEN on_hold THEN on_hand - allocated ELSE 0 END AS held,
            CASE WHEN stored AND NOT on_hold THEN on_hand - allocated ELSE 0 END AS free,
            CASE WHEN NOT stored AND NOT on_hold THEN on_hand - allocated ELSE 0 END AS staged
        FROM (
            SELECT sku, lot, warehouse, location, stored, on_hand, allocated, EXISTS (
                SELECT FROM hold AS h WHERE h.sku = b.sku AND h.lot = b.lot AND h.lifted_at IS NULL
                    AND (h.location IS NULL OR h.location = b.location)
            ) AS on_hold
            FROM balance AS b WHERE on_hand > 0 AND {which} OFFSET 0
        ) AS b
    """  # noqa: S608 - all parts are this service's own


def amounts(which: str, *by: str) -> str:
    """How much there is of some lots, added up by columns of theirs."""
    names = ", ".join(by)
    return f"""
        SELECT {names}, count(DISTINCT lot) AS lots, sum(on_hand) AS on_hand, sum(free) AS free,
            sum(allocated) AS allocated, sum(held) AS held, sum(staged) AS staged, sum(picked) AS picked
        FROM (
            SELECT sku, lot, warehouse, on_hand, free, allocated, held, staged, 0 AS picked
            FROM ({places(which)}) AS lying
            UNION ALL
            SELECT sku, lot, warehouse, 0, 0, 0, 0, 0, quantity FROM picked WHERE quantity > 0 AND {which}
        ) AS parts
        GROUP BY {names}
    """  # noqa: S608 - all parts are this service's own
