"""How the rows of one table are written: one statement for all that are new, changed or gone, from arrays."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import text

from services.fulfillment.orders.domain import Shelf
from shared.database import Transaction

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """A table by its key, its other columns with their types, and how a row of the book becomes their values.

    An array column travels as JSON: unnest would flatten an array of arrays. `rows` narrows which rows the key is of.
    """

    def __init__(
        self, name: str, key: Mapping[str, str], rest: Mapping[str, str], values: Callable[[V], tuple[Any, ...]],
        rows: str = "true",
    ) -> None:  # fmt: skip
        columns = {**key, **rest}
        self._names, self._keys, self._values = list(columns), list(key), values
        self._arrays = {place for place, kind in enumerate(columns.values()) if kind.endswith("[]")}
        same = " AND ".join(f"t.{column} = n.{column}" for column in key) + f" AND {rows}"
        source = _unnest(columns)
        listed = ", ".join(columns)
        # ruff: noqa: S608 - the names are those of our own tables
        self._insert = text(f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {source}")
        sets = ", ".join(f"{column} = n.{column}" for column in rest)
        self._update = text(f"UPDATE {name} t SET {sets} FROM {source} WHERE {same}")
        self._delete = text(f"DELETE FROM {name} t USING {_unnest(key)} WHERE {same}")

    async def save(self, tx: Transaction, shelf: Shelf[K, V]) -> None:
        """Write what became of the rows of a shelf: at most three statements."""
        if gone := shelf.dropped():
            await tx.run(self._delete, dict(zip(self._keys, _columns(gone, set()), strict=True)))
        if added := shelf.added():
            await tx.run(self._insert, self._parameters(added))
        if changed := shelf.changed():
            await tx.run(self._update, self._parameters(changed))

    def _parameters(self, rows: Sequence[V]) -> dict[str, list[Any]]:
        return dict(zip(self._names, _columns([self._values(row) for row in rows], self._arrays), strict=True))


def _columns(rows: Sequence[Any], arrays: set[int]) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [
        [json.dumps(list(value)) for value in column] if place in arrays else column
        for place, column in enumerate(columns)
    ]


def _unnest(columns: Mapping[str, str]) -> str:
    casts = ", ".join(
        f"CAST(:{name} AS {'jsonb' if kind.endswith('[]') else kind}[])" for name, kind in columns.items()
    )
    listed = ", ".join(columns)
    taken = ", ".join(
        f"ARRAY(SELECT jsonb_array_elements_text({name}))::{kind} AS {name}" if kind.endswith("[]") else name
        for name, kind in columns.items()
    )
    return f"(SELECT {taken} FROM unnest({casts}) AS u ({listed})) AS n"
