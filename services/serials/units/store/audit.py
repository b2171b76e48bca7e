"""Writes the audit trail of units in one statement."""

from typing import Any

from sqlalchemy import text

from services.serials.units.domain.operations import DocumentRefs, UnitChanges
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


async def save_audit(tx: Transaction, uow: SerialsUnitOfWork, changes: UnitChanges) -> dict[int, int]:
    """Write the operations and audit entries; return the ids of the operations on holds, by index."""
    operation_indexes, transitions = changes.operations, changes.transitions
    if not operation_indexes:
        return {}
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
        "serial_ids": [transition.unit.id for transition in transitions],
        "versions": [transition.version for transition in transitions],
        "ordinals": [ordinals[transition.operation] for transition in transitions],
        "from_statuses": [transition.from_status for transition in transitions],
        "statuses": [transition.status for transition in transitions],
        "from_locations": [transition.from_location for transition in transitions],
        "locations": [transition.location for transition in transitions],
    }
    document_columns = {
        field_name: [getattr(operation.documents, field_name) for operation in operations]
        for field_name in DocumentRefs._fields
    }
    rows = await tx.fetch_all(INSERT_AUDIT, values | document_columns)
    return {operation_indexes[row.ordinal - 1]: row.id for row in rows}
