"""Lot search by number, expiry date, warehouse and location."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from services.lots.lookup.queries.lots import LOT_COLUMNS
from shared.http import PageRequest
from shared.persistence.database import Transaction
from shared.persistence.search import ScanPlan, Search, SearchKey, is_substring, like_pattern, where_clause
from shared.persistence.sorting import SortKey, SortOrder, Sorts

DOCUMENT_LOTS = {
    "order": """
        SELECT sku, lot FROM ledger WHERE order_id = :order
        UNION SELECT r.sku, r.lot FROM demand AS d JOIN reservation AS r USING (demand_id)
        WHERE d.order_id = :order AND r.quantity > 0
    """,
    "shipment": """
        SELECT DISTINCT g.sku, g.lot FROM consignee AS n JOIN ledger AS g USING (order_id, shipment)
        WHERE n.shipment = :shipment
    """,
    "receipt": """
        WITH RECURSIVE recorded_as AS (
            SELECT sku, lot FROM ledger WHERE receipt = :receipt AND change = 'RECEIVED'
            UNION
            SELECT g.sku, g.other_lot FROM recorded_as AS r JOIN ledger AS g ON g.sku = r.sku AND g.lot = r.lot
            WHERE g.change = 'NUMBER_CORRECTED' AND g.on_hand + g.picked < 0
        )
        SELECT sku, lot FROM recorded_as
    """,
    "customer": """
        SELECT DISTINCT g.sku, g.lot FROM consignee AS n JOIN ledger AS g USING (order_id, shipment)
        WHERE n.customer = :customer
    """,
    "changed_since": """
        SELECT sku, lot FROM ledger WHERE recorded_at >= :changed_since
        UNION SELECT sku, lot FROM hold WHERE opened_at >= :changed_since OR released_at >= :changed_since
        UNION SELECT sku, lot FROM correction WHERE recorded_at >= :changed_since
    """,
}
"""The lots of documents, of a customer and of recent changes, the most selective first."""

SUBSTRING = "lower({}.lot) LIKE :pattern"
CANDIDATES_BY = {
    "location": """
        SELECT s.sku, s.lot FROM (
            SELECT sku, lot FROM balance WHERE location = :location AND on_hand > 0
            UNION SELECT sku, lot FROM picked_stock
            WHERE warehouse = split_part(:location, '/', 1) AND location = :location AND quantity > 0
        ) AS s LIMIT :bound
    """,
    "substring": f"SELECT s.sku, s.lot FROM lot AS s WHERE {SUBSTRING.format('s')} LIMIT :bound",  # noqa: S608
    "expiry": """
        SELECT s.sku, s.lot FROM lot AS s
        WHERE s.expiry >= coalesce(:expiring_from, DATE '-infinity')
            AND s.expiry < coalesce(:expiring_before, DATE 'infinity')
        LIMIT :bound
    """,
    **{
        name: f"SELECT s.sku, s.lot FROM ({lots}) AS s LIMIT :bound"  # noqa: S608 - all parts are constants of this service
        for name, lots in DOCUMENT_LOTS.items()
    },
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
    expiring_from: date | None = None
    expiring_before: date | None = None
    order: str | None = None
    shipment: str | None = None
    receipt: str | None = None
    customer: str | None = None
    changed_since: datetime | None = None
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
        if self.location and not self.has_stock:
            picked = "o.sku = s.sku AND o.lot = s.lot AND o.quantity > 0 AND o.location = :location"
            exists = f"({exists} OR EXISTS (SELECT FROM picked_stock AS o WHERE {picked}))"
        needs_balance = self.has_stock or self.warehouse or self.location
        return [
            *(["s.expiry >= :expiring_from"] if self.expiring_from else []),
            *(["s.expiry < :expiring_before"] if self.expiring_before else []),
            *(f"(s.sku, s.lot) IN ({DOCUMENT_LOTS[name]})" for name in self.documents),
            *([exists] if needs_balance else []),
        ]

    @property
    def documents(self) -> list[str]:
        """Names of the filters by document, customer and change that are set, the most selective first."""
        return [name for name in DOCUMENT_LOTS if getattr(self, name)]

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the statements."""
        return {"pattern": like_pattern(self.search_term)} | asdict(self)


def _columns(filters: Filters) -> str:
    """Write the columns of a lot: quantities and holds of the filtered location or warehouse, or of all of them.

    They are evaluated only for the lots of a page.
    """
    stock, picked, hold = "true", "true", "true"
    if filters.warehouse:
        stock = picked = "o.warehouse = :warehouse"
        hold = "coalesce(split_part(o.location, '/', 1), :warehouse) = :warehouse"
    if filters.location:
        stock = picked = "o.location = :location"
        hold = "coalesce(o.location, :location) = :location"
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


SORTS = Sorts(
    "lot",
    lot=[SortKey("s.sku"), SortKey("s.lot")],
    expiry=[SortKey("s.expiry", "date"), SortKey("s.sku"), SortKey("s.lot")],
)
"""Orders of the list, by its key and by the index `lot_expiry`."""


async def search_sorted(tx: Transaction, filters: Filters, page: PageRequest) -> Sequence[Row[Any]]:
    """Return the next lots in another order than that of the key."""
    return await tx.fetch_all(text(sorted_query(filters, page.order)), filters.parameters() | page.parameters)


def sorted_query(filters: Filters, order: SortOrder) -> str:
    """Write the statement of a page in order; the columns are evaluated for its lots only."""
    conditions = [
        *(["s.sku = :sku"] if filters.sku else []),
        *([SUBSTRING.format("s")] if filters.search_term else []),
        *filters.lot_conditions,
        order.condition,
    ]
    lots = f"SELECT s.* FROM lot AS s {where_clause(conditions)} {order.order_by} LIMIT :size"  # noqa: S608
    return f"SELECT {_columns(filters)} FROM ({lots}) AS s {order.order_by}"  # noqa: S608


async def search(tx: Transaction, filters: Filters, after: SearchKey, size: int) -> Sequence[Row[Any]]:
    """Return the next lots, ordered by SKU and lot number."""
    search_query = Search(
        tx, filters.search_term, filters.parameters(), size, ("sku", "lot"), _columns(filters), scan_keys(filters),
        use_index(filters),
    )  # fmt: skip
    if filters.location or filters.documents:
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
        *((name, True) for name in filters.documents),
        ("location", filters.location),
        ("substring", is_substring(filters.search_term)),
        ("expiry", filters.expiring_from or filters.expiring_before),
        ("warehouse", filters.warehouse),
        ("substring", filters.search_term),
    )
    name = next((name for name, value in indexed_filters if value), None)
    if name is None:
        return None
    key_conditions = ["(b.sku, b.lot) > (:after_sku, :after_lot)", *(["b.sku = :sku"] if filters.sku else [])]
    return scan_keys(filters)._replace(
        keys_query=CANDIDATES_BY[name],
        key_conditions=[*key_conditions, *([SUBSTRING.format("b")] if filters.search_term else [])],
        is_materialized=True,
    )
