"""Writes the audit trail of units in one statement."""

from typing import Any

from sqlalchemy import text

from services.serials.units.domain.operations import DocumentRefs, UnitChanges
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.persistence.database import Transaction

OPERATION_COLUMNS = ("change", "reason", "actor", "cause_source", "cause_id", *DocumentRefs._fields)
NAMES = ", ".join(OPERATION_COLUMNS)
ARRAYS = ", ".join(f"CAST(:{column} AS text[])" for column in OPERATION_COLUMNS)
INSERT_AUDIT = text(f"""
    WITH input AS MATERIALIZED (
        SELECT nextval('audit_operation_id') AS id, input.*
        FROM unnest({ARRAYS}, CAST(:occurred_at AS timestamptz[]))
            WITH ORDINALITY AS input ({NAMES}, occurred_at, ordinal)
    ), operations AS (
        INSERT INTO audit_operation (id, occurred_at, recorded_at, {NAMES})
        SELECT id, occurred_at, :now, {NAMES} FROM input
    ), entries AS (
        INSERT INTO audit_entry (serial_id, version, operation_id, from_status, status, from_location, location, scan)
        SELECT entry.serial_id, entry.version, input.id, CAST(entry.from_status AS status),
               CAST(entry.status AS status), entry.from_location, entry.location, entry.scan
        FROM unnest(
            CAST(:serial_ids AS bigint[]), CAST(:versions AS integer[]), CAST(:ordinals AS bigint[]),
            CAST(:from_statuses AS text[]), CAST(:statuses AS text[]),
            CAST(:from_locations AS text[]), CAST(:locations AS text[]), CAST(:scans AS text[])
        ) AS entry (serial_id, version, ordinal, from_status, status, from_location, location, scan)
        JOIN input USING (ordinal)
    )
    SELECT ordinal, id FROM input WHERE hold_id IS NOT NULL
""")  # noqa: S608 - the columns are this module's own


async def save_audit(tx: Transaction, uow: SerialsUnitOfWork, changes: UnitChanges) -> dict[int, int]:
    """Write the operations and audit entries; return the ids of the operations on holds, by index."""
    operation_indexes, transitions = changes.operations, changes.transitions
    if not operation_indexes:
        return {}
    operations = [uow.operations[index] for index in operation_indexes]
    ordinals = {index: ordinal for ordinal, index in enumerate(operation_indexes, start=1)}
    rows = [
        (change.value, reason, context.actor, context.cause.source, context.cause.id, *documents)
        for change, _, reason, context, documents, *_ in operations
    ]
    values: dict[str, Any] = dict(zip(OPERATION_COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) | {
        "now": tx.now,
        "occurred_at": [operation.context.occurred_at for operation in operations],
        "serial_ids": [transition.unit.id for transition in transitions],
        "versions": [transition.version for transition in transitions],
        "ordinals": [ordinals[transition.operation] for transition in transitions],
        "from_statuses": [transition.from_status for transition in transitions],
        "statuses": [transition.status for transition in transitions],
        "from_locations": [transition.from_location for transition in transitions],
        "locations": [transition.location for transition in transitions],
        "scans": [transition.scan for transition in transitions],
    }
    saved = await tx.fetch_all(INSERT_AUDIT, values)
    return {operation_indexes[row.ordinal - 1]: row.id for row in saved}
