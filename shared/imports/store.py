"""Stored imports and their rows: a row is kept under its natural key, so that a file sent again is compared with it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from shared.contracts.problems import Code
from shared.http.problems import ProblemError
from shared.imports.comparison import StagedRow, stage_rows
from shared.imports.kinds import ImportKind, ReadRow, RowProblem
from shared.imports.outcomes import Outcome
from shared.persistence.database import Transaction

IMPORT = "number, kind, status, actor, sending, cancelled_sending, set_count, is_dry_run"
SELECT_IMPORT = text(f"SELECT {IMPORT} FROM import WHERE number = :number FOR UPDATE")  # noqa: S608 - constant names
INSERT_IMPORT = text("""
    INSERT INTO import (number, kind, status, actor, sender, sending, is_dry_run, created_at, sent_at)
    VALUES (:number, :kind, 'READING', :actor, :sender, 1, :is_dry_run, :now, :now)
""")
UPDATE_SENT_AGAIN = text("""
    UPDATE import SET status = 'READING', actor = :actor, sending = sending + 1, is_dry_run = :is_dry_run,
                      sender = COALESCE(NULLIF(CAST(:sender AS text), ''), sender), sent_at = :now,
                      ended_at = NULL
    WHERE number = :number
""")
# What a dry run found is no result of the import itself.
RESET_DRY_RUN = text("DELETE FROM import_row WHERE number = :number")
SELECT_STAGED = text("""
    SELECT key, line, fields, status, sending FROM import_row
    WHERE number = :number AND key = ANY(CAST(:keys AS text[]))
""")
SELECT_HELD = text("""
    SELECT earlier.key, max(earlier.number) AS number FROM import_row AS earlier JOIN import USING (number)
    WHERE earlier.key = ANY(CAST(:keys AS text[])) AND earlier.status = 'DONE' AND number <> :number
      AND import.kind = :kind AND NOT import.is_dry_run
    GROUP BY earlier.key
""")
UPSERT_ROWS = text("""
    INSERT INTO import_row (number, key, line, fields, status, problems, sending, held_by)
    SELECT :number, key, line, CAST(fields AS jsonb), status, CAST(problems AS jsonb), :sending, held_by
    FROM unnest(CAST(:keys AS text[]), CAST(:lines AS integer[]), CAST(:fields AS text[]), CAST(:statuses AS text[]),
                CAST(:problems AS text[]), CAST(:held_by AS text[]))
         AS input (key, line, fields, status, problems, held_by)
    ON CONFLICT (number, key) DO UPDATE SET line = excluded.line, fields = excluded.fields, status = excluded.status,
        problems = excluded.problems, sending = excluded.sending, held_by = excluded.held_by
""")
DELETE_UNKEYED = text("""
    DELETE FROM import_row WHERE number = :number AND sending < :sending AND starts_with(key, :prefix)
""")
UPDATE_STATUS = text("""
    UPDATE import SET status = CAST(:status AS text),
                      ended_at = CASE WHEN CAST(:status AS text) <> 'RUNNING' THEN CAST(:now AS timestamptz) END,
                      cancelled_sending = CASE CAST(:status AS text) WHEN 'CANCELLED' THEN sending
                                                                     ELSE cancelled_sending END
    WHERE number = :number AND sending = :sending
""")
COUNTS = """
    count(*) FILTER (WHERE r.status = 'PENDING' AND r.sending > i.cancelled_sending) AS pending_rows,
    count(*) FILTER (WHERE r.status = 'DONE') AS done_rows,
    count(*) FILTER (WHERE r.status = 'FAILED') AS failed_rows,
    count(*) FILTER (WHERE r.status = 'PENDING' AND r.sending <= i.cancelled_sending) AS cancelled_rows,
    count(r.held_by) AS held_rows
"""
"""Counts of the rows `r` of an import `i`."""
UPDATE_COUNTS = text(f"""
    UPDATE import AS i SET (pending_rows, done_rows, failed_rows, cancelled_rows, held_rows) = (
        SELECT {COUNTS} FROM import_row AS r WHERE r.number = i.number
    ) WHERE number = :number
""")  # noqa: S608 - constant names
DELETE_IMPORT = text("DELETE FROM import WHERE number = :number AND sending = 1")
SELECT_RUNNING = text(f"""
    SELECT {IMPORT} FROM import
    WHERE status = 'RUNNING' AND number > :after ORDER BY number LIMIT 1 FOR UPDATE
""")  # noqa: S608 - constant names
SELECT_PENDING = text("""
    SELECT key, line, fields, part FROM import_row
    WHERE number = :number AND status = 'PENDING' AND sending > :cancelled ORDER BY line LIMIT :size
""")
SELECT_DONE_PARTS = text("""
    SELECT done.key, done.fields, input.document, input.part
    FROM unnest(CAST(:documents AS text[]), CAST(:parts AS integer[])) AS input (document, part)
    JOIN import_row AS done ON done.number = :number AND done.part = input.part AND done.status = 'DONE'
                           AND done.fields ->> CAST(:column AS text) = input.document
    ORDER BY done.line
""")
UPDATE_ROWS = text("""
    UPDATE import_row AS done SET status = input.status, problems = CAST(input.problems AS jsonb),
                                  part = COALESCE(input.part, done.part)
    FROM unnest(CAST(:keys AS text[]), CAST(:statuses AS text[]), CAST(:problems AS text[]), CAST(:parts AS integer[]))
         AS input (key, status, problems, part)
    WHERE done.number = :number AND done.key = input.key
""")
UPDATE_SET_COUNT = text("UPDATE import SET set_count = :set_count WHERE number = :number")


class Sending(NamedTuple):
    """A file that is sent under the number of an import."""

    number: str
    kind: ImportKind
    actor: str
    sender: str
    is_dry_run: bool
    replace: bool


class Import(NamedTuple):
    """An import; `sending` counts how often its file was sent, `set_count` the sets of rows that were processed."""

    number: str
    kind: str
    status: str
    actor: str
    sending: int
    cancelled_sending: int
    """Pending rows of this sending and of earlier ones are cancelled."""
    set_count: int
    is_dry_run: bool


async def find(tx: Transaction, number: str) -> Import:
    """Find and lock an import; raises a problem if there is none."""
    rows = await tx.fetch_all(SELECT_IMPORT, {"number": number})
    if not rows:
        raise ProblemError(Code.IMPORT_NOT_FOUND, f"Import {number} not found", ids=[number])
    return Import(**rows[0]._asdict())


async def find_previous(tx: Transaction, sending: Sending) -> Import | None:
    """Find and lock the import of a file that is sent again; raises a problem if its number is in use otherwise."""
    number, kind = sending.number, sending.kind.name
    rows = await tx.fetch_all(SELECT_IMPORT, {"number": number})
    previous = Import(**rows[0]._asdict()) if rows else None
    if previous and previous.kind != kind:
        raise ProblemError(Code.IMPORT_EXISTS, f"Import {number} is one of {previous.kind}", ids=[number])
    if previous and sending.is_dry_run and not previous.is_dry_run:
        raise ProblemError(
            Code.IMPORT_EXISTS, f"Import {number} is not a dry run; try the file under another number", ids=[number]
        )
    return previous


async def begin(tx: Transaction, sending: Sending) -> Import:
    """Begin to read a file: a new import, or one that is sent again."""
    values = {
        "number": sending.number, "kind": sending.kind.name, "actor": sending.actor, "sender": sending.sender,
        "is_dry_run": sending.is_dry_run, "now": tx.now,
    }  # fmt: skip
    previous = await find_previous(tx, sending)
    if previous is None:
        await tx.execute(INSERT_IMPORT, values)
    else:
        await tx.execute(UPDATE_SENT_AGAIN, values)
        if previous.is_dry_run:
            await tx.execute(RESET_DRY_RUN, values)
    return await find(tx, sending.number)


async def stage(tx: Transaction, job: Import, kind: ImportKind, read: Sequence[ReadRow], *, replace: bool) -> None:
    """Store a set of rows of a file that is being read."""
    await _require_current(tx, job)
    keys = [row.key for row in read if row.key is not None]
    stored = {
        row.key: StagedRow(row.key, row.line, row.fields, row.status, row.sending)
        for row in await tx.fetch_all(SELECT_STAGED, {"number": job.number, "keys": keys})
    }
    held = await tx.fetch_all(SELECT_HELD, {"keys": keys, "number": job.number, "kind": kind.name})
    held_by = {row.key: row.number for row in held}
    staged = stage_rows(read, stored, job.sending, replace=replace, correction=kind.correction)
    await tx.execute(
        UPSERT_ROWS,
        {
            "number": job.number,
            "sending": job.sending,
            "keys": [row.key for row in staged],
            "lines": [row.line for row in staged],
            "fields": [json.dumps(row.fields) for row in staged],
            "statuses": [row.status for row in staged],
            "problems": [_to_json(row.problems) for row in staged],
            "held_by": [held_by.get(row.key) for row in staged],
        },
    )


async def _require_current(tx: Transaction, job: Import) -> None:
    if (current := await find(tx, job.number)).sending != job.sending or current.status != "READING":
        raise ProblemError(Code.IMPORT_EXISTS, f"Import {job.number} was sent again or cancelled meanwhile")


async def finish_reading(tx: Transaction, job: Import, prefix: str) -> None:
    """Let the rows of a completely read file be processed."""
    await _require_current(tx, job)
    await tx.execute(DELETE_UNKEYED, {"number": job.number, "sending": job.sending, "prefix": prefix})
    await set_status(tx, job, "RUNNING")


async def abandon(tx: Transaction, job: Import) -> None:
    """Forget a new import whose file could not be read."""
    await tx.execute(DELETE_IMPORT, {"number": job.number})


async def set_status(tx: Transaction, job: Import, status: str) -> None:
    """Change the status of an import, unless it was sent again."""
    values = {"number": job.number, "sending": job.sending, "status": status, "now": tx.now}
    if await tx.execute(UPDATE_STATUS, values) and status != "RUNNING":
        await tx.execute(UPDATE_COUNTS, {"number": job.number})


async def next_running(tx: Transaction, after: str) -> Import | None:
    """Find and lock the next import with rows to process."""
    return next((Import(**row._asdict()) for row in await tx.fetch_all(SELECT_RUNNING, {"after": after})), None)


async def load_pending(tx: Transaction, job: Import, size: int) -> Sequence[Row[Any]]:
    """Load the next rows to process."""
    return await tx.fetch_all(SELECT_PENDING, {"number": job.number, "cancelled": job.cancelled_sending, "size": size})


async def load_done_parts(
    tx: Transaction, job: Import, column: str, keys: Sequence[tuple[str, int]]
) -> Mapping[tuple[str, int], Sequence[Row[Any]]]:
    """Load the done rows of parts, by the document that a column names and the part."""
    documents, parts = [document for document, _ in keys], [part for _, part in keys]
    values = {"number": job.number, "column": column, "documents": documents, "parts": parts}
    done: dict[tuple[str, int], list[Row[Any]]] = {}
    for row in await tx.fetch_all(SELECT_DONE_PARTS, values):
        done.setdefault((row.document, row.part), []).append(row)
    return done


async def record(tx: Transaction, job: Import, outcomes: Iterable[Outcome], set_count: int) -> None:
    """Record what became of rows."""
    found = list(outcomes)
    values = {
        "number": job.number,
        "keys": [outcome.key for outcome in found],
        "statuses": [outcome.status for outcome in found],
        "problems": [_to_json(outcome.problems) for outcome in found],
        "parts": [outcome.part for outcome in found],
    }
    await tx.execute(UPDATE_ROWS, values)
    await tx.execute(UPDATE_SET_COUNT, {"number": job.number, "set_count": set_count})


def _to_json(problems: Sequence[RowProblem]) -> str:
    return json.dumps([problem.to_json() for problem in problems])
