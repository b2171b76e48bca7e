"""Writes the audit trail and the holds of the units' operations, one statement per table."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import DocumentRefs, HoldChange
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.persistence.database import Transaction

INSERT_AUDIT = text("""
    WITH input AS MATERIALIZED (
        SELECT nextval('audit_operation_id') AS id, input.*
        FROM unnest(
            CAST(:change AS text[]), CAST(:reason AS text[]), CAST(:actor AS text[]),
            CAST(:occurred_at AS timestamptz[]), CAST(:cause_source AS text[]), CAST(:cause_id AS text[]),
            CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:order_id AS text[]), CAST(:demand_id AS text[]),
            CAST(:shipment AS text[]), CAST(:customer AS text[]), CAST(:return_id AS text[]),
            CAST(:hold_id AS text[]), CAST(:customer_name AS text[]), CAST(:contact AS text[])
        ) WITH ORDINALITY AS input (
            change, reason, actor, occurred_at, cause_source, cause_id,
            receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact, ordinal
        )
    ), operations AS (
        INSERT INTO audit_operation (
            id, change, reason, actor, occurred_at, recorded_at, cause_source, cause_id,
            receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact
        )
        SELECT id, change, reason, actor, occurred_at, :now, cause_source, cause_id,
               receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact
        FROM input
    ), entries AS (
        INSERT INTO audit_entry (serial_id, version, operation_id, from_status, status, from_location, location)
        SELECT entry.serial_id, entry.version, input.id, CAST(entry.from_status AS status),
               CAST(entry.status AS status), entry.from_location, entry.location
        FROM unnest(
            CAST(:serial_ids AS bigint[]), CAST(:versions AS integer[]), CAST(:ordinals AS bigint[]),
            CAST(:from_statuses AS text[]), CAST(:statuses AS text[]),
            CAST(:from_locations AS text[]), CAST(:locations AS text[])
        ) AS entry (serial_id, version, ordinal, from_status, status, from_location, location)
        JOIN input USING (ordinal)
    )
    SELECT ordinal, id FROM input WHERE hold_id IS NOT NULL
""")

INSERT_HOLDS = text("""
    INSERT INTO hold (hold_id, sku, serial_id, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:hold_ids AS text[]), CAST(:skus AS text[]), CAST(:serial_ids AS bigint[]),
        CAST(:operation_ids AS bigint[])
    )
""")

INSERT_STANDING_HOLDS = text("""
    INSERT INTO standing_hold (sku, hold_id, recall, lots, serials, ranges, search_terms, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:skus AS text[]), CAST(:hold_ids AS text[]), CAST(:recalls AS text[]), CAST(:lots AS jsonb[]),
        CAST(:serials AS jsonb[]), CAST(:ranges AS jsonb[]), CAST(:search_terms AS jsonb[]),
        CAST(:operation_ids AS bigint[])
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


async def save_audit(tx: Transaction, uow: SerialsUnitOfWork, operation_indexes: Sequence[int]) -> None:
    """Save the audit trail, then the placed and released holds, which refer to it."""
    operation_ids = await _insert_audit(tx, uow, operation_indexes)
    if uow.placed_holds:
        await tx.execute(INSERT_HOLDS, _hold_rows(uow.placed_holds, operation_ids))
    if uow.released_holds:
        await tx.execute(UPDATE_RELEASED_HOLDS, _hold_rows(uow.released_holds, operation_ids))
    if uow.placed_standing_holds:
        await tx.execute(INSERT_STANDING_HOLDS, _standing_hold_rows(uow.placed_standing_holds, operation_ids))
    if uow.released_standing_holds:
        await tx.execute(
            UPDATE_RELEASED_STANDING_HOLDS, _standing_hold_rows(uow.released_standing_holds, operation_ids)
        )


async def _insert_audit(tx: Transaction, uow: SerialsUnitOfWork, operation_indexes: Sequence[int]) -> dict[int, int]:
    """Write the operations and audit entries; return the ids of the operations on holds, by index."""
    operations = [uow.operations[index] for index in operation_indexes]
    ordinals = {index: ordinal for ordinal, index in enumerate(operation_indexes, start=1)}
    values: dict[str, Any] = {
        "now": tx.now,
        "change": [operation.change.value for operation in operations],
        "reason": [operation.reason for operation in operations],
        "actor": [operation.context.actor for operation in operations],
        "occurred_at": [operation.context.occurred_at for operation in operations],
        "cause_source": [operation.context.cause.source for operation in operations],
        "cause_id": [operation.context.cause.id for operation in operations],
        "serial_ids": [transition.unit.id for transition in uow.transitions],
        "versions": [transition.version for transition in uow.transitions],
        "ordinals": [ordinals[transition.operation] for transition in uow.transitions],
        "from_statuses": [transition.from_status for transition in uow.transitions],
        "statuses": [transition.status for transition in uow.transitions],
        "from_locations": [transition.from_location for transition in uow.transitions],
        "locations": [transition.location for transition in uow.transitions],
    }
    document_columns = {
        field_name: [getattr(operation.documents, field_name) for operation in operations]
        for field_name in DocumentRefs._fields
    }
    rows = await tx.fetch_all(INSERT_AUDIT, values | document_columns)
    return {operation_indexes[row.ordinal - 1]: row.id for row in rows}


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
        "search_terms": [json.dumps(sorted(standing_hold.search_terms)) for standing_hold in standing_holds],
        "operation_ids": [operation_ids[operation] for _, operation in rows],
    }
