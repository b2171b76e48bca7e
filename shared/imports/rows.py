"""Rows of a file: each is checked like the command that it becomes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.imports.files import BadCell, Cell, FileOptions
from shared.imports.kinds import DEFAULT, Column, ImportKind, ReadRow, ReportColumn, RowError, RowProblem, RowSet
from shared.imports.tables import read_table
from shared.imports.values import read_value, unguard


def read_rows(path: Path, kind: ImportKind, options: FileOptions) -> Iterator[ReadRow]:
    """Read the rows of a file; raises FileError if it is no table with the columns of the kind."""
    table = read_table(path, kind, options)
    for line, cells in table.lines:
        yield read_row(line, cells, table.columns, kind, table.options)


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
        elif value and not isinstance(column, ReportColumn):
            fields[column.name] = value
    for column in kind.columns:
        if column.default:
            fields.setdefault(column.name, column.default)
    problems += [
        RowProblem("the value is missing", "Fill in the column.", column.name)
        for column in kind.columns
        if column.is_required and column.name not in fields
    ]
    return ReadRow(line, kind.key_of(fields), fields, problems or check_row(kind, fields))


def _read_cell(column: Column, cell: Cell, options: FileOptions) -> str | RowProblem:
    if isinstance(cell, BadCell):
        return RowProblem(cell.problem, cell.help)
    if column.has_default and cell.strip().casefold() == DEFAULT:
        return DEFAULT
    text = unguard(cell, guard=options.guard)
    if isinstance(column, ReportColumn) and column.harmless and cell.casefold() not in column.harmless:
        return RowProblem("the import does not take this value over", column.help)
    return text if isinstance(text, RowProblem) else read_value(column.type, text, options)


def check_row(kind: ImportKind, fields: Mapping[str, str]) -> list[RowProblem]:
    """Build the commands of the row alone; return what their schema refuses."""
    try:
        kind.build(RowSet("I", 1, [fields]))
    except RowError as error:
        return [RowProblem(error.problem, error.help, error.column, fields.get(error.column, ""))]
    except ValidationError as error:
        return [_to_problem(kind, fields, detail) for detail in error.errors(include_url=False)]
    return []


def _to_problem(kind: ImportKind, fields: Mapping[str, str], error: Mapping[str, Any]) -> RowProblem:
    """Describe an error of the schema with the column of its field, or one that its message names."""
    message = error["msg"].removeprefix("Value error, ")
    path = ".".join(part for part in error["loc"] if isinstance(part, str))
    named = (kind.column_of_field(word) for word in message.split())
    column = kind.column_of_field(path) if path else next((column for column in named if column), None)
    if column is None:
        return RowProblem(message, "See the columns of the import.")
    value = fields.get(column.name, "")
    if error["type"] == "string_pattern_mismatch":
        message = _explain_mismatch(error["ctx"]["pattern"], value)
    return RowProblem(message, f"The column takes: {column.description}.", column.name, value)


def _explain_mismatch(pattern: str, value: str) -> str:
    """Say why an identifier does not match its pattern."""
    for position, character in enumerate(value, start=1):
        if not " " <= character <= "~":
            return f"character {character!r} (U+{ord(character):04X}) at position {position} is not allowed"
    if re.fullmatch(pattern, value.replace(" ", "x")):
        return "blanks are not allowed"
    if longest := next((size for size in range(len(value) - 1, 0, -1) if re.fullmatch(pattern, value[:size])), 0):
        return f"{len(value)} characters are too many; at most {longest}"
    return f"not of the form {pattern}"
