"""A shelf: the rows of one table, and what became of them."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """The rows of one table by key, and which of them are new, changed or gone since they were loaded."""

    def __init__(self, rows: Mapping[K, V] | None = None) -> None:
        self._rows = dict(rows or {})
        self._loaded = frozenset(self._rows)
        self._touched: dict[K, None] = {}

    def get(self, key: K) -> V | None:
        """The row as it stands now."""
        return self._rows.get(key)

    def __iter__(self) -> Iterator[V]:
        return iter(self._rows.values())

    def put(self, key: K, row: V) -> None:
        """Add a row, or mark it as changed."""
        self._rows[key] = row
        self._touched[key] = None

    def drop(self, key: K) -> None:
        """Take a row out."""
        del self._rows[key]
        self._touched[key] = None

    def added(self) -> list[V]:
        """Rows to insert."""
        return [self._rows[key] for key in self._touched if key in self._rows and key not in self._loaded]

    def changed(self) -> list[V]:
        """Rows to update."""
        return [self._rows[key] for key in self._touched if key in self._rows and key in self._loaded]

    def dropped(self) -> list[K]:
        """Keys of rows to delete."""
        return [key for key in self._touched if key not in self._rows and key in self._loaded]
