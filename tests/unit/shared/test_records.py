"""Records are built by the names of columns: their order does not matter, and none is missing or too many."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Row
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from shared.records import ColumnsError, load_records


class Pair(NamedTuple):
    """Two values of the same type, and one with a default."""

    sku: str
    serial: str
    lot: str | None = None


@dataclass(slots=True)
class Copy:
    """A working copy: what is not loaded is keyword-only, or no parameter."""

    sku: str
    serial: str
    changed: bool = field(default=False, kw_only=True)
    was: tuple[str, ...] = field(default=(), init=False)


class Single(NamedTuple):
    """A record of one field."""

    sku: str


def rows(*columns: str, values: tuple[tuple[Any, ...], ...]) -> list[Row[Any]]:
    """Rows as a statement returns them."""
    return list(IteratorResult(SimpleResultMetaData(columns), iter(values)).all())


def test_the_order_of_columns_does_not_matter() -> None:
    """Values of the same type do not change places with their columns."""
    found = rows("lot", "serial", "sku", values=(("L", "1", "PU"), (None, "2", "SC")))
    assert load_records(Pair, found) == [Pair("PU", "1", "L"), Pair("SC", "2", None)]
    assert load_records(Copy, rows("serial", "sku", values=(("1", "PU"),))) == [Copy(sku="PU", serial="1")]
    assert load_records(Single, rows("sku", values=(("PU",),))) == [Single("PU")]


def test_no_rows_are_no_records() -> None:
    """A statement that found nothing."""
    assert load_records(Pair, []) == []


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("sku", "serial"), "columns for Pair: missing: lot"),
        (("sku", "serial", "lot", "expiry"), "columns for Pair: superfluous: expiry"),
        (("sku", "serial_no", "lot"), "columns for Pair: missing: serial; superfluous: serial_no"),
        (("sku", "serial", "lot", "sku"), "columns for Pair: repeated: sku"),
    ],
)
def test_columns_that_do_not_fit_are_an_error(columns: tuple[str, ...], told: str) -> None:
    """A column is missing, also for a field with a default, or is too many."""
    with pytest.raises(ColumnsError, match=f"^{told}$"):
        load_records(Pair, rows(*columns, values=(tuple(columns),)))


def test_columns_besides_the_record_have_to_be_named_and_there() -> None:
    """A column that is no field of the record is declared where it is read."""
    found = rows("order", "sku", "serial", "lot", values=(("SO-1", "PU", "1", "L"),))
    assert load_records(Pair, found, besides=("order",)) == [Pair("PU", "1", "L")]
    with pytest.raises(ColumnsError, match="missing: hold"):
        load_records(Pair, found, besides=("order", "hold"))
