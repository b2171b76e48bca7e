"""Rows of a file: its header names the columns, each row is checked like the command that it becomes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from shared.imports.csv_files import find_delimiter, read_csv
from shared.imports.files import BadCell, Cell, FileError, FileOptions, Line, find_encoding, is_zip, skip_blank_rows
from shared.imports.kinds import Column, ImportKind, ReadRow, RowProblem, RowSet, fold_header
from shared.imports.values import read_value, unguard
from shared.imports.xlsx_files import read_xlsx

NOTE_COLUMNS = (
    "error_line",
    "error_column",
    "error_value",
    "error_problem",
    "error_help",
    "error_status",
    "error_held_by",
)
"""Columns of the list of errors; they are ignored when it is sent again."""


def read_rows(path: Path, kind: ImportKind, options: FileOptions) -> Iterator[ReadRow]:
    """Read the rows of a file; raises FileError if it is no table with the columns of the kind."""
    columns, lines = read_table(path, kind, options)
    for line, cells in lines:
        yield read_row(line, cells, columns, kind, options)


def read_table(path: Path, kind: ImportKind, options: FileOptions) -> tuple[Sequence[Column | None], Iterator[Line]]:
    """Return the columns of a file and its lines; raises FileError if it is no table, also when a line is read."""
    lines = skip_blank_rows(_open(path, kind, options))
    first = next(lines, None)
    if first is None:
        raise FileError("The file is empty. Send a header row and at least one row.")
    header = [cell.strip() if isinstance(cell, str) else "" for cell in first[1]]
    while not header[-1]:  # of a delimiter at the end of each line
        header.pop()
    columns = map_header(header, kind, options)
    second = next(lines, None)
    if second is None:
        raise FileError("The file has a header and no rows.")
    return columns, _refuse_headers(header, chain([second], lines))


def _refuse_headers(header: Sequence[str], lines: Iterator[Line]) -> Iterator[Line]:
    folded = [fold_header(name) for name in header]
    for line, cells in lines:
        if [fold_header(cell) if isinstance(cell, str) else "" for cell in cells] == folded:
            raise FileError(f"Line {line} repeats the header. Send one table with one header.")
        yield line, cells


def _open(path: Path, kind: ImportKind, options: FileOptions) -> Iterator[Line]:
    if is_zip(path):
        return read_xlsx(path)
    encoding = find_encoding(path, options.encoding)
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
            unknown.append(name or f"(column {len(columns) + 1} without a header)")
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
    if missing := [column.name for column in kind.columns if column.is_required and column.name not in names]:
        raise FileError(f"Missing columns: {', '.join(missing)}. The columns are {', '.join(known)}.")
    return columns


def read_row(
    line: int, cells: Sequence[Cell], columns: Sequence[Column | None], kind: ImportKind, options: FileOptions
) -> ReadRow:
    """Read and check one row."""
    fields: dict[str, str] = {}
    problems: list[RowProblem] = []
    if any(cells[len(columns) :]):
        problems.append(
            RowProblem(f"{len(cells)} values for {len(columns)} columns", "Quote values that contain the delimiter.")
        )
    for column, cell in zip(columns, cells, strict=False):
        if column is None or not cell:
            continue
        value = _read_cell(column, cell, options)
        if isinstance(value, RowProblem):
            shown = cell.value if isinstance(cell, BadCell) else cell
            fields[column.name] = shown
            problems.append(value._replace(column=column.name, value=shown))
        elif value:
            fields[column.name] = value
    problems += [
        RowProblem("the value is missing", "Fill in the column.", column.name)
        for column in kind.columns
        if column.is_required and column.name not in fields
    ]
    return ReadRow(line, kind.key_of(fields), fields, problems or check_row(kind, fields))


def _read_cell(column: Column, cell: Cell, options: FileOptions) -> str | RowProblem:
    if isinstance(cell, BadCell):
        return RowProblem(cell.problem, cell.help)
    text = unguard(cell, guard=options.guard)
    return text if isinstance(text, RowProblem) else read_value(column.type, text, options)


def check_row(kind: ImportKind, fields: Mapping[str, str]) -> list[RowProblem]:
    """Build the commands of the row alone; return what their schema refuses."""
    try:
        kind.build(RowSet("I", 1, [fields]))
    except ValidationError as error:
        return [_to_problem(kind, fields, detail["loc"], detail["msg"]) for detail in error.errors(include_url=False)]
    return []


def _to_problem(kind: ImportKind, fields: Mapping[str, str], location: Sequence[int | str], message: str) -> RowProblem:
    columns = {name: column for column in kind.columns for name in (column.name, f"{column.name}s")}
    column = next((columns[str(part)] for part in reversed(location) if str(part) in columns), None)
    description = column.description if column else "See the columns of the import."
    return RowProblem(
        message.removeprefix("Value error, "), description, column.name if column else "",
        fields.get(column.name, "") if column else "",
    )  # fmt: skip
