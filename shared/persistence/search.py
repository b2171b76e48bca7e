"""Substring search: one page in key order, within milliseconds for any table size and any search term.

Neither obvious plan is fast for every term: a key-order scan takes too long for rare terms, and a trigram index returns
too many rows for common ones. Each plan is therefore tried within limits:

1. scan the next keys in order on an index alone, filtered by status if requested; scan deeper if there were matches;
2. if the page is not full, fetch and sort the rows of the most selective index (order, location, substring);
3. if these are too many, continue the scan until the page is full.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

MIN_SUBSTRING = 3
"""Minimum length of a term that matches anywhere in a name; shorter terms match as prefixes."""

ALPHANUMERIC_RUN = re.compile(r"[A-Za-z0-9]{3}")

SCAN_LIMIT = 8000
"""Keys of a first scan for a term (1.5 ms). Conditions on rows cost more per key."""
SCAN_LIMIT_ROWS = 1000
SCAN_LIMIT_NO_STATS = 16_000
"""Keys of a first scan for terms without three consecutive letters or digits, for which trigrams are imprecise."""
DEEP_SCAN_LIMIT = 64_000
"""Keys of a second scan (10 ms)."""

RARE_MATCH_LIMIT = 12
"""With fewer matches in the first scan the term may be rare: its index returns few rows and a scan would be long."""

ROW_CAP = 1500
"""Maximum rows from the trigram index (5 ms to fetch and sort). Rows of one location are closer together."""
ROW_CAP_LOCATION = 20_000

UNBOUNDED = 2**31 - 1
"""A LIMIT without effect, which forces the planner to scan in key order."""

SearchKey = tuple[str, str]
"""SKU and serial or lot number."""


def is_substring(term: str | None) -> bool:
    """Return whether a term matches anywhere in a name, not only as a prefix."""
    return term is not None and len(term) >= MIN_SUBSTRING


def like_pattern(term: str | None) -> str:
    """Build a LIKE pattern for lower-case names."""
    escaped = (term or "").lower()
    for character in ("\\", "%", "_"):
        escaped = escaped.replace(character, f"\\{character}")
    return f"%{escaped}%" if is_substring(term) else f"{escaped}%"


def where_clause(conditions: Iterable[str]) -> str:
    """Build a WHERE clause from conditions, empty if there are none."""
    clause = " AND ".join(conditions)
    return f"WHERE {clause}" if clause else ""


class ScanPlan(NamedTuple):
    """A query plan: the query of candidate keys, the source of their rows, and conditions on both."""

    keys_query: str
    row_source: str
    key_conditions: Sequence[str] = ()
    row_conditions: Sequence[str] = ()
    is_materialized: bool = False
    """Whether the candidate keys are materialised, for expensive key queries used twice."""

    @property
    def cte(self) -> str:
        """The WITH clause of the statement."""
        return f"WITH bounded AS {'' if self.is_materialized else 'NOT '}MATERIALIZED ({self.keys_query})"

    def select(self, columns: str, order: str = "") -> str:
        """Build the row query; OFFSET 0 keeps the nested loop over the keys, which stops at a full page."""
        row_subquery = " AND ".join([self.row_source, *self.row_conditions])
        keys_subquery = f"SELECT b.* FROM bounded AS b {where_clause(self.key_conditions)} {order}"  # noqa: S608
        return f"""
            SELECT {columns} FROM ({keys_subquery}) AS b
            CROSS JOIN LATERAL (SELECT s.* FROM {row_subquery} OFFSET 0) AS s
        """  # noqa: S608 - built from constants of the services


class Search(NamedTuple):
    """A search for one page, with its two query plans."""

    tx: Transaction
    term: str | None
    parameters: Mapping[str, Any]
    page_size: int
    key_columns: SearchKey
    """Names of the key columns; `:after_NAME` is the start of the page."""

    columns: str
    scan_plan: ScanPlan
    index_plan: ScanPlan | None
    """None if no index is selective for the request."""

    async def find_page(self, after: SearchKey) -> Sequence[Row[Any]]:
        """Scan within a limit, use the index if it returns few rows, otherwise continue the scan."""
        rows = await self.scan_keys(after, self._first_scan_limit())
        if RARE_MATCH_LIMIT <= len(rows) < self.page_size:
            rows = [
                *rows,
                *await self.scan_keys(self._resume_key(rows, after), DEEP_SCAN_LIMIT, self.page_size - len(rows)),
            ]
        if len(rows) == self.page_size:
            return rows
        if self.index_plan:
            row_cap = ROW_CAP if self.term else ROW_CAP_LOCATION
            index_rows, key_count = await self._use_index(self.index_plan, after, row_cap)
            if key_count <= row_cap:
                return index_rows
        return [*rows, *await self.scan_keys(self._resume_key(rows, after), UNBOUNDED, self.page_size - len(rows))]

    async def search_location(self, after: SearchKey) -> Sequence[Row[Any]]:
        """Use the location index unless it returns too many rows."""
        if self.index_plan:
            index_rows, key_count = await self._use_index(self.index_plan, after, ROW_CAP_LOCATION)
            if key_count <= ROW_CAP_LOCATION:
                return index_rows
        return await self.scan_keys(after, UNBOUNDED)

    def _first_scan_limit(self) -> int:
        """Return the key limit of the first scan, depending on how selective the trigram index is."""
        if not self.term:
            return SCAN_LIMIT_ROWS
        return SCAN_LIMIT if ALPHANUMERIC_RUN.search(self.term) or not is_substring(self.term) else SCAN_LIMIT_NO_STATS

    async def scan_keys(self, after: SearchKey, limit: int, size: int | None = None) -> Sequence[Row[Any]]:
        """Scan keys in order until the page is full or the limit is reached."""
        statement = text(f"{self.scan_plan.cte} {self._page_query(self.scan_plan)}")
        return await self.tx.fetch_all(
            statement, self._page_parameters(after, limit) | {"size": size or self.page_size}
        )

    async def _use_index(self, plan: ScanPlan, after: SearchKey, row_cap: int) -> tuple[Sequence[Row[Any]], int]:
        """Fetch at most `row_cap` + 1 rows by index; returns the matches and the number of keys read."""
        statement = f"""
            {plan.cte} SELECT matches.*, scanned.key_count
            FROM (SELECT count(*) AS key_count FROM bounded) AS scanned
            LEFT JOIN LATERAL ({self._page_query(plan)}) AS matches ON true
        """  # noqa: S608
        rows = await self.tx.fetch_all(text(statement), self._page_parameters(after, row_cap + 1))
        matches = [row for row in rows if getattr(row, self.key_columns[0]) is not None]
        return sorted(matches, key=self._key_of), rows[0].key_count

    def _page_query(self, plan: ScanPlan) -> str:
        """Build the page query; keys are sorted before their rows are fetched, since a page needs few rows."""
        order = f"ORDER BY {', '.join(f'b.{name}' for name in self.key_columns)}"
        return f"{plan.select(self.columns, order)} {order} LIMIT :size"

    def _page_parameters(self, after: SearchKey, limit: int) -> dict[str, Any]:
        cursor_parameters = {f"after_{name}": value for name, value in zip(self.key_columns, after, strict=True)}
        return {**self.parameters, **cursor_parameters, "size": self.page_size, "bound": limit}

    def _key_of(self, row: Row[Any]) -> SearchKey:
        return getattr(row, self.key_columns[0]), getattr(row, self.key_columns[1])

    def _resume_key(self, rows: Sequence[Row[Any]], after: SearchKey) -> SearchKey:
        """Return the key after which the scan continues."""
        return self._key_of(rows[-1]) if rows else after
