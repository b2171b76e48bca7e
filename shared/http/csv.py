"""CSV reports (RFC 4180), streamed from a server-side cursor in constant memory, few at a time."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Receive, Scope, Send

from shared.http.problems import OverloadedError
from shared.identifiers import rfc3339
from shared.persistence.database import Transaction, read_only

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\0", "'")
"""Prefixes that a spreadsheet would interpret as a formula, and the apostrophe, so that a guard can be undone."""
TRANSFER_TIMEOUT = 300.0
"""Seconds for a whole file; its transaction keeps PostgreSQL from removing old rows meanwhile."""


class TransferTimeoutError(Exception):
    """A file was not sent in time."""


class ReportFiles:
    """Files that are being sent, with database connections of their own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._open_count = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transaction]:
        """Run the transaction of a file; raises OverloadedError at once if all connections are in use."""
        limit = self._engine.pool.size()  # type: ignore[attr-defined]
        if self._open_count >= limit:
            raise OverloadedError(f"{limit} report files are being sent")
        self._open_count += 1
        try:
            async with read_only(self._engine) as tx:
                yield tx
        finally:
            self._open_count -= 1


class CsvResponse(StreamingResponse):
    """A streamed CSV file."""

    media_type = "text/csv"


class Download(StreamingResponse):
    """A file with a deadline: later, its transfer is aborted so that the reader sees that it is incomplete."""

    def __init__(
        self, name: str, media_type: str, chunks: AsyncGenerator[bytes], first_chunk: bytes, deadline: float
    ) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield first_chunk
            async for chunk in chunks:
                yield chunk

        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        super().__init__(body(), media_type=media_type, headers=headers)
        self._chunks, self._deadline = chunks, deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file and end its transaction, also if the reader disconnects."""
        try:
            async with asyncio.timeout_at(self._deadline):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            raise TransferTimeoutError(f"transfer aborted after {TRANSFER_TIMEOUT:.0f} s") from None
        finally:
            await self._chunks.aclose()


class CsvColumn(NamedTuple):
    """A column of a report with its description."""

    name: str
    description: str


def _guard_cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_PREFIXES) else _format_cell(value)


def _format_cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # same format as in JSON: 10, not 10.00
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value


def _format_rows(rows: Sequence[Sequence[Any]], format_cell: Callable[[Any], Any] = _format_cell) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([format_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


async def _stream_csv(
    files: ReportFiles,
    statement: TextClause,
    parameters: Mapping[str, Any],
    columns: Sequence[CsvColumn],
    format_cell: Callable[[Any], Any],
) -> AsyncGenerator[bytes]:
    header = _format_rows([[column.name for column in columns]])
    async with files.open() as tx:
        async for rows in tx.stream(statement, parameters):
            yield header + _format_rows(rows, format_cell)
            header = b""
    yield header


async def csv_response(
    request: Request,
    name: str,
    columns: Sequence[CsvColumn],
    statement: TextClause,
    parameters: Mapping[str, Any],
    *,
    guard: bool = False,
) -> StreamingResponse:
    """Stream the rows of a statement as the file `name`, with the header `columns`.

    Values are verbatim; with `guard`, texts that a spreadsheet would read as a formula start with an apostrophe.
    """
    deadline = asyncio.get_running_loop().time() + TRANSFER_TIMEOUT
    chunks = _stream_csv(
        request.app.state.report_files, statement, parameters, columns, _guard_cell if guard else _format_cell
    )
    async with asyncio.timeout_at(deadline):
        # An unavailable database results in an error status instead of a truncated file.
        first_chunk = await anext(chunks)
    return Download(f"{name}.csv", "text/csv; charset=utf-8; header=present", chunks, first_chunk, deadline)
