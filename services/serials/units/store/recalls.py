"""Units tracked for open recalls, whether the recall's hold is open on them, and how they left."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from services.serials.units.domain.recall_tracking import RecallUpdate, ShipmentInfo
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import Unit
from shared.contracts.recalls import RecallClosed
from shared.persistence.database import Transaction

# A recall delivered twice, or a unit that comes back, is tracked once.
INSERT_TRACKING = text("""
    WITH inserted AS (
        INSERT INTO recall_tracking (serial_id, recall, sku, hold_id)
        SELECT * FROM unnest(
            CAST(:serial_ids AS bigint[]), CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:hold_ids AS text[])
        ) ON CONFLICT DO NOTHING RETURNING serial_id
    )
    UPDATE serial_state AS s SET open_recall_count = s.open_recall_count + i.recall_count
    FROM (SELECT serial_id, count(*) AS recall_count FROM inserted GROUP BY serial_id) AS i WHERE s.id = i.serial_id
""")

# Recalls close seldom: the statement scans all tracked units.
DELETE_TRACKING = text("""
    WITH deleted AS (
        DELETE FROM recall_tracking AS t
        USING unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS closed (recall, sku)
        WHERE t.recall = closed.recall AND t.sku = closed.sku RETURNING t.serial_id
    )
    UPDATE serial_state AS s SET open_recall_count = s.open_recall_count - d.recall_count
    FROM (SELECT serial_id, count(*) AS recall_count FROM deleted GROUP BY serial_id) AS d WHERE s.id = d.serial_id
""")

SELECT_TRACKED = text("""
    SELECT t.serial_id, t.recall, EXISTS (
        SELECT FROM hold AS h
        WHERE h.serial_id = t.serial_id AND h.hold_id = t.hold_id AND h.released_operation_id IS NULL
    ) AS is_held
    FROM recall_tracking AS t WHERE t.serial_id = ANY(CAST(:serial_ids AS bigint[]))
""")

UPDATE_CLOSED_RECALLS = text("""
    UPDATE standing_hold AS sh SET is_recall_closed = true
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS closed (recall, sku)
    WHERE sh.recall = closed.recall AND sh.sku = closed.sku
""")

SELECT_SHIPMENTS = text("""
    SELECT requested.id, dispatch.occurred_at, dispatch.customer_name, dispatch.contact, dispatch.ship_to
    FROM unnest(CAST(:serial_ids AS bigint[])) AS requested (id) CROSS JOIN LATERAL (
        SELECT o.* FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
        WHERE e.serial_id = requested.id AND e.status = 'SHIPPED' AND e.from_status IS DISTINCT FROM 'SHIPPED'
        ORDER BY e.version DESC LIMIT 1
    ) AS dispatch
""")


async def save_tracking(tx: Transaction, tracked: Sequence[tuple[Unit, StandingHold]]) -> None:
    """Track the units that a recall matched."""
    if tracked:
        values = {
            "serial_ids": [unit.id for unit, _ in tracked],
            "recalls": [standing_hold.recall for _, standing_hold in tracked],
            "skus": [standing_hold.sku for _, standing_hold in tracked],
            "hold_ids": [standing_hold.hold_id for _, standing_hold in tracked],
        }
        await tx.execute(INSERT_TRACKING, values)


async def stop_tracking(tx: Transaction, closed_recalls: Iterable[RecallClosed]) -> None:
    """Stop tracking units of closed recalls, also those that arrive later."""
    recalls, skus = zip(*((recall.recall, recall.sku) for recall in closed_recalls), strict=True)
    for statement in (DELETE_TRACKING, UPDATE_CLOSED_RECALLS):
        await tx.execute(statement, {"recalls": recalls, "skus": skus})


async def find_recall_updates(tx: Transaction, units: Iterable[Unit]) -> list[RecallUpdate]:
    """Find the open recalls that track saved units."""
    unit_by_id = {unit.id: unit for unit in units}
    rows = await tx.fetch_all(SELECT_TRACKED, {"serial_ids": list(unit_by_id)})
    return [RecallUpdate(recall=row.recall, unit=unit_by_id[row.serial_id], is_held=row.is_held) for row in rows]


async def find_shipments(tx: Transaction, units: Iterable[Unit]) -> dict[int | None, ShipmentInfo]:
    """Find when shipped units left, and whom to call."""
    ids = [unit.id for unit in units if unit.status == "SHIPPED"]
    rows = await tx.fetch_all(SELECT_SHIPMENTS, {"serial_ids": ids}) if ids else ()
    return {
        row.id: ShipmentInfo(
            shipped_at=row.occurred_at,
            customer_name=row.customer_name or "",
            contact=row.contact or "",
            ship_to=row.ship_to or "",
        )
        for row in rows
    }
