"""Unit search by part of the serial and by state filters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.serials.lookup.queries.filters import UNIT_FILTERS, Filters
from services.serials.lookup.queries.unit import last_sale
from shared.http import PageRequest
from shared.persistence.database import Transaction
from shared.persistence.search import UNBOUNDED, ScanPlan, Search, SearchKey, is_substring, where_clause
from shared.persistence.sorting import SortKey, SortOrder, Sorts

LAST_SALE = last_sale("s.id")
COLUMNS = f"""
    s.sku, s.serial, s.status::text AS status, s.warehouse,
    CASE WHEN s.adjustment IS NULL THEN s.location END AS location, s.order_id AS "order", s.order_line,
    s.shipment, s.receipt, s.open_hold_count > 0 AS on_hold, s.adjustment,
    s.status = 'EXPECTED' AND s.receipt IS NULL AS expectation_cancelled, s.lot, s.expiry, s.customer,
    CASE WHEN s.status = 'SHIPPED' THEN (SELECT shipped_at FROM ({LAST_SALE}) AS sale) END AS shipped_at,
    CASE WHEN s.status = 'SHIPPED' THEN (SELECT customer_name FROM ({LAST_SALE}) AS sale) END AS customer_name,
    s.warranty_starts_on, s.warranty_ends_on
"""  # noqa: S608 - the query is this service's own


JOIN_BY_KEY = "serial AS k JOIN serial_state AS s ON s.id = k.id WHERE k.sku = b.sku AND k.serial = b.serial"
SELECT_PER_STATUS = """
    SELECT s.sku, s.serial FROM unnest(CAST(CAST(:statuses AS text[]) AS status[])) AS requested (status)
    CROSS JOIN LATERAL ({}) AS s ORDER BY s.sku, s.serial LIMIT :bound
"""
JOIN_BY_ID = "serial_state AS s WHERE s.id = b.id"
# One row per unit: its last change is one of the entries.
JOIN_LAST_ENTRY = f"{JOIN_BY_ID} AND s.version = b.version"

STATE_KEYS = "SELECT s.id, s.sku, s.serial FROM serial_state AS s WHERE {} LIMIT :bound"
SERIAL_KEYS = "SELECT s.id, s.sku, s.serial FROM serial AS s WHERE {} LIMIT :bound"
CUSTOMER_KEYS = """
    SELECT s.id, s.sku, s.serial FROM serial_state AS s WHERE s.shipment IS NOT NULL AND {}
    UNION ALL
    SELECT s.id, s.sku, s.serial FROM serial_state AS s WHERE s.status IN ('ALLOCATED', 'PICKED')
        AND s.shipment IS NULL AND s.adjustment IS NULL AND (s.status <> 'EXPECTED' OR s.receipt IS NOT NULL) AND {}
    LIMIT :bound
"""
RECEIPT_KEYS = """
    SELECT k.id, k.sku, k.serial FROM (
        SELECT DISTINCT serial_id FROM audit_entry WHERE operation_id = ANY(ARRAY(
            SELECT id FROM audit_operation WHERE receipt = :receipt AND change IN ('EXPECTED', 'RECEIVED')
        ))
    ) AS e JOIN serial AS k ON k.id = e.serial_id LIMIT :bound
"""
# min(id + 0) keeps the planner from reading the operations from the first one on.
CHANGED_KEYS = """
    SELECT k.id, k.sku, k.serial, e.version FROM (
        SELECT serial_id, version FROM audit_entry
        WHERE operation_id >= (SELECT min(id + 0) FROM audit_operation WHERE recorded_at >= :changed_since) LIMIT :bound
    ) AS e JOIN serial AS k ON k.id = e.serial_id
"""
INDEXED_FILTERS = {
    "order": STATE_KEYS, "shipment": STATE_KEYS, "receipt": RECEIPT_KEYS, "location": STATE_KEYS, "lot": STATE_KEYS,
    "on_hold": STATE_KEYS, "customer": CUSTOMER_KEYS, "expiring_before": STATE_KEYS, "expiring_from": STATE_KEYS,
    "changed_since": CHANGED_KEYS,
}  # fmt: skip
"""Filters that an index serves, the most selective first, with the statement of the keys."""


SORTS = Sorts(
    "serial",
    serial=[SortKey("k.sku"), SortKey("k.serial")],
    expiry=[SortKey("s.expiry", "date"), SortKey("s.sku"), SortKey("s.serial")],
    created_at=[SortKey("s.id", "bigint")],
)
"""By the key of `serial`, by `serial_state_expiry`, and by the ids, which are in the order of registration."""


async def search_sorted(tx: Transaction, filters: Filters, page: PageRequest) -> Sequence[Row[Any]]:
    """Return the next units in another order than that of the key."""
    values = filters.parameters() | page.parameters | {"bound": UNBOUNDED}
    return await tx.fetch_all(text(sorted_query(filters, page.order)), values)


def sorted_query(filters: Filters, order: SortOrder) -> str:
    """Write the statement of a page in order, restricted to the keys of the most selective index."""
    conditions = [filters.in_scope(), *filters.where(["sku", "q", "status", *UNIT_FILTERS]), order.condition]
    if plan := use_index(filters):
        conditions.append(f"s.id IN (SELECT b.id FROM ({plan.keys_query}) AS b)")  # noqa: S608
    keys = " JOIN serial AS k ON k.id = s.id" if order.keys[0].column.startswith("k.") else ""
    return (
        f"SELECT {COLUMNS}, s.id FROM serial_state AS s{keys} {where_clause(conditions)} {order.order_by} LIMIT :size"  # noqa: S608
    )


async def search(tx: Transaction, filters: Filters, after: SearchKey, size: int) -> Sequence[Row[Any]]:
    """Return the next units, ordered by SKU and serial."""
    has_selective_filter = any(getattr(filters, name) for name in INDEXED_FILTERS)
    search_query = Search(
        tx, filters.q, filters.parameters(), size, ("sku", "serial"), COLUMNS,
        scan_keys(filters), use_index(filters),
    )  # fmt: skip
    if filters.is_in_use and not filters.has_extra_filters:
        return await search_query.scan_keys(after, size)
    if filters.scope in {"adjusted", "expectation_cancelled"}:
        return await search_query.scan_keys(after, UNBOUNDED)
    if has_selective_filter:
        return await search_query.search_location(after)
    return await search_query.find_page(after)


def scan_keys(filters: Filters) -> ScanPlan:
    """Plan a scan in key order, on the index of the units in use by status, of the others, or of all serials."""
    after_cursor = "s.serial > :after_serial" if filters.sku else "(s.sku, s.serial) > (:after_sku, :after_serial)"
    if filters.scope == "registered" or (filters.is_in_use and not filters.status):
        source, key_filters, scope = "serial AS s", ["sku"], []
        row_conditions = [*filters.where(UNIT_FILTERS), filters.in_scope()]
    else:
        source, scope = "serial_state AS s", [filters.in_scope()]
        key_filters = ["sku", "status"] if filters.is_in_use and len(filters.status) == 1 else ["sku"]
        row_conditions = filters.where(UNIT_FILTERS if filters.is_in_use else ["status", *UNIT_FILTERS])
    has_several_statuses = filters.is_in_use and len(filters.status) > 1
    keys = where_clause(
        [
            *(["s.status = requested.status"] if has_several_statuses else []),
            *filters.where(key_filters),
            *scope,
            after_cursor,
        ]
    )
    scan = f"SELECT s.sku, s.serial FROM {source} {keys} ORDER BY s.sku, s.serial LIMIT :bound"  # noqa: S608
    return ScanPlan(
        SELECT_PER_STATUS.format(scan) if has_several_statuses else scan,
        JOIN_BY_KEY,
        filters.where(["q"], "b"),
        row_conditions,
    )


def use_index(filters: Filters) -> ScanPlan | None:
    """Plan a read of the most selective index, if there is one; the cursor is applied afterwards."""
    name = next((name for name in INDEXED_FILTERS if getattr(filters, name)), None)
    if name is None:
        if is_substring(filters.q):
            name = "q"
        elif filters.warehouse:
            name = "warehouse"
        elif filters.q:
            name = "q"
        else:
            return None
    keys = INDEXED_FILTERS.get(name, SERIAL_KEYS if name == "q" else STATE_KEYS)
    names = ("expiring_from", "expiring_before") if name.startswith("expiring") else (name,)
    condition = " AND ".join(filters.where(names))
    return ScanPlan(
        keys.format(condition, condition),
        JOIN_LAST_ENTRY if keys is CHANGED_KEYS else JOIN_BY_ID,
        [*filters.where(["sku", "q"], "b"), "(b.sku, b.serial) > (:after_sku, :after_serial)"],
        [*filters.where(["status", *UNIT_FILTERS]), filters.in_scope()],
        is_materialized=True,
    )
