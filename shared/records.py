"""Records built from the rows of a statement, by the names of its columns."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Row

R = TypeVar("R")


class ColumnsError(TypeError):
    """The columns of a statement are not the fields of the record that is built from them."""


def load_records(record: type[R], rows: Sequence[Row[Any]], besides: Sequence[str] = ()) -> list[R]:
    """Build a dataclass or named tuple from each row; `besides` names the columns that are read otherwise.

    Every positional field needs a column of its name, also one with a default. Keyword-only fields are not loaded.
    """
    if not rows:
        return []
    values = _reader(record, rows[0]._fields, tuple(besides))  # type: ignore[arg-type]
    return [record(*values(row)) for row in rows]


@cache
def _reader(record: type[Any], columns: tuple[str, ...], besides: tuple[str, ...]) -> Callable[[Row[Any]], Any]:
    """Pick the values of a row in the order of the fields; done once for each statement, as every row is picked so."""
    names = _names(record)
    wanted = {*names, *besides}
    wrong = {
        "missing": sorted(wanted - {*columns}),
        "superfluous": sorted({*columns} - wanted),
        "repeated": sorted({name for name in columns if columns.count(name) > 1}),
    }
    if any(wrong.values()):
        told = "; ".join(f"{what}: {', '.join(some)}" for what, some in wrong.items() if some)
        raise ColumnsError(f"columns for {record.__name__}: {told}")
    places = [columns.index(name) for name in names]
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


def _names(record: type[Any]) -> tuple[str, ...]:
    if is_dataclass(record):
        return tuple(field.name for field in fields(record) if field.init and not field.kw_only)
    return tuple(record._fields)
