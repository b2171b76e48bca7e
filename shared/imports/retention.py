"""Retention of imports: old ones are deleted with their rows, except what must not take effect twice."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.imports.kinds import ImportKind
from shared.persistence.database import delete_expired

# An import that is sent again meanwhile waits for its row, and finds either all of its rows or none.
EXPIRED = """
    SELECT number FROM import
    WHERE status <> 'RUNNING' AND COALESCE(ended_at, sent_at) < :before
      AND (is_dry_run OR kind <> ALL(CAST(:remembered AS text[]))) = :is_forgotten
    ORDER BY number FOR UPDATE SKIP LOCKED
"""
DELETE_FORGOTTEN_ROWS = text(f"""
    WITH expired AS ({EXPIRED})
    DELETE FROM import_row WHERE ctid = ANY (ARRAY(
        SELECT r.ctid FROM expired JOIN import_row AS r USING (number) LIMIT :size
    ))
""")  # noqa: S608 - constant statements
DELETE_UNSETTLED_ROWS = text(f"""
    WITH expired AS ({EXPIRED})
    DELETE FROM import_row WHERE ctid = ANY (ARRAY(
        SELECT r.ctid FROM expired JOIN import_row AS r USING (number) WHERE r.status = 'FAILED' LIMIT :size
    )) OR ctid = ANY (ARRAY(
        SELECT r.ctid FROM expired JOIN import_row AS r USING (number) WHERE r.status = 'PENDING' LIMIT :size
    ))
""")  # noqa: S608 - constant statements
DELETE_IMPORTS = text(f"""
    WITH expired AS ({EXPIRED})
    DELETE FROM import WHERE number IN (SELECT number FROM expired LIMIT :size)
      AND NOT EXISTS (SELECT FROM import_row AS r WHERE r.number = import.number)
""")  # noqa: S608 - constant statements


async def prune(engine: AsyncEngine, kinds: Sequence[ImportKind], retention: timedelta, size: int = 5000) -> int:
    """Delete expired imports in short transactions; returns the number of their rows.

    Done rows of a kind that is remembered stay, so that the same file never takes effect twice.
    """
    remembered = [kind.name for kind in kinds if kind.is_remembered]
    count = 0
    for statement, is_forgotten in (
        (DELETE_FORGOTTEN_ROWS, True), (DELETE_UNSETTLED_ROWS, False), (DELETE_IMPORTS, True),
    ):  # fmt: skip
        bound = statement.bindparams(remembered=remembered, is_forgotten=is_forgotten)
        deleted = await delete_expired(engine, bound, retention, size)
        count += deleted if statement is not DELETE_IMPORTS else 0
    return count
