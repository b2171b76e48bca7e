"""Orders of a list by columns that an index serves, with the keys of their cursors."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

PYTHON_TYPES: dict[str, type] = {"bigint": int, "integer": int}
"""Types of the values of a cursor by SQL type; others are texts."""


class SortKey(NamedTuple):
    """A column of an order: its expression in the statement, its SQL type and its name in the rows."""

    column: str
    type: str = "text"
    name: str = ""

    @property
    def field(self) -> str:
        """Name of the column in the rows."""
        return self.name or self.column.rpartition(".")[2].strip('"')


class SortOrder(NamedTuple):
    """An order by columns of a unique key, all ascending or all descending; rows without a value are left out."""

    keys: Sequence[SortKey]
    is_descending: bool = False

    def after(self, *columns: str, or_at: bool = False) -> str:
        """Return the condition of the rows after a cursor, `:after_0` …, which are null on the first page.

        Other expressions of the keys may be given, also of the first ones only; `or_at` includes equal rows.
        """
        expressions = columns or [key.column for key in self.keys]
        start = ", ".join(self.start(index) for index in range(len(expressions)))
        comparison = ("<" if self.is_descending else ">") + ("=" if or_at else "")
        return f"(CAST(:after_0 AS text) IS NULL OR ({', '.join(expressions)}) {comparison} ({start}))"

    def start(self, index: int) -> str:
        """Return the value of a key in the cursor as an expression."""
        sql_type = self.keys[index].type
        return (
            f"CAST(:after_{index} AS text)"
            if sql_type == "text"
            else f"CAST(CAST(:after_{index} AS text) AS {sql_type})"
        )

    def by(self, *columns: str) -> str:
        """Return the ORDER BY clause, with other expressions if given."""
        direction = " DESC" if self.is_descending else ""
        return (
            f"ORDER BY {', '.join(f'{column}{direction}' for column in columns or [key.column for key in self.keys])}"
        )

    @property
    def condition(self) -> str:
        """The condition of the rows that have a value and are after the cursor."""
        return f"{self.keys[0].column} IS NOT NULL AND {self.after()}"

    @property
    def order_by(self) -> str:
        """The ORDER BY clause."""
        return self.by()

    def parameters(self, cursor_key: Sequence[Any] | None) -> dict[str, str | None]:
        """Return the parameters of the conditions."""
        return {f"after_{i}": str(cursor_key[i]) if cursor_key else None for i in range(len(self.keys))}

    @property
    def key_types(self) -> list[type]:
        """Types of the values of a cursor."""
        return [PYTHON_TYPES.get(key.type, str) for key in self.keys]

    def accepts(self, cursor_key: Sequence[Any]) -> bool:
        """Return whether the dates and times of a cursor are valid."""
        try:
            for key, value in zip(self.keys, cursor_key, strict=True):
                if key.type in {"date", "timestamptz"} and value not in {"infinity", "-infinity"}:
                    datetime.fromisoformat(value)
        except ValueError:
            return False
        return True

    def key(self, row: Row[Any]) -> list[Any]:
        """Return the key of a row as the values of a cursor."""
        fields = row._asdict()
        values = (fields[key.field] for key in self.keys)
        return [value.isoformat() if isinstance(value, date) else value for value in values]

    def reverse(self) -> "SortOrder":
        """Return the order from the other end."""
        return self._replace(is_descending=not self.is_descending)


class Sorts(dict[str, SortOrder]):
    """The orders of a list by the name of their first column, each also reversed with `-`; the first is the default."""

    def __init__(self, default: str, /, **orders: Sequence[SortKey]) -> None:
        """Name the orders by their keys."""
        both = {sign + name: SortOrder(tuple(keys), bool(sign)) for name, keys in orders.items() for sign in ("", "-")}
        super().__init__({default: both[default]} | both)

    @property
    def description(self) -> str:
        """What orders compare before the column of their name, for example the product before its lot number."""
        fields_by_name = {name: [key.field for key in order.keys] for name, order in self.items() if name[0] != "-"}
        return " ".join(
            f"`{name}` sorts by {', '.join(fields[: fields.index(name)])} first."
            for name, fields in fields_by_name.items()
            if name in fields[1:]
        )

    @property
    def default(self) -> SortOrder:
        """The order of a request without `sort`."""
        return next(iter(self.values()))
