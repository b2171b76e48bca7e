"""How the rows of one table are written: one statement for all that are new, changed or gone, from arrays."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import TextClause, text

from services.fulfillment.orders.domain import Shelf
from shared.database import Transaction

K = TypeVar("K")
V = TypeVar("V")
Columns = Mapping[str, str]
"""Names and types, in the order of a row's values."""


class Table(Generic[K, V]):
    """A table by its key, the columns that may change and those that never do; how a row becomes their values.

    `rows` narrows which rows the key is of. An array travels as JSON: unnest would flatten an array of arrays.
    """

    def __init__(
        self, name: str, *, key: Columns, changing: Columns, fixed: Columns, values: Callable[[V], tuple[Any, ...]],
        rows: str = "true",
    ) -> None:  # fmt: skip
        # ruff: noqa: S608 - the names are those of our own tables
        same = " AND ".join(f"t.{column} = n.{column}" for column in key) + f" AND {rows}"
        whole = {**key, **changing, **fixed}
        listed = ", ".join(whole)
        sets = ", ".join(f"{column} = n.{column}" for column in changing)
        self._values = values
        self._insert = _Statement(f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {_unnest(whole)}", whole)
        moving = {**key, **changing}
        self._update = _Statement(f"UPDATE {name} t SET {sets} FROM {_unnest(moving)} WHERE {same}", moving)
        self._delete = _Statement(f"DELETE FROM {name} t USING {_unnest(key)} WHERE {same}", key)

    async def save(self, tx: Transaction, shelf: Shelf[K, V]) -> None:
        """Write what became of the rows of a shelf: at most three statements."""
        if gone := shelf.dropped():
            await tx.run(
                self._delete.text, self._delete.parameters([key if isinstance(key, tuple) else (key,) for key in gone])
            )
        if added := shelf.added():
            await tx.run(self._insert.text, self._insert.parameters([self._values(row) for row in added]))
        if changed := shelf.changed():
            await tx.run(self._update.text, self._update.parameters([self._values(row) for row in changed]))


class _Statement:
    """A statement, and its parameters from the first values of each row."""

    def __init__(self, statement: str, columns: Columns) -> None:
        self.text: TextClause = text(statement)
        self._columns = [(name, kind.endswith("[]")) for name, kind in columns.items()]

    def parameters(self, rows: Sequence[Any]) -> dict[str, list[Any]]:
        """One array a column."""
        given = zip(self._columns, zip(*rows, strict=True), strict=False)
        return {
            name: [json.dumps(value) if value else "[]" for value in values] if is_array else list(values)
            for (name, is_array), values in given
        }


def _unnest(columns: Columns) -> str:
    casts = ", ".join(
        f"CAST(:{name} AS {'jsonb' if kind.endswith('[]') else kind}[])" for name, kind in columns.items()
    )
    listed = ", ".join(columns)
    taken = ", ".join(
        f"ARRAY(SELECT jsonb_array_elements_text({name}))::{kind} AS {name}" if kind.endswith("[]") else name
        for name, kind in columns.items()
    )
    return f"(SELECT {taken} FROM unnest({casts}) AS u ({listed})) AS n"
