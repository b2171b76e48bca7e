"""Lot search by number, expiry date, warehouse and location."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.lots.lookup.queries.lots import LOT_COLUMNS
from shared.persistence.database import Transaction
from shared.persistence.search import ScanPlan, Search, SearchKey, is_substring, like_pattern, where_clause

SUBSTRING = "lower({}.lot) LIKE :pattern"
CANDIDATES_BY = {
    "location": "SELECT s.sku, s.lot FROM balance AS s WHERE s.location = :location AND s.on_hand > 0 LIMIT :bound",
    "substring": f"SELECT s.sku, s.lot FROM lot AS s WHERE {SUBSTRING.format('s')} LIMIT :bound",  # noqa: S608
    "before": "SELECT s.sku, s.lot FROM lot AS s WHERE s.expiry < :before LIMIT :bound",
    # In index order: DISTINCT would otherwise read all stock of the warehouse.
    "warehouse": """
        SELECT DISTINCT s.expiry, s.sku, s.lot FROM balance AS s
        WHERE s.warehouse = :warehouse AND s.on_hand > 0 ORDER BY s.expiry, s.sku, s.lot LIMIT :bound
    """,
}
"""Statements that find candidates by an index, one per filter."""


@dataclass(frozen=True)
class Filters:
    """Search filters; None matches everything."""

    search_term: str | None = None
    sku: str | None = None
    expires_before: date | None = None
    warehouse: str | None = None
    location: str | None = None
    has_stock: bool = False

    @property
    def lot_conditions(self) -> list[str]:
        """Conditions on the lot and its balances."""
        balance_conditions = ["o.sku = s.sku AND o.lot = s.lot AND o.on_hand > 0"]
        balance_conditions += ["o.warehouse = :warehouse"] if self.warehouse else []
        balance_conditions += ["o.location = :location"] if self.location else []
        exists = f"EXISTS (SELECT FROM balance AS o {where_clause(balance_conditions)})"
        needs_balance = self.has_stock or self.warehouse or self.location
        return [*(["s.expiry < :before"] if self.expires_before else []), *([exists] if needs_balance else [])]


def _columns(filters: Filters) -> str:
    """Write the columns of a lot: quantities and holds of the filtered location or warehouse, or of all of them.

    They are evaluated only for the lots of a page. Picked stock has left its location.
    """
    stock, picked, hold = "true", "true", "true"
    if filters.warehouse:
        stock = picked = "o.warehouse = :warehouse"
        hold = "coalesce(split_part(o.location, '/', 1), :warehouse) = :warehouse"
    if filters.location:
        stock, picked, hold = "o.location = :location", "false", "coalesce(o.location, :location) = :location"
    balances = f"FROM balance AS o WHERE o.sku = s.sku AND o.lot = s.lot AND {stock}"
    return f"""
        {LOT_COLUMNS},
        (SELECT coalesce(sum(on_hand), 0) {balances}) AS on_hand,
        (SELECT coalesce(sum(allocated), 0) {balances}) AS allocated,
        (SELECT coalesce(sum(missing), 0) {balances}) AS missing,
        (SELECT coalesce(sum(quantity), 0) FROM picked_stock AS o
         WHERE o.sku = s.sku AND o.lot = s.lot AND o.quantity > 0 AND {picked}) AS picked,
        EXISTS (
            SELECT FROM hold AS o WHERE o.sku = s.sku AND o.lot = s.lot AND o.released_at IS NULL AND {hold}
        ) AS on_hold
    """  # noqa: S608 - all parts are constants of this service


async def search(tx: Transaction, filters: Filters, after: SearchKey, size: int) -> Sequence[Row[Any]]:
    """Return the next lots, ordered by SKU and lot number."""
    values = {
        "pattern": like_pattern(filters.search_term), "sku": filters.sku, "before": filters.expires_before,
        "warehouse": filters.warehouse, "location": filters.location,
    }  # fmt: skip
    search_query = Search(
        tx, filters.search_term, values, size, ("sku", "lot"), _columns(filters), scan_keys(filters),
        use_index(filters),
    )  # fmt: skip
    if filters.location:
        return await search_query.search_location(after)
    return (
        await search_query.find_page(after)
        if filters.search_term or filters.lot_conditions
        else await search_query.scan_keys(after, size)
    )


def scan_keys(filters: Filters) -> ScanPlan:
    """Plan a scan in key order."""
    # The cursor has both columns even for one product: an untracked product has a lot with an empty number.
    conditions = ["(s.sku, s.lot) > (:after_sku, :after_lot)", *(["s.sku = :sku"] if filters.sku else [])]
    return ScanPlan(
        f"SELECT s.sku, s.lot FROM lot AS s {where_clause(conditions)} ORDER BY s.sku, s.lot LIMIT :bound",  # noqa: S608
        "lot AS s WHERE s.sku = b.sku AND s.lot = b.lot",
        [SUBSTRING.format("b")] if filters.search_term else [],
        filters.lot_conditions,
    )


def use_index(filters: Filters) -> ScanPlan | None:
    """Plan a search by the most selective index, if there is one; the cursor is applied to its result."""
    indexed_filters = (
        ("location", filters.location), ("substring", is_substring(filters.search_term)),
        ("before", filters.expires_before), ("warehouse", filters.warehouse), ("substring", filters.search_term),
    )  # fmt: skip
    name = next((name for name, value in indexed_filters if value), None)
    if name is None:
        return None
    key_conditions = ["(b.sku, b.lot) > (:after_sku, :after_lot)", *(["b.sku = :sku"] if filters.sku else [])]
    return scan_keys(filters)._replace(
        keys_query=CANDIDATES_BY[name],
        key_conditions=[*key_conditions, *([SUBSTRING.format("b")] if filters.search_term else [])],
        is_materialized=True,
    )
