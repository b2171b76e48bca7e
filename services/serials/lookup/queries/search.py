"""Search by part of a serial and by what a unit is, in the order of product and serial, fast at millions.

Two statements, because no single plan serves both kinds of question. The first walks the next rows in the order of the
list and filters them: it answers at once whatever hits often. Where it finds too few, the second goes by the narrowest
index, and its order is an expression, so that the planner cannot walk the list again instead.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from shared.contracts.serials import Status
from shared.database import Transaction

WALK = 8000
"""Rows that the first statement looks at: some milliseconds."""
CAP = 1000
"""Counts beyond say no more than that there are more."""
PART = 3
"""From so many characters on anywhere in a serial; fewer are its beginning, as there is no trigram to look up."""

SHOWN = """
    s.sku, s.serial, s.status::text AS status, s.warehouse, s.location, s.order_id AS "order", s.order_line,
    s.shipment, s.receipt, s.holds > 0 AS held, s.adjustment
"""


class Filters(NamedTuple):
    """What is looked for; every part given must hold."""

    q: str | None = None
    sku: str | None = None
    status: Status | None = None
    warehouse: str | None = None
    location: str | None = None
    order: str | None = None
    held: bool | None = None

    def needle(self) -> str | None:
        """The pattern that a serial in lower case has to match (S31)."""
        if not self.q:
            return None
        plain = self.q.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        return f"%{plain}%" if len(self.q) >= PART else f"{plain}%"

    def values(self) -> dict[str, Any]:
        """The statement's values."""
        given = {name: value for name, value in self._asdict().items() if value is not None and name != "q"}
        given.pop("held", None)
        return given | ({"needle": self.needle()} if self.q else {})


def _state(filters: Filters) -> list[str]:
    """What the state of a unit has to satisfy."""
    return [
        condition
        for condition, given in (
            ("s.status = CAST(:status AS status)", filters.status),
            ("s.warehouse = :warehouse", filters.warehouse),
            ("s.location = :location", filters.location),
            ("s.order_id = :order", filters.order),
            ("s.holds > 0" if filters.held else "s.holds = 0", filters.held),
        )
        if given is not None
    ]


def _where(conditions: Sequence[str]) -> str:
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def walk(filters: Filters) -> str:
    """The next rows of the list, filtered; by status where one is given, as an index has them in order."""
    if filters.status is not None:
        source, first, rest = "serial_state", ["status = CAST(:status AS status)"], filters._replace(status=None)
    else:
        source, first, rest = "serial", [], filters
    first += (
        ["sku = :sku", "serial > :after_serial"] if filters.sku else ["(sku, serial) > (:after_sku, :after_serial)"]
    )
    needle = ["lower(w.serial) LIKE :needle"] if filters.q else []
    return f"""
        WITH w AS (SELECT id, sku, serial FROM {source} {_where(first)} ORDER BY sku, serial LIMIT {WALK})
        SELECT {SHOWN}, (SELECT count(*) FROM w) AS walked
        FROM w JOIN serial_state AS s USING (id) {_where([*needle, *_state(rest)])}
        ORDER BY w.sku, w.serial LIMIT :size
    """  # noqa: S608 - the parts are this module's own


def pinpoint(filters: Filters) -> str:
    """Everything that matches, by the narrowest index, then the first of it."""
    conditions = ["(k.sku || '', k.serial || '') > (:after_sku, :after_serial)"]
    if filters.q:
        conditions.append("lower(k.serial) LIKE :needle")
    if filters.sku:
        conditions.append("k.sku = :sku")
    return f"""
        SELECT {SHOWN} FROM serial AS k JOIN serial_state AS s USING (id) {_where([*conditions, *_state(filters)])}
        ORDER BY (k.sku || ''), (k.serial || '') LIMIT :size
    """  # noqa: S608


async def search(tx: Transaction, filters: Filters, after: tuple[str, str], size: int) -> Sequence[Row[Any]]:
    """The first `size` units behind `after`, by product and serial."""
    values = filters.values() | {"after_sku": after[0], "after_serial": after[1], "size": size}
    if filters.order is None and filters.location is None:
        found = await tx.rows(text(walk(filters)), values)
        if len(found) == size or (found and found[0].walked < WALK):
            return found
    return await tx.rows(text(pinpoint(filters)), values)


async def counts(tx: Transaction, filters: Filters) -> dict[str, int]:
    """How many units match in each status; one beyond the cap says that there are more (S33)."""
    filters = filters._replace(status=None)
    if filters.q:
        return await _counts_of_hits(tx, filters)
    conditions = ["s.status = status.name", *_state(filters)]
    if filters.sku:
        conditions.append("s.sku = :sku")
    rows = await tx.rows(
        text(f"""
            SELECT status.name::text AS status, found.n
            FROM unnest(enum_range(NULL::status)) AS status (name),
            LATERAL (
                SELECT count(*) AS n FROM (SELECT FROM serial_state AS s {_where(conditions)} LIMIT {CAP + 1})
            ) AS found
        """),  # noqa: S608
        filters.values(),
    )
    return {row.status: row.n for row in rows}


async def _counts_of_hits(tx: Transaction, filters: Filters) -> dict[str, int]:
    sku = "AND k.sku = :sku" if filters.sku else ""
    rows = await tx.rows(
        text(f"""
            WITH hit AS MATERIALIZED (
                SELECT s.status FROM serial AS k JOIN serial_state AS s USING (id)
                {_where(["lower(k.serial) LIKE :needle", *_state(filters)])} {sku} LIMIT {6 * CAP}
            )
            SELECT status.name::text AS status, count(hit.status) AS n, (SELECT count(*) FROM hit) AS hits
            FROM unnest(enum_range(NULL::status)) AS status (name) LEFT JOIN hit ON hit.status = status.name
            GROUP BY status.name
        """),  # noqa: S608
        filters.values(),
    )
    more = bool(rows) and rows[0].hits == 6 * CAP
    return {row.status: CAP + 1 if more and row.n else min(row.n, CAP + 1) for row in rows}
