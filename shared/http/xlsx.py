"""XLSX reports: identifiers are text cells, quantities and dates are typed; written to a file in constant memory."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import TextClause

from shared.contracts.problems import Code
from shared.http.csv import TRANSFER_TIMEOUT, Download, ReportFiles
from shared.http.paths import encode_path
from shared.http.problems import ProblemError

MAX_ROWS = 1_048_576
"""Rows of a sheet, with the header; a report of more is available as CSV alone."""
BLOCK_BYTES = 65_536
MAX_EXACT_DIGITS = 15
"""Digits that a cell represents exactly; numbers with more are text."""
FIRST_DATE = date(1900, 3, 1)
"""Earlier dates are text: spreadsheets disagree on them."""


class XlsxResponse(StreamingResponse):
    """A streamed XLSX file."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetFullError(Exception):
    """A sheet has no place for further rows."""


class Workbook:
    """A workbook that is written row by row to a file; nothing but the current row is in memory."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._workbook = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)})
        self._formats = {
            date: self._workbook.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: self._workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"}),
        }
        self._sheet, self._row = self._workbook.add_worksheet(), 0
        self.write([header])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows; raises SheetFullError if the sheet is full."""
        for row in rows:
            if self._row == MAX_ROWS:
                raise SheetFullError
            for column, value in enumerate(row):
                self._write_cell(column, value)
            self._row += 1

    def _write_cell(self, column: int, value: Any) -> None:
        match value:
            case None:
                pass
            case bool():
                self._sheet.write_boolean(self._row, column, value)
            case int() | Decimal() if len(Decimal(value).normalize().as_tuple().digits) <= MAX_EXACT_DIGITS:
                self._sheet.write_number(self._row, column, float(value))
            case datetime() if value.date() >= FIRST_DATE:
                instant = value.astimezone(UTC).replace(tzinfo=None)
                self._sheet.write_datetime(self._row, column, instant, self._formats[datetime])
            case date() if value >= FIRST_DATE and not isinstance(value, datetime):
                self._sheet.write_datetime(self._row, column, datetime.combine(value, time()), self._formats[date])
            case _:
                self._sheet.write_string(self._row, column, str(value))

    def close(self) -> None:
        """Complete the file."""
        self._workbook.close()


async def _stream_xlsx(
    files: ReportFiles, statement: TextClause, parameters: Mapping[str, Any], header: Sequence[str]
) -> AsyncGenerator[bytes]:
    """Write the file in a thread, then send it; its transaction ends before."""
    with TemporaryDirectory(prefix="tracelot-") as folder:
        path = Path(folder) / "report.xlsx"
        workbook = Workbook(path, header)
        async with files.open() as tx:
            async for rows in tx.stream(statement, parameters):
                await asyncio.to_thread(workbook.write, rows)
            await asyncio.to_thread(workbook.close)
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block


async def xlsx_response(
    request: Request, name: str, header: Sequence[str], statement: TextClause, parameters: Mapping[str, Any]
) -> StreamingResponse:
    """Send the rows of a statement as the workbook `name`, with a header row."""
    deadline = asyncio.get_running_loop().time() + TRANSFER_TIMEOUT
    chunks = _stream_xlsx(request.app.state.report_files, statement, parameters, header)
    try:
        async with asyncio.timeout_at(deadline):
            first_chunk = await anext(chunks)
    except SheetFullError:
        path = encode_path(request.url.path).removesuffix(".xlsx") + ".csv"
        address = f"{path}?{request.url.query}" if request.url.query else path
        detail = f"A sheet has {MAX_ROWS} rows; read the report from {address}"
        raise ProblemError(Code.TOO_MANY_ROWS, detail, ids=[address]) from None
    return Download(f"{name}.xlsx", str(XlsxResponse.media_type), chunks, first_chunk, deadline)
