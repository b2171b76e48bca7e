"""Progress of imports in rows, their list, and the rows of one as a file."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy import text

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import CsvColumn, ProblemError, Report, StatusFilter, csv_response
from shared.imports.kinds import ImportKind
from shared.imports.store import COUNTS
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

ImportStatus = Literal["READING", "RUNNING", "DONE", "CANCELLED"]

ROW_COUNTS = ("pending_rows", "done_rows", "failed_rows", "cancelled_rows", "held_rows")
IS_COUNTED = "i.ended_at IS NULL OR i.done_rows IS NULL"
"""Whether each reader counts the rows: the import has not ended, or an older version has ended it."""
SHOWN_COUNTS = (f"CASE WHEN {IS_COUNTED} THEN counted.{name} ELSE i.{name} END AS {name}" for name in ROW_COUNTS)
SELECT_IMPORTS = f"""
    SELECT i.number, i.kind, i.status, i.sender, i.actor, i.is_dry_run, i.created_at, i.sent_at, i.ended_at,
           {", ".join(SHOWN_COUNTS)}
    FROM import AS i CROSS JOIN LATERAL (
        SELECT {COUNTS} FROM import_row AS r WHERE r.number = i.number AND ({IS_COUNTED})
    ) AS counted
"""  # noqa: S608 - constant names
SELECT_PROGRESS = text(f"{SELECT_IMPORTS} WHERE i.number = :number")

CREATED_AT = SortKey("i.created_at", "timestamptz")
SORTS = Sorts("-created_at", created_at=[CREATED_AT, SortKey("i.number")], number=[SortKey("i.number")])


class ImportProgress(KnownFieldsModel):
    """An import and the number of its rows by status; in a dry run DONE means that the row has no problem."""

    number: str = Field(description="number of the import")
    kind: str = Field(description="kind of import, such as `products`")
    status: ImportStatus = Field(description="READING, RUNNING, DONE or CANCELLED")
    sender: str = Field(description="sender of the file, empty if it was not named")
    actor: str = Field(description="user who sent the file last")
    is_dry_run: bool = Field(description="whether the rows are checked without any change")
    created_at: datetime = Field(description="time at which the file was sent first")
    sent_at: datetime = Field(description="time at which the file was sent last")
    ended_at: datetime | None = Field(description="time at which all rows were processed or cancelled")
    pending_rows: int = Field(description="rows that are not processed yet")
    done_rows: int = Field(description="rows that are done, or in a dry run have no problem")
    failed_rows: int = Field(description="rows with problems, which are listed in the file of errors")
    cancelled_rows: int = Field(description="rows that are not processed because the import was cancelled")
    held_rows: int = Field(description="rows that an earlier import has done")


def select_imports(order: SortOrder) -> str:
    """Write the statement of a page."""
    return f"""
        {SELECT_IMPORTS}
        WHERE {order.condition}
          AND (CAST(:kind AS text) IS NULL OR i.kind = :kind)
          AND (CAST(:sender AS text) IS NULL OR i.sender = :sender)
          AND (CAST(:statuses AS text[]) IS NULL OR i.status = ANY(CAST(:statuses AS text[])))
        {order.order_by} LIMIT :size
    """


async def list_filters(
    kind: Annotated[str | None, Query(description="Kind of import, such as `products`.")] = None,
    sender: Annotated[str | None, Query(description="Sender of the file.")] = None,
    status: StatusFilter[ImportStatus] = None,
) -> dict[str, Any]:
    """Filter imports."""
    return {"kind": kind, "sender": sender, "statuses": status}


IMPORTS = Report("imports", ImportProgress, SORTS, select_imports, list_filters)


async def load_progress(tx: Transaction, number: str) -> ImportProgress:
    """Load an import with the counts of its rows; raises a problem if there is none."""
    rows = await tx.fetch_all(SELECT_PROGRESS, {"number": number})
    if not rows:
        raise ProblemError(Code.IMPORT_NOT_FOUND, f"Import {number} not found", ids=[number])
    return ImportProgress(**rows[0]._asdict())


async def row_file(request: Request, kind: ImportKind, number: str, *, failed: bool) -> StreamingResponse:
    """Stream the rows of an import as CSV: the failed ones, or all with their status."""
    problem_columns = [CsvColumn(f"error_{name}", name) for name in ("column", "value", "problem", "help")]
    notes = [CsvColumn("error_line", "line"), *problem_columns]
    status = [] if failed else [CsvColumn("error_status", "status"), CsvColumn("error_held_by", "earlier import")]
    read = (*kind.columns, *kind.reported)
    columns = [*(CsvColumn(column.name, column.description) for column in read), *notes, *status]
    values = ", ".join(f"fields ->> '{column.name}' AS \"{column.name}\"" for column in read)
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
