"""XLSX workbooks, row by row: formulas and errors are seen, macros and oversized archives are refused."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

from openpyxl.reader.excel import load_workbook

from shared.imports.files import MAX_COLUMNS, BadCell, Cell, FileError, Line, Number

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_SHEET_ROWS = 1_048_576
MAX_EXACT_DIGITS = 15


def read_workbook(path: Path) -> Iterator[Line]:
    """Read the rows of the only sheet with content; memory and time are those that the content asks for."""
    _check_archive(path)
    with path.open("rb") as file:
        yield from _read_sheet(file)


def _check_archive(path: Path) -> None:
    """Refuse what is no workbook, has macros or unpacks to too much; nothing is unpacked."""
    with ZipFile(path) as archive:
        entries = archive.infolist()
    sizes = {entry.filename: entry.file_size for entry in entries}
    if "xl/workbook.xml" not in sizes:
        raise FileError("An archive without a workbook. Send CSV or XLSX, unpacked.")
    if any(name.endswith("vbaProject.bin") for name in sizes):
        raise FileError("The workbook contains macros. Save it as .xlsx without macros, or as CSV.")
    if sum(sizes.values()) > MAX_UNPACKED_BYTES:
        raise FileError(f"The workbook unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB. Send CSV.")


def _read_sheet(file: BinaryIO) -> Iterator[Line]:
    """Read the first sheet; another one with content would be ignored in silence."""
    workbook = load_workbook(file, read_only=True, keep_links=False)
    try:
        for index, sheet in enumerate(workbook.worksheets):
            sheet.reset_dimensions()
            for line, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_SHEET_ROWS), start=1):
                cells = _trim([_read_cell(cell) for cell in row])
                if cells and index:
                    raise FileError(f"Sheet {sheet.title} has content too. Send one table per file.")
                if len(cells) > MAX_COLUMNS:
                    raise FileError(f"Line {line} has more than {MAX_COLUMNS} columns.")
                if not index:
                    yield line, cells
    finally:
        workbook.close()


def _trim(cells: list[Cell]) -> list[Cell]:
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return BadCell(str(value)[:100], "the cell is a formula", "Copy it and paste the value alone.")
    if cell.data_type == "e":
        return BadCell(str(value), "the cell is an error", "Correct the cell.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _read_number(value, cell.number_format)
    return _format_value(value)


def _format_value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime() if value.time() != time():
            return f"{value.isoformat()}Z"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value).replace("_x005F_", "_")  # escaped in a cell of its own; openpyxl reads shared texts


def _read_number(value: float, number_format: str) -> Cell:
    if value != int(value):
        return Number(repr(value))
    digits = str(int(value))
    if len(digits.lstrip("-")) > MAX_EXACT_DIGITS:
        return BadCell(
            digits, "the cell is a number of more than 15 digits, of which a spreadsheet loses the last",
            "Format the column as text, and enter the values again.",
        )  # fmt: skip
    return digits.zfill(len(number_format)) if set(number_format) == {"0"} else digits
