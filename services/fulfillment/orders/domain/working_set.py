"""Change tracking for the records of one table."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class WorkingSet(Generic[K, V]):
    """The records of one table by key; tracks which were added, changed or removed since loading."""

    def __init__(self, rows: Mapping[K, V] | None = None) -> None:
        self._rows = dict(rows or {})
        self._loaded = frozenset(self._rows)
        self._changed: dict[K, None] = {}

    def get(self, key: K) -> V | None:
        """The current record, or None."""
        return self._rows.get(key)

    def __iter__(self) -> Iterator[V]:
        return iter(self._rows.values())

    def put(self, key: K, row: V) -> None:
        """Add a record, or mark it as changed."""
        self._rows[key] = row
        self._changed[key] = None

    def remove(self, key: K) -> None:
        """Remove a record."""
        del self._rows[key]
        self._changed[key] = None

    def added(self) -> list[V]:
        """Records to insert."""
        return [self._rows[key] for key in self._changed if key in self._rows and key not in self._loaded]

    def changed(self) -> list[V]:
        """Records to update."""
        return [self._rows[key] for key in self._changed if key in self._rows and key in self._loaded]

    def removed(self) -> list[K]:
        """Keys of records to delete."""
        return [key for key in self._changed if key not in self._rows and key in self._loaded]
