"""Search: one page in key order, in milliseconds however many there are and whatever part of a name is asked for.

Neither of the two obvious plans is quick for every needle: a walk in key order is endless for a rare one, an index on
parts gives far too many rows for a common one. So each is tried within bounds, and says how much it saw:

1. walk the next keys in order, those of the status if one is asked for, on an index alone; further if that found some;
2. if the page is not full, take what the most telling index gives (order, place, part), and sort it;
3. if that is too much, walk on until the page is full.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from shared.database import Transaction

PART_FROM = 3
"""Characters from which a part is found anywhere in a name; fewer are a beginning."""

RUN = re.compile(r"[A-Za-z0-9]{3}")

WALK = 8000
"""Keys that a first walk looks at for a part: one and a half milliseconds. What is told by rows costs more."""
WALK_ROWS = 1000
WALK_UNTOLD = 16_000
"""Of a part without three letters or digits in a row: the index gives ten rows for one that fits."""
FURTHER = 64_000
"""Keys of a second walk, ten milliseconds."""

FEW = 12
"""With fewer hits in its first walk a needle may be rare: then its index gives little, and a walk would be long."""

ENOUGH = 1500
"""Rows that the index on parts may give: five milliseconds to fetch and sort. Those of one place lie closer."""
ENOUGH_PLACED = 20_000

NO_BOUND = 2**31 - 1
"""Still a LIMIT: it keeps the planner from doing anything but walk."""

Key = tuple[str, str]
"""A product, and what is sought of it."""


def anywhere(part: str | None) -> bool:
    """Whether a part may stand anywhere in a name."""
    return part is not None and len(part) >= PART_FROM


def pattern(part: str | None) -> str:
    """Write a part as LIKE wants it, to be compared with names in lower case."""
    written = (part or "").lower()
    for sign in ("\\", "%", "_"):
        written = written.replace(sign, f"\\{sign}")
    return f"%{written}%" if anywhere(part) else f"{written}%"


def where(conditions: Iterable[str]) -> str:
    """Join conditions, of which there may be none."""
    joined = " AND ".join(conditions)
    return f"WHERE {joined}" if joined else ""


class Plan(NamedTuple):
    """The keys a statement may look at, how their rows are found, and what is checked of key and of row."""

    keys: str
    row: str
    of_key: Sequence[str] = ()
    of_row: Sequence[str] = ()
    kept: bool = False
    """Whether the keys are dear, and kept when they are looked at twice."""

    @property
    def bounded(self) -> str:
        """Write the statement's beginning."""
        return f"WITH bounded AS {'' if self.kept else 'NOT '}MATERIALIZED ({self.keys})"

    def found(self, columns: str, order: str = "") -> str:
        """Write how rows are found; OFFSET 0 keeps it a loop over the keys, which stops when the page is full."""
        row = " AND ".join([self.row, *self.of_row])
        keys = f"SELECT b.* FROM bounded AS b {where(self.of_key)} {order}"  # noqa: S608
        return f"""
            SELECT {columns} FROM ({keys}) AS b CROSS JOIN LATERAL (SELECT s.* FROM {row} OFFSET 0) AS s
        """  # noqa: S608 - made of the service's pieces


class Search(NamedTuple):
    """A search that is under way: what is asked for, and its two ways."""

    tx: Transaction
    part: str | None
    values: Mapping[str, Any]
    size: int
    key: Key
    """The names of the key's columns; `:after_NAME` is where a page begins."""

    shown: str
    walking: Plan
    fetching: Plan | None
    """None where no index tells what is asked."""

    async def page(self, after: Key) -> Sequence[Row[Any]]:
        """Walk a little, fetch if that gives no more than is enough, else walk on."""
        found = await self.walk(after, self._first())
        if FEW <= len(found) < self.size:
            found = [*found, *await self.walk(self._end(found, after), FURTHER, self.size - len(found))]
        if len(found) == self.size:
            return found
        if self.fetching:
            enough = ENOUGH if self.part else ENOUGH_PLACED
            fetched, seen = await self._fetch(self.fetching, after, enough)
            if seen <= enough:
                return fetched
        return [*found, *await self.walk(self._end(found, after), NO_BOUND, self.size - len(found))]

    async def placed(self, after: Key) -> Sequence[Row[Any]]:
        """Fetch what an index tells better than any walk, unless that is too much."""
        if self.fetching:
            fetched, seen = await self._fetch(self.fetching, after, ENOUGH_PLACED)
            if seen <= ENOUGH_PLACED:
                return fetched
        return await self.walk(after, NO_BOUND)

    def _first(self) -> int:
        """How many keys a first walk looks at: the index on parts tells only runs of three letters and digits well."""
        if not self.part:
            return WALK_ROWS
        return WALK if RUN.search(self.part) or not anywhere(self.part) else WALK_UNTOLD

    async def walk(self, after: Key, bound: int, size: int | None = None) -> Sequence[Row[Any]]:
        """Walk until the page is full."""
        statement = text(f"{self.walking.bounded} {self._page(self.walking)}")
        return await self.tx.rows(statement, self._values(after, bound) | {"size": size or self.size})

    async def _fetch(self, plan: Plan, after: Key, enough: int) -> tuple[Sequence[Row[Any]], int]:
        """Take what an index gives, one more than enough at most; what is found, and how many keys it gave."""
        statement = f"""
            {plan.bounded} SELECT found.*, seen.keys AS seen
            FROM (SELECT count(*) AS keys FROM bounded) AS seen LEFT JOIN LATERAL ({self._page(plan)}) AS found ON true
        """  # noqa: S608
        rows = await self.tx.rows(text(statement), self._values(after, enough + 1))
        found = [row for row in rows if getattr(row, self.key[0]) is not None]
        return sorted(found, key=self._of), rows[0].seen

    def _page(self, plan: Plan) -> str:
        """Write the statement's end: the keys are sorted before their rows are fetched, of which few are shown."""
        order = f"ORDER BY {', '.join(f'b.{name}' for name in self.key)}"
        return f"{plan.found(self.shown, order)} {order} LIMIT :size"

    def _values(self, after: Key, bound: int) -> dict[str, Any]:
        begins = {f"after_{name}": value for name, value in zip(self.key, after, strict=True)}
        return {**self.values, **begins, "size": self.size, "bound": bound}

    def _of(self, row: Row[Any]) -> Key:
        return getattr(row, self.key[0]), getattr(row, self.key[1])

    def _end(self, found: Sequence[Row[Any]], after: Key) -> Key:
        """Where a walk goes on."""
        return self._of(found[-1]) if found else after
