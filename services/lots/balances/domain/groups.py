"""Working copies by what they have in common: those of one lot, those at one place."""

from collections.abc import Callable, Hashable, Mapping
from itertools import islice
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Groups(Generic[K, V]):
    """Rows by a key of theirs, each looked at once, however often it is asked; rows may be added, none is taken out."""

    def __init__(self, rows: Mapping[Any, V], key: Callable[[V], K]) -> None:
        self._rows, self._key = rows, key
        self._seen = 0
        self._groups: dict[K, list[V]] = {}

    def __getitem__(self, key: K) -> list[V]:
        """Give those of a group, in the order in which they were added."""
        if self._seen < len(self._rows):
            for row in islice(self._rows.values(), self._seen, None):
                self._groups.setdefault(self._key(row), []).append(row)
            self._seen = len(self._rows)
        return self._groups.get(key, [])
