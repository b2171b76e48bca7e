"""Progress of an import in rows, and its rows as a file."""

from datetime import datetime
from typing import Literal

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import text

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import CsvColumn, ProblemError, csv_response
from shared.imports.kinds import ImportKind
from shared.imports.store import COUNT_ROWS
from shared.persistence.database import Transaction

ImportStatus = Literal["READING", "RUNNING", "DONE", "CANCELLED"]

SELECT_PROGRESS = text("""
    SELECT number, kind, status, actor, is_dry_run, created_at, ended_at FROM import WHERE number = :number
""")


class ImportProgress(KnownFieldsModel):
    """An import and the number of its rows by status; in a dry run DONE means that the row has no problem."""

    number: str
    kind: str
    status: ImportStatus
    actor: str
    is_dry_run: bool
    created_at: datetime
    ended_at: datetime | None
    pending_rows: int
    done_rows: int
    failed_rows: int
    held_rows: int


async def load_progress(tx: Transaction, number: str) -> ImportProgress:
    """Load an import with the counts of its rows; raises a problem if there is none."""
    rows = await tx.fetch_all(SELECT_PROGRESS, {"number": number})
    if not rows:
        raise ProblemError(Code.IMPORT_NOT_FOUND, f"Import {number} not found", ids=[number])
    counts = await tx.fetch_all(COUNT_ROWS, {"number": number})
    by_status = {row.status: row.rows for row in counts}
    return ImportProgress(
        **rows[0]._asdict(), pending_rows=by_status.get("PENDING", 0), done_rows=by_status.get("DONE", 0),
        failed_rows=by_status.get("FAILED", 0), held_rows=sum(row.held for row in counts),
    )  # fmt: skip


async def row_file(request: Request, kind: ImportKind, number: str, *, failed: bool) -> StreamingResponse:
    """Stream the rows of an import as CSV: the failed ones, or all with their status."""
    problem_columns = [CsvColumn(f"error_{name}", name) for name in ("column", "value", "problem", "help")]
    notes = [CsvColumn("error_line", "line"), *problem_columns]
    status = [] if failed else [CsvColumn("error_status", "status"), CsvColumn("error_held_by", "earlier import")]
    columns = [*(CsvColumn(column.name, column.description) for column in kind.columns), *notes, *status]
    values = ", ".join(f"fields ->> '{column.name}' AS \"{column.name}\"" for column in kind.columns)
    problems = ", ".join(
        f"(SELECT string_agg(p ->> '{name}', ' | ') FROM jsonb_array_elements(problems) AS p) AS error_{name}"  # noqa: S608 - constant names
        for name in ("column", "value", "problem", "help")
    )
    extra = "" if failed else ", status AS error_status, held_by AS error_held_by"
    statement = text(
        f"SELECT {values}, line AS error_line, {problems}{extra} FROM import_row "  # noqa: S608 - constant names
        "WHERE number = :number AND (NOT :failed OR status = 'FAILED') ORDER BY line"
    )
    name = f"import-{'errors' if failed else 'rows'}"
    return await csv_response(request, name, columns, statement, {"number": number, "failed": failed})
