"""Writes placed and released holds, which refer to operations of the audit trail."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.operations import HoldChange, UnitChanges
from services.serials.units.domain.standing_holds import StandingHold
from shared.persistence.database import Transaction

INSERT_HOLDS = text("""
    INSERT INTO hold (hold_id, sku, serial_id, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:hold_ids AS text[]), CAST(:skus AS text[]), CAST(:serial_ids AS bigint[]),
        CAST(:operation_ids AS bigint[])
    )
""")

INSERT_STANDING_HOLDS = text("""
    INSERT INTO standing_hold (sku, hold_id, recall, lots, serials, ranges, periods, notice, scan, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:skus AS text[]), CAST(:hold_ids AS text[]), CAST(:recalls AS text[]), CAST(:lots AS jsonb[]),
        CAST(:serials AS jsonb[]), CAST(:ranges AS jsonb[]), CAST(:periods AS jsonb[]),
        CAST(:notices AS text[]), CAST(:scans AS text[]), CAST(:operation_ids AS bigint[])
    )
""")

UPDATE_RELEASED_STANDING_HOLDS = text("""
    UPDATE standing_hold AS sh SET released_operation_id = input.operation_id
    FROM unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[]), CAST(:operation_ids AS bigint[]))
        AS input (sku, hold_id, operation_id)
    WHERE sh.sku = input.sku AND sh.hold_id = input.hold_id AND sh.released_operation_id IS NULL
""")

UPDATE_RELEASED_HOLDS = text("""
    UPDATE hold AS h SET released_operation_id = input.operation_id
    FROM unnest(
        CAST(:hold_ids AS text[]), CAST(:skus AS text[]), CAST(:serial_ids AS bigint[]),
        CAST(:operation_ids AS bigint[])
    ) AS input (hold_id, sku, serial_id, operation_id)
    WHERE h.serial_id = input.serial_id AND h.hold_id = input.hold_id AND h.sku = input.sku
        AND h.released_operation_id IS NULL
""")


async def save_holds(tx: Transaction, changes: UnitChanges, operation_ids: Mapping[int, int]) -> None:
    """Save placed and released holds with the ids of their operations."""
    for statement, holds in (
        (INSERT_HOLDS, changes.placed_holds),
        (UPDATE_RELEASED_HOLDS, changes.released_holds),
    ):
        if holds:
            await tx.execute(statement, _hold_rows(holds, operation_ids))
    for statement, standing_holds in (
        (INSERT_STANDING_HOLDS, changes.placed_standing_holds),
        (UPDATE_RELEASED_STANDING_HOLDS, changes.released_standing_holds),
    ):
        if standing_holds:
            await tx.execute(statement, _standing_hold_rows(standing_holds, operation_ids))


def _hold_rows(rows: Sequence[HoldChange], operation_ids: Mapping[int, int]) -> dict[str, Any]:
    return {
        "hold_ids": [row.hold_id for row in rows],
        "skus": [row.unit.sku for row in rows],
        "serial_ids": [row.unit.id for row in rows],
        "operation_ids": [operation_ids[row.operation] for row in rows],
    }


def _standing_hold_rows(rows: Sequence[tuple[StandingHold, int]], operation_ids: Mapping[int, int]) -> dict[str, Any]:
    standing_holds = [standing_hold for standing_hold, _ in rows]
    return {
        "skus": [standing_hold.sku for standing_hold in standing_holds],
        "hold_ids": [standing_hold.hold_id for standing_hold in standing_holds],
        "recalls": [standing_hold.recall for standing_hold in standing_holds],
        "lots": [json.dumps(sorted(standing_hold.lots)) for standing_hold in standing_holds],
        "serials": [json.dumps(sorted(standing_hold.serials)) for standing_hold in standing_holds],
        "ranges": [json.dumps(standing_hold.ranges) for standing_hold in standing_holds],
        "periods": [
            json.dumps([period.model_dump(mode="json") for period in standing_hold.periods])
            for standing_hold in standing_holds
        ],
        "notices": [standing_hold.notice for standing_hold in standing_holds],
        "scans": [standing_hold.scan for standing_hold in standing_holds],
        "operation_ids": [operation_ids[operation] for _, operation in rows],
    }
