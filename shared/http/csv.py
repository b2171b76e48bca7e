"""CSV reports (RFC 4180), streamed from a server-side cursor in constant memory."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import TextClause

from shared.identifiers import rfc3339
from shared.persistence.database import read_only

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\0")
"""Prefixes that a spreadsheet would interpret as a formula."""


class CsvResponse(StreamingResponse):
    """A streamed CSV file."""

    media_type = "text/csv"


class CsvColumn(NamedTuple):
    """A column of a report with its description."""

    name: str
    description: str


def _format_cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_PREFIXES):
        return f"'{value}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # same format as in JSON: 10, not 10.00
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value


def _format_rows(rows: Sequence[Sequence[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([_format_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


async def _stream_csv(
    request: Request, statement: TextClause, parameters: Mapping[str, Any], columns: Sequence[CsvColumn]
) -> AsyncIterator[bytes]:
    header = _format_rows([[column.name for column in columns]])
    async with read_only(request.app.state.engine) as tx:
        async for rows in tx.stream(statement, parameters):
            yield header + _format_rows(rows)
            header = b""
    yield header


async def csv_response(
    request: Request, name: str, columns: Sequence[CsvColumn], statement: TextClause, parameters: Mapping[str, Any]
) -> CsvResponse:
    """Stream the rows of a statement as the file `name`, with the header `columns`."""
    chunks = _stream_csv(request, statement, parameters, columns)
    first_chunk = await anext(chunks)  # an unavailable database results in an error status instead of a truncated file

    async def body() -> AsyncIterator[bytes]:
        yield first_chunk
        async for chunk in chunks:
            yield chunk

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "X-Content-Type-Options": "nosniff"}
    return CsvResponse(body(), media_type="text/csv; charset=utf-8; header=present", headers=headers)
