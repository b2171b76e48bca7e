"""Secondary index over working copies."""

from collections.abc import Callable, Hashable, Mapping
from itertools import islice
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SecondaryIndex(Generic[K, V]):
    """Groups rows by a secondary key and indexes each row once. Rows may be added, but not removed."""

    def __init__(self, rows: Mapping[Any, V], key: Callable[[V], K]) -> None:
        self._rows, self._key = rows, key
        self._indexed_count = 0
        self._groups: dict[K, list[V]] = {}

    def __getitem__(self, key: K) -> list[V]:
        """Return the rows of a group in insertion order."""
        if self._indexed_count < len(self._rows):
            for row in islice(self._rows.values(), self._indexed_count, None):
                self._groups.setdefault(self._key(row), []).append(row)
            self._indexed_count = len(self._rows)
        return self._groups.get(key, [])
