"""Queries for open holds and standing holds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

SELECT_OPEN_HOLDS = text("""
    SELECT h.opened_operation_id, h.serial_id, h.hold_id, h.sku, s.serial, s.status::text AS status,
           CASE WHEN s.adjustment IS NULL THEN s.location END AS location, s.order_id AS "order", o.reason,
           o.actor AS opened_by, o.occurred_at AS opened_at
    FROM hold AS h JOIN serial_state AS s ON s.id = h.serial_id
    JOIN audit_operation AS o ON o.id = h.opened_operation_id
    WHERE h.released_operation_id IS NULL
        AND (h.opened_operation_id, h.serial_id) > (:after_operation_id, :after_serial_id)
        AND (CAST(:sku AS text) IS NULL OR h.sku = :sku) AND (CAST(:hold_id AS text) IS NULL OR h.hold_id = :hold_id)
    ORDER BY h.opened_operation_id, h.serial_id LIMIT :size
""")

SELECT_STANDING_HOLDS = text("""
    SELECT sh.hold_id, sh.sku, sh.recall, sh.lots, o.reason, o.actor AS opened_by, o.occurred_at AS opened_at
    FROM standing_hold AS sh JOIN audit_operation AS o ON o.id = sh.opened_operation_id
    WHERE sh.released_operation_id IS NULL
        AND (sh.sku, sh.hold_id, coalesce(sh.recall, '')) > (:after_sku, :after_hold_id, :after_recall)
        AND (CAST(:sku AS text) IS NULL OR sh.sku = :sku)
    ORDER BY sh.sku, sh.hold_id, coalesce(sh.recall, '') LIMIT :size
""")


async def list_open_holds(
    tx: Transaction, *, sku: str | None, hold_id: str | None, after: tuple[int, int], size: int
) -> Sequence[Row[Any]]:
    """Return open holds, one row per unit, oldest first."""
    values = {"sku": sku, "hold_id": hold_id, "after_operation_id": after[0], "after_serial_id": after[1], "size": size}
    return await tx.fetch_all(SELECT_OPEN_HOLDS, values)


async def list_standing_holds(
    tx: Transaction, *, sku: str | None, after: tuple[str, str, str], size: int
) -> Sequence[Row[Any]]:
    """Return open standing holds, ordered by product, hold and recall."""
    values = {"sku": sku, "after_sku": after[0], "after_hold_id": after[1], "after_recall": after[2], "size": size}
    return await tx.fetch_all(SELECT_STANDING_HOLDS, values)
