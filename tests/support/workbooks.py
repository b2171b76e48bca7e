"""Reads workbooks with another library than the one that writes them."""

import io
from pathlib import Path
from typing import Any

from openpyxl.reader.excel import load_workbook


def read_sheets(source: Path | bytes) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each sheet, including the header."""
    workbook = load_workbook(io.BytesIO(source) if isinstance(source, bytes) else source, read_only=True)
    return [[tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in workbook.worksheets]


def read_records(source: bytes) -> list[dict[str, Any]]:
    """Return the rows of the first sheet by column name."""
    header, *rows = read_sheets(source)[0]
    return [dict(zip(header, row, strict=True)) for row in rows]
