"""Records are built by column name; missing and unexpected columns are errors."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Row
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from shared.persistence.records import ColumnsError, load_records


class Pair(NamedTuple):
    """A record with two values of the same type and a default."""

    sku: str
    serial: str
    lot: str | None = None


@dataclass(slots=True)
class WorkingCopy:
    """A record with fields that are not loaded: keyword-only or without parameter."""

    sku: str
    serial: str
    changed: bool = field(default=False, kw_only=True)
    original: tuple[str, ...] = field(default=(), init=False)


class Single(NamedTuple):
    """A record of one field."""

    sku: str


def rows(*columns: str, values: tuple[tuple[Any, ...], ...]) -> list[Row[Any]]:
    """Create rows like those of a statement."""
    return list(IteratorResult(SimpleResultMetaData(columns), iter(values)).all())


def test_column_order_does_not_matter() -> None:
    """Values are assigned by name in any column order."""
    loaded = rows("lot", "serial", "sku", values=(("L", "1", "PU"), (None, "2", "SC")))
    assert load_records(Pair, loaded) == [Pair("PU", "1", "L"), Pair("SC", "2", None)]
    assert load_records(WorkingCopy, rows("serial", "sku", values=(("1", "PU"),))) == [
        WorkingCopy(sku="PU", serial="1")
    ]
    assert load_records(Single, rows("sku", values=(("PU",),))) == [Single("PU")]


def test_no_rows_result_in_no_records() -> None:
    """An empty result loads no records."""
    assert load_records(Pair, []) == []


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        (("sku", "serial"), "columns for Pair: missing: lot"),
        (("sku", "serial", "lot", "expiry"), "columns for Pair: unexpected: expiry"),
        (("sku", "serial_no", "lot"), "columns for Pair: missing: serial; unexpected: serial_no"),
        (("sku", "serial", "lot", "sku"), "columns for Pair: duplicate: sku"),
    ],
)
def test_mismatched_columns_are_an_error(columns: tuple[str, ...], error: str) -> None:
    """Missing columns, even for defaults, and unexpected or duplicate columns raise an error."""
    with pytest.raises(ColumnsError, match=f"^{error}$"):
        load_records(Pair, rows(*columns, values=(tuple(columns),)))


def test_extra_columns_have_to_be_declared_and_present() -> None:
    """Columns that are no fields of the record are declared by the caller."""
    loaded = rows("order", "sku", "serial", "lot", values=(("SO-1", "PU", "1", "L"),))
    assert load_records(Pair, loaded, extra_columns=("order",)) == [Pair("PU", "1", "L")]
    with pytest.raises(ColumnsError, match="missing: hold"):
        load_records(Pair, loaded, extra_columns=("order", "hold"))
