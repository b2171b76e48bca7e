"""Working sets: identity map, change tracking and indexes."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from shared.working_set import Changes, WorkingSet

NO_CHANGES: Changes[Any, Any] = Changes([], [], [], {})


class Pair(NamedTuple):
    """An immutable row."""

    key: str
    group: str | None
    value: int = 0


@dataclass(slots=True)
class Balance:
    """A mutable row."""

    key: str
    quantity: int


def test_loaded_row_that_is_present_changed_or_removed_stays() -> None:
    """A second load neither overwrites a change nor restores a removed row (S19)."""
    rows: WorkingSet[str, Pair] = WorkingSet(attrgetter("key"))
    rows.load([Pair("a", "g"), Pair("b", "g")])
    rows.put(Pair("a", "g", 2))
    rows.remove("b")
    rows.load([Pair("a", "g"), Pair("b", "g"), Pair("c", "g")])
    assert [row.key for row in rows] == ["a", "c"]
    assert rows["a"].value == 2


def test_evicted_row_is_neither_present_nor_deleted() -> None:
    """A saved row that is evicted leaves no change; a new row with its key is an insert."""
    rows: WorkingSet[str, Pair] = WorkingSet(attrgetter("key"))
    rows.load([Pair("a", "g")])
    rows.evict("a")
    assert "a" not in rows
    assert rows.pop_changes() == NO_CHANGES
    rows.put(Pair("a", "h"))
    assert rows.pop_changes().added == [Pair("a", "h")]


def test_changed_row_is_saved_once() -> None:
    """A row that is changed in place is found by its state, and is unchanged after the save."""
    rows: WorkingSet[str, Balance] = WorkingSet(attrgetter("key"), attrgetter("quantity"))
    rows.load([Balance("a", 1), Balance("b", 1)])
    rows["a"].quantity = 5
    rows.put(Balance("c", 1))
    changes = rows.pop_changes()
    assert ([row.key for row in changes.added], [row.key for row in changes.changed]) == (["c"], ["a"])
    assert changes.saved_states == {"a": 1}
    assert rows.pop_changes() == NO_CHANGES
    rows["c"].quantity = 2
    assert [row.key for row in rows.pop_changes().changed] == ["c"]


steps = st.lists(
    st.tuples(
        st.sampled_from(["load", "put", "remove", "save"]), st.sampled_from("abcd"), st.sampled_from(["g", "h", None])
    )
)


@given(steps, st.integers(0, 5))
def test_changes_turn_the_saved_rows_into_the_current_ones(
    steps: list[tuple[str, str, str | None]], first_use: int
) -> None:
    """Applied to a table, the changes give the rows of the set; an index gives the same groups as a scan."""
    table: dict[str, Pair] = {"a": Pair("a", "g"), "b": Pair("b", None)}
    rows: WorkingSet[str, Pair] = WorkingSet(attrgetter("key"))
    by_group = rows.index(attrgetter("group"))
    touched: set[str] = set()
    for number, (step, key, group) in enumerate(steps):
        if step == "load" and key in table:
            rows.load([table[key]])
            touched.add(key)
        elif step == "put" and (key in touched or key not in table):
            rows.put(Pair(key, group, number))
            touched.add(key)
        elif step == "remove" and key in rows:
            rows.remove(key)
        elif step == "save":
            changes = rows.pop_changes()
            for removed in changes.removed:
                del table[removed]
            assert not {row.key for row in changes.added} & table.keys()
            assert {row.key for row in changes.changed} <= table.keys()
            table |= {row.key: row for row in (*changes.added, *changes.changed)}
            assert {row.key: row for row in rows} == {key: table[key] for key in touched if key in table}
        if number >= first_use:
            for name in ("g", "h"):
                assert {row.key for row in by_group[name]} == {row.key for row in rows if row.group == name}
