"""Sets of rows: equal group columns make one command, and changed rows state their part again."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message, chunks
from shared.imports import store
from shared.imports.kinds import ImportKind, RowSet
from shared.imports.store import Import
from shared.persistence.database import Transaction


class WorkSet(NamedTuple):
    """Pending rows that are processed together."""

    members: Sequence[Row[Any]]
    part: int | None = None
    """Part of their receipt, of kinds that have parts."""
    others: Sequence[Row[Any]] = ()
    """Done rows of the same part, which is stated as a whole."""

    def build(self, kind: ImportKind, number: str, ordinal: int) -> Sequence[Message]:
        """Build the commands of the set."""
        fields = [row.fields for row in (*self.members, *self.others)]
        return kind.build(RowSet(number, ordinal, fields, self.part or 1))


async def plan_sets(
    tx: Transaction, job: Import, kind: ImportKind, rows: Sequence[Row[Any]], size: int
) -> list[WorkSet]:
    """Split rows into sets of at most `size`; the rows of a part that is stated again stay together."""
    if not kind.find_parts:
        return [WorkSet(members) for members in split_sets(kind, rows, size)]
    parts = dict(await kind.find_parts(tx, [row.fields for row in rows]))
    planned = []
    for members in split_sets(kind, [row for row in rows if row.part is None], size):
        document = members[0].fields[kind.group[0]]
        part = parts.get(document, 1)
        parts[document] = part + 1
        planned.append(WorkSet(members, part))
    changed: dict[tuple[str, int], list[Row[Any]]] = {}
    for row in rows:
        if row.part is not None:
            changed.setdefault((row.fields[kind.group[0]], row.part), []).append(row)
    done = await store.load_done_parts(tx, job, kind.group[0], list(changed)) if changed else {}
    return planned + [WorkSet(members, key[1], done.get(key, ())) for key, members in changed.items()]


def split_sets(
    kind: ImportKind, rows: Sequence[Row[Any]], size: int = MAX_ITEMS_PER_MESSAGE
) -> list[Sequence[Row[Any]]]:
    """Split rows into sets of equal group columns; without group columns each row is a set."""
    if not kind.group:
        return [[row] for row in rows]
    groups: dict[tuple[str, ...], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(kind.group_of(row.fields), []).append(row)
    return [part for members in groups.values() for part in chunks(members, size)]
