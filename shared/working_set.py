"""Working sets: the rows of one table in a unit of work, with an identity map and change tracking."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
G = TypeVar("G", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Changes(Generic[K, R]):
    """Changes of a working set since its rows were loaded or last saved."""

    added: list[R]
    changed: list[R]
    removed: list[K]
    saved_states: Mapping[K, Any]
    """State of each changed or removed row when it was loaded or last saved."""


class WorkingSet(Generic[K, R]):
    """The rows of one table by key; a row that is not loaded does not exist for the rules.

    Immutable rows are replaced with `put`. Mutable rows are changed in place; then `state` returns the values to
    compare, for example an `attrgetter` of the columns.
    """

    def __init__(self, key: Callable[[R], K], state: Callable[[R], Any] | None = None) -> None:
        self.key = key
        self._state = state or _row_itself
        self._rows: dict[K, R] = {}
        self._saved: dict[K, Any] = {}
        self._indexes: list[Index[Any, K, R]] = []
        """Indexes that have been used."""

    def load(self, rows: Iterable[R]) -> None:
        """Add loaded rows; a row that is already present, changed or removed stays as it is."""
        for row in rows:
            key = self.key(row)
            if key not in self._rows and key not in self._saved:
                self._saved[key] = self._state(row)
                self._insert(key, row)

    def put(self, row: R) -> R:
        """Add a new row, or replace the row with the same key; returns the row."""
        self._insert(self.key(row), row)
        return row

    def remove(self, key: K) -> R:
        """Remove a row; a loaded row is deleted when the unit of work is saved."""
        for index in self._indexes:
            index.discard(key)
        return self._rows.pop(key)

    def evict(self, key: K) -> R:
        """Drop a saved row without deleting it."""
        del self._saved[key]
        return self.remove(key)

    def get(self, key: K) -> R | None:
        """Return the row of a key, or None."""
        return self._rows.get(key)

    def __getitem__(self, key: K) -> R:
        """Return the row of a key."""
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        """Whether a key has a row."""
        return key in self._rows

    def __iter__(self) -> Iterator[R]:
        """Iterate over the rows in the order of their insertion."""
        return iter(self._rows.values())

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def saved_state(self, key: K) -> Any:
        """Return the state of a row when it was loaded or last saved."""
        return self._saved[key]

    def is_new(self, key: K) -> bool:
        """Whether the row of a key was added and is not saved yet."""
        return key in self._rows and key not in self._saved

    def index(self, group: Callable[[R], G | None]) -> "Index[G, K, R]":
        """Create an index by a secondary key; rows with the key None are left out.

        A row that is changed in place keeps its group: `put` it again to move it.
        """
        return Index(self, group, self._indexes)

    def pop_changes(self) -> Changes[K, R]:
        """Return the changes to save, and regard them as saved from now on."""
        added, changed, saved_states = [], [], {}
        for key, row in self._rows.items():
            state = self._state(row)
            if key not in self._saved:
                added.append(row)
            elif state != (saved_state := self._saved[key]):
                changed.append(row)
                saved_states[key] = saved_state
            else:
                continue
            self._saved[key] = state
        removed = [key for key in self._saved if key not in self._rows] if len(self._saved) > len(self._rows) else []
        for key in removed:
            saved_states[key] = self._saved.pop(key)
        return Changes(added, changed, removed, saved_states)

    def _insert(self, key: K, row: R) -> None:
        self._rows[key] = row
        for index in self._indexes:
            index.add(key, row)


class Index(Generic[G, K, R]):
    """The rows of a working set by a secondary key; built at its first use."""

    def __init__(
        self, rows: WorkingSet[K, R], group: Callable[[R], G | None], used_indexes: "list[Index[Any, K, R]]"
    ) -> None:
        self._working_set, self._group, self._used_indexes = rows, group, used_indexes
        self._rows_by_group: dict[G, dict[K, R]] = {}
        self._group_by_key: dict[K, G] = {}
        self._is_built = False

    def __getitem__(self, group: G) -> list[R]:
        """Return the rows of a group in the order of their insertion."""
        if not self._is_built:
            self._is_built = True
            self._used_indexes.append(self)
            for row in self._working_set:
                self.add(self._working_set.key(row), row)
        return list(self._rows_by_group.get(group, {}).values())

    def add(self, key: K, row: R) -> None:
        """Add a row, or move it to its current group."""
        group = self._group(row)
        if self._group_by_key.get(key, group) != group:
            self.discard(key)
        if group is not None:
            self._group_by_key[key] = group
            self._rows_by_group.setdefault(group, {})[key] = row

    def discard(self, key: K) -> None:
        """Remove a row."""
        if key in self._group_by_key:
            del self._rows_by_group[self._group_by_key.pop(key)][key]


def _row_itself(row: R) -> R:
    return row
