"""Tables of files: the header names the columns, by our names, aliases, or the mapping of the sender."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from shared.imports.csv_files import find_delimiter, read_csv
from shared.imports.files import (
    ERROR_LIST_HEADER,
    BadCell,
    Cell,
    FileError,
    FileOptions,
    Line,
    find_encoding,
    find_own_encoding,
    is_error_list,
    is_zip,
    skip_blank_rows,
)
from shared.imports.kinds import Column, ImportKind, fold_header
from shared.imports.workbook_process import read_xlsx

NOTE_COLUMNS = (
    ERROR_LIST_HEADER, "error_column", "error_value", "error_problem", "error_help", "error_status", "error_held_by",
)  # fmt: skip
"""Columns of the list of errors; they are ignored when it is sent again."""
MAX_SHOWN = 64
"""Number of characters of an unknown header that are shown."""


class Table(NamedTuple):
    """A file as a table: the column of each header, the lines below, and what they are like."""

    columns: Sequence[Column | None]
    lines: Iterator[Line]
    options: FileOptions


def read_table(path: Path, kind: ImportKind, options: FileOptions) -> Table:
    """Read a file as a table; raises FileError if it is none, also when a line is read."""
    is_text = not is_zip(path)
    if is_text and is_error_list(path):
        options = options.of_error_list()
    lines = skip_blank_rows(_read_text(path, kind, options) if is_text else read_xlsx(path))
    first = next(lines, None)
    if first is None:
        raise FileError("The file is empty. Send a header row and at least one row.")
    header = _read_header(first[1])
    if ERROR_LIST_HEADER in header:
        options = options.of_error_list()
    columns = map_header(header, kind, options)
    second = next(lines, None)
    if second is None:
        raise FileError("The file has a header and no rows.")
    return Table(columns, _refuse_headers(header, chain([second], lines)), options)


def _read_header(cells: Sequence[Cell]) -> list[str]:
    header = []
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, BadCell):
            raise FileError(f"Column {number} of the header: {cell.problem}. {cell.help}")
        header.append(cell.strip())
    while not header[-1]:  # of a delimiter at the end of each line
        header.pop()
    return header


def _refuse_headers(header: Sequence[str], lines: Iterator[Line]) -> Iterator[Line]:
    folded = [fold_header(name) for name in header]
    for line, cells in lines:
        if [fold_header(cell) if isinstance(cell, str) else "" for cell in cells] == folded:
            raise FileError(f"Line {line} repeats the header. Send one table with one header.")
        yield line, cells


def _read_text(path: Path, kind: ImportKind, options: FileOptions) -> Iterator[Line]:
    find = find_own_encoding if options.is_error_list else find_encoding
    encoding = find(path, options.encoding)
    names = {fold_header(header) for header, _ in options.headers}
    delimiter = find_delimiter(
        path, encoding, options.delimiter, lambda cell: fold_header(cell) in names or kind.column(cell) is not None
    )
    return read_csv(path, encoding, delimiter)


def map_header(header: Sequence[str], kind: ImportKind, options: FileOptions) -> list[Column | None]:
    """Return the column of each header cell; those of the list of errors have none."""
    renamed = {fold_header(name): column for name, column in options.headers}
    known = [column.name for column in kind.columns]
    columns: list[Column | None] = []
    unknown: list[str] = []
    for name in header:
        target = renamed.get(fold_header(name), name)
        column = kind.column(target)
        is_left_out = bool(name) and not target
        if column is None and not is_left_out and name not in NOTE_COLUMNS:
            unknown.append(name[:MAX_SHOWN] or f"(column {len(columns) + 1} without a header)")
        columns.append(column)
    names = [column.name for column in columns if column]
    if unknown:
        raise FileError(
            f"Unknown columns: {', '.join(unknown[:10])}. The columns are {', '.join(known)}. Name "
            "their column with the parameter header, such as header=Seriennr:serial, or leave "
            "one out, such as header=Colour: without a column; or declare the delimiter."
        )
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise FileError(f"Several columns are {', '.join(repeated)}. Leave one of each.")
    mapped = ((name, kind.column(target)) for name, target in options.headers)
    if absent := [name for name, column in mapped if column and column.name not in names]:
        raise FileError(
            f"Missing headers, which the mapping names: {', '.join(absent)}. Correct the file or the mapping."
        )
    if missing := [column.name for column in kind.columns if column.is_required and column.name not in names]:
        raise FileError(f"Missing columns: {', '.join(missing)}. The columns are {', '.join(known)}.")
    return columns
