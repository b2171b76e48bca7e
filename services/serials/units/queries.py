"""Queries for open holds and standing holds."""

from shared.persistence.sorting import SortKey, SortOrder, Sorts

HOLD_SORTS = Sorts(
    "opened_at", opened_at=[SortKey("h.opened_operation_id", "bigint"), SortKey("h.serial_id", "bigint")]
)
"""By the ids of the operations, which are in the order of recording."""
STANDING_HOLD_SORTS = Sorts(
    "hold_id", hold_id=[SortKey("sh.sku"), SortKey("sh.hold_id"), SortKey("coalesce(sh.recall, '')", name="recall_key")]
)


def select_open_holds(order: SortOrder) -> str:
    """Write the statement of a page of open holds, one row per unit."""
    return f"""
    SELECT h.opened_operation_id, h.serial_id, h.hold_id, h.sku, s.serial, s.status::text AS status,
           CASE WHEN s.adjustment IS NULL THEN s.location END AS location, s.order_id AS "order", o.reason,
           o.actor AS opened_by, o.occurred_at AS opened_at
    FROM hold AS h JOIN serial_state AS s ON s.id = h.serial_id
    JOIN audit_operation AS o ON o.id = h.opened_operation_id
    WHERE h.released_operation_id IS NULL
        AND {order.after()}
        AND (CAST(:sku AS text) IS NULL OR h.sku = :sku) AND (CAST(:hold_id AS text) IS NULL OR h.hold_id = :hold_id)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_standing_holds(order: SortOrder) -> str:
    """Write the statement of a page of open standing holds."""
    return f"""
    SELECT sh.hold_id, sh.sku, sh.recall, coalesce(sh.recall, '') AS recall_key, sh.lots, sh.scan,
           o.reason, o.actor AS opened_by, o.occurred_at AS opened_at
    FROM standing_hold AS sh JOIN audit_operation AS o ON o.id = sh.opened_operation_id
    WHERE sh.released_operation_id IS NULL
        AND {order.after()}
        AND (CAST(:sku AS text) IS NULL OR sh.sku = :sku)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
