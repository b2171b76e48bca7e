"""Holds, read for people."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

HOLDS = text("""
    SELECT h.opened, h.serial_id, h.hold, h.sku, s.serial, s.status::text AS status, s.location, s.order_id,
           act.reason, act.actor AS opened_by, act.occurred AS opened_at
    FROM hold AS h JOIN serial_state AS s ON s.id = h.serial_id JOIN act ON act.id = h.opened
    WHERE h.lifted IS NULL AND (h.opened, h.serial_id) > (:after_opened, :after_serial_id)
        AND (CAST(:sku AS text) IS NULL OR h.sku = :sku) AND (CAST(:hold AS text) IS NULL OR h.hold = :hold)
    ORDER BY h.opened, h.serial_id LIMIT :size
""")

SCOPES = text("""
    SELECT c.hold, c.sku, c.recall, c.lots, act.reason, act.actor AS opened_by, act.occurred AS opened_at
    FROM hold_scope AS c JOIN act ON act.id = c.opened
    WHERE c.lifted IS NULL AND (c.sku, c.hold, coalesce(c.recall, '')) > (:after_sku, :after_hold, :after_recall)
        AND (CAST(:sku AS text) IS NULL OR c.sku = :sku)
    ORDER BY c.sku, c.hold, coalesce(c.recall, '') LIMIT :size
""")


async def open_holds(
    tx: Transaction, *, sku: str | None, hold: str | None, after: tuple[int, int], size: int
) -> Sequence[Row[Any]]:
    """Give open holds, a row a unit, the oldest first."""
    values = {"sku": sku, "hold": hold, "after_opened": after[0], "after_serial_id": after[1], "size": size}
    return await tx.rows(HOLDS, values)


async def open_scopes(
    tx: Transaction, *, sku: str | None, after: tuple[str, str, str], size: int
) -> Sequence[Row[Any]]:
    """Give open holds on what arrives, by product and hold, a recall's after another of its name."""
    values = {"sku": sku, "after_sku": after[0], "after_hold": after[1], "after_recall": after[2], "size": size}
    return await tx.rows(SCOPES, values)
