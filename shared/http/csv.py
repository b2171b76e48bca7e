"""A report as CSV (RFC 4180), streamed from a cursor in the database: memory stays flat however long it is."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import TextClause

from shared.database import reading
from shared.identifiers import rfc3339

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
"""A spreadsheet would run a cell that starts so; serials are whatever a label says."""


class CsvResponse(StreamingResponse):
    """A CSV file, sent row by row."""

    media_type = "text/csv"


class Column(NamedTuple):
    """A column of a report, and what it holds."""

    name: str
    description: str


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # as a page shows it: 10, not 10.00
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


async def _report(
    request: Request, statement: TextClause, values: Mapping[str, Any], columns: Sequence[Column]
) -> AsyncIterator[bytes]:
    head = _lines([[column.name for column in columns]])
    async with reading(request.app.state.engine) as tx:
        async for rows in tx.stream(statement, values):
            yield head + _lines(rows)
            head = b""
    yield head


async def csv_response(
    request: Request, name: str, columns: Sequence[Column], statement: TextClause, values: Mapping[str, Any]
) -> CsvResponse:
    """Answer with a statement's rows, in the order of `columns`, as the file `name`."""
    report = _report(request, statement, values, columns)
    first = await anext(report)  # a database that is away is told by the status, not by a broken file

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for more in report:
            yield more

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "X-Content-Type-Options": "nosniff"}
    return CsvResponse(body(), media_type="text/csv; charset=utf-8; header=present", headers=headers)
