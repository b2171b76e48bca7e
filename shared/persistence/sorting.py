"""Orders of a list by columns that an index serves, with the keys of their cursors."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row


class SortOrder(NamedTuple):
    """An order by columns of a unique key, all ascending or all descending; rows without a value are left out."""

    columns: Sequence[str]
    """Columns of the statement, with their table."""
    types: Sequence[str]
    """SQL types of the columns."""
    fields: Sequence[str]
    """Names of the columns in the rows."""
    is_descending: bool = False

    @property
    def condition(self) -> str:
        """The condition of the rows after a cursor, `:after_0`, `:after_1` …, which are null on the first page."""
        start = ", ".join(f"CAST(CAST(:after_{i} AS text) AS {sql_type})" for i, sql_type in enumerate(self.types))
        comparison = f"({', '.join(self.columns)}) {'<' if self.is_descending else '>'} ({start})"
        return f"{self.columns[0]} IS NOT NULL AND (CAST(:after_0 AS text) IS NULL OR {comparison})"

    @property
    def order_by(self) -> str:
        """The ORDER BY clause."""
        direction = " DESC" if self.is_descending else ""
        return f"ORDER BY {', '.join(f'{column}{direction}' for column in self.columns)}"

    def parameters(self, cursor_key: Sequence[str] | None) -> dict[str, str | None]:
        """Return the parameters of the condition."""
        return {f"after_{i}": cursor_key[i] if cursor_key else None for i in range(len(self.columns))}

    @property
    def key_types(self) -> list[type]:
        """Types of the values of a cursor."""
        return [str] * len(self.columns)

    def key(self, row: Row[Any]) -> list[str]:
        """Return the key of a row as the values of a cursor."""
        values = [row._asdict()[field] for field in self.fields]
        return [value.isoformat() if isinstance(value, date) else str(value) for value in values]

    def reverse(self) -> "SortOrder":
        """Return the order from the other end."""
        return self._replace(is_descending=not self.is_descending)
