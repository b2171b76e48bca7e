"""Columns of imports compared with the models of their commands: no field is forgotten."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from services.receiving.imports import KINDS as RECEIVING
from services.serials.imports import KINDS as SERIALS
from shared.contracts.envelope import Message
from shared.imports import DEFAULT, ImportKind, RowSet
from shared.imports.files import FileOptions
from shared.imports.rows import read_row

KINDS = (*RECEIVING, *SERIALS)
TRACKING = {"serial_tracked", "lot_tracked", "tracking"}
CELLS = {
    "location": "EAST/A-01", "type": "storage", "time_zone": "Europe/Berlin", "barcodes": "4012345678901 B-2",
    "barcode_quantities": "1 12", "barcode_types": "GTIN OTHER", "expiry_alert_days": "60 30",
    "shelf_life_customers": "C-1 C-2", "customer_shelf_life_days": "30 60", "short_shelf_life_policy": "hold",
    "expiry_basis": "best_before", "serial_characters": "digits", "serial_check_digit": "luhn",
    "serial_min_length": "6", "serial_max_length": "12", "warranty_starts_at": "label_date",
    "tracking": "serial", "lot_tracked": "no",
    "expected_at": "2027-03-31T08:00:00+02:00", "expiry": "2027-05-01", "best_before": "2027-04-01",
    "manufactured_on": "2026-01-01", "sold_on": "2026-02-01", "warehouse": "EAST", "serial_pattern": "[0-9]+",
    "decimals": "2",
}  # fmt: skip
"""Cells of columns that do not take any value of their type."""
BY_TYPE = {"identifier": "X-1", "text": "Some text", "integer": "7", "quantity": "2.5", "flag": "yes"}


def cells_of(kind: ImportKind) -> dict[str, str]:
    """Return a cell for each column of a kind."""
    return {column.name: CELLS.get(column.name) or BY_TYPE[column.type] for column in kind.columns}


def build(kind: ImportKind, cells: dict[str, str]) -> list[Message]:
    """Build the commands of a row."""
    columns = [kind.column(name) for name in cells]
    row = read_row(2, list(cells.values()), columns, kind, FileOptions())
    assert row.problems == [], (kind.name, row.problems)
    return list(kind.build(RowSet("I", 1, [row.fields])))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Return the models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def paths_of(model: type[BaseModel], start: str = "") -> Iterator[str]:
    """Return the paths of all fields that hold no model."""
    for name, field in model.model_fields.items():
        if not start and name in Message.model_fields:
            continue
        inner = list(models_in(field.annotation))
        yield from chain.from_iterable(paths_of(part, f"{start}{name}.") for part in inner)
        if not inner:
            yield f"{start}{name}"


def set_paths(value: Any, start: str = "") -> Iterator[str]:
    """Return the paths of the fields that a message states."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield from set_paths(getattr(value, name), f"{start}.{name}" if start else name)
    elif isinstance(value, list) and any(isinstance(entry, BaseModel) for entry in value):
        yield from chain.from_iterable(set_paths(entry, start) for entry in value)
    else:
        yield start


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_field_has_a_column(kind: ImportKind) -> None:
    """S45: each field of the commands of an import is stated by a column, or named as one that has none."""
    messages = build(kind, cells_of(kind))
    fields = set(chain.from_iterable(paths_of(type(message)) for message in messages))
    stated = set(chain.from_iterable(set_paths(message) for message in messages))
    omitted = {path for path in fields for name in kind.omitted if path == name or path.startswith(f"{name}.")}
    assert fields - stated - omitted == set(), "give it a column, or name it in `omitted`"
    unknown = {name for name in kind.omitted if not any(f"{path}.".startswith(f"{name}.") for path in fields)}
    assert unknown == set(), "no field of the commands"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_column_has_an_effect(kind: ImportKind) -> None:
    """S45: without the cell of a column the commands of a row are others, and its description names it."""
    cells = cells_of(kind)
    messages = build(kind, cells)
    for column in kind.columns:
        assert f"`{column.name}`" in kind.description
        if column.is_required or column.name in TRACKING:
            continue
        left = {name: cell for name, cell in cells.items() if name != column.name}
        columns = [kind.column(name) for name in left]
        row = read_row(2, list(left.values()), columns, kind, FileOptions())
        assert row.problems or build(kind, left) != messages, column.name


@pytest.mark.parametrize("kind", RECEIVING[:3], ids=lambda kind: kind.name)
def test_defaults_are_restored(kind: ImportKind) -> None:
    """S45: `(default)` states null, which returns a field to its default value."""
    cells = cells_of(kind)
    for column in kind.columns:
        if not column.has_default:
            continue
        listed = [part for part in kind.columns if part.field.startswith(column.field.partition(".")[0] + ".")]
        others = {part.name for part in listed if part.name != column.name and column.type == "list"} | TRACKING
        left = {name: cell for name, cell in cells.items() if name not in others}
        (message,) = build(kind, left | {column.name: DEFAULT})
        path = (column.field or column.name).split(".")
        value: Any = message.model_dump(exclude_unset=True)
        value = value.get("shelf_life", {}) | value
        for name in path:
            value = value and value[name]
        assert value is None, column.name
