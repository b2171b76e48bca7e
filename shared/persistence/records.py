"""Builds records from rows by column name."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Row

R = TypeVar("R")


class ColumnsError(TypeError):
    """The columns of a statement do not match the fields of its record."""


def load_records(record: type[R], rows: Sequence[Row[Any]], extra_columns: Sequence[str] = ()) -> list[R]:
    """Build a dataclass or named tuple from each row; `extra_columns` are ignored.

    Each positional field requires a column of its name, even with a default. Keyword-only fields are not loaded.
    """
    if not rows:
        return []
    values = _reader(record, rows[0]._fields, tuple(extra_columns))  # type: ignore[arg-type]
    return [record(*values(row)) for row in rows]


@cache
def _reader(record: type[Any], columns: tuple[str, ...], extra_columns: tuple[str, ...]) -> Callable[[Row[Any]], Any]:
    """Return a function that reads the values of a row in field order; cached per record and column list."""
    names = field_names(record)
    expected = {*names, *extra_columns}
    errors = {
        "missing": sorted(expected - {*columns}),
        "unexpected": sorted({*columns} - expected),
        "duplicate": sorted({name for name in columns if columns.count(name) > 1}),
    }
    if any(errors.values()):
        description = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in errors.items() if found)
        raise ColumnsError(f"columns for {record.__name__}: {description}")
    indexes = [columns.index(name) for name in names]
    return itemgetter(*indexes) if len(indexes) > 1 else itemgetter(slice(indexes[0], indexes[0] + 1))


def field_names(record: type[Any]) -> tuple[str, ...]:
    """Return the fields of a record that are loaded from columns."""
    if is_dataclass(record):
        return tuple(field.name for field in fields(record) if field.init and not field.kw_only)
    return tuple(record._fields)
