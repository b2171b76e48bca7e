"""Search: one page in key order, in milliseconds however many serials there are and whatever is asked.

Neither of the two obvious plans is quick for every needle: a walk in key order is endless for a rare one, an index on
parts gives far too many rows for a common one. So each is tried within bounds, and says how much it saw:

1. walk the next keys in order, those of the status if one is asked for, on an index alone; further if that found some;
2. if the page is not full, take what the most telling index gives (order, place, part), and sort it;
3. if that is too much, walk on until the page is full.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from services.serials.lookup.queries.filters import OF_UNIT, Filters, where
from shared.database import Transaction

WALK = 8000
"""Keys that a first walk looks at for a part: one and a half milliseconds. What is told by units costs more."""
WALK_UNITS = 1000
FURTHER = 64_000
"""Keys of a second walk, ten milliseconds; and of the first for a part of which the index knows next to nothing."""

FEW = 12
"""With fewer hits in its first walk a needle may be rare: then its index gives little, and a walk would be long."""

ENOUGH = 1500
"""Rows that the index on parts may give: five milliseconds to fetch and sort. Those of one place lie closer."""
ENOUGH_PLACED = 20_000

NO_BOUND = 2**31 - 1
"""Still a LIMIT: it keeps the planner from doing anything but walk."""

SHOWN = """
    s.sku, s.serial, s.status::text AS status, s.warehouse, s.location, s.order_id AS "order", s.order_line,
    s.shipment, s.receipt, s.holds > 0 AS held, s.adjustment, s.lot, s.expiry
"""


BY_NAME = "serial AS k JOIN serial_state AS s ON s.id = k.id WHERE k.sku = b.sku AND k.serial = b.serial"
BY_ID = "serial_state AS s WHERE s.id = b.id"


class Plan(NamedTuple):
    """The keys a statement may look at, how their units are found, and what is checked of key and of unit."""

    keys: str
    unit: str
    of_key: Sequence[str] = ()
    of_unit: Sequence[str] = ()
    kept: bool = False
    """Whether the keys are dear, and kept when they are looked at twice."""

    @property
    def bounded(self) -> str:
        """Write the statement's beginning."""
        return f"WITH bounded AS {'' if self.kept else 'NOT '}MATERIALIZED ({self.keys})"

    def found(self, columns: str, order: str = "") -> str:
        """Write how units are found; OFFSET 0 keeps it a loop over the keys, which stops when the page is full."""
        unit = " AND ".join([self.unit, *self.of_unit])
        keys = f"SELECT b.* FROM bounded AS b {where(self.of_key)} {order}"  # noqa: S608
        return f"""
            SELECT {columns} FROM ({keys}) AS b CROSS JOIN LATERAL (SELECT s.* FROM {unit} OFFSET 0) AS s
        """  # noqa: S608 - made of this module's pieces

    @property
    def page(self) -> str:
        """Write the statement's end: the keys are sorted before their units are fetched, of which few are shown."""
        order = "ORDER BY b.sku, b.serial"
        return f"{self.found(SHOWN, order)} {order} LIMIT :size"


async def search(tx: Transaction, filters: Filters, after: tuple[str, str], size: int) -> Sequence[Row[Any]]:
    """Give the next units in order of sku and serial."""
    asked = Asked(tx, filters, size)
    if not filters.beside_the_key:
        return await asked.walk(after, size)
    if filters.order or filters.location or filters.lot or filters.held:
        found, seen = await asked.fetch(after, ENOUGH_PLACED)
        return found if seen <= ENOUGH_PLACED else await asked.walk(after, NO_BOUND)
    found = await asked.walk(after, first_walk(filters))
    if FEW <= len(found) < size:
        found = [*found, *await asked.walk(end(found, after), FURTHER, size - len(found))]
    if len(found) == size:
        return found
    if not (filters.q or filters.warehouse):  # no index tells the rest
        return [*found, *await asked.walk(end(found, after), NO_BOUND, size - len(found))]
    enough = ENOUGH if filters.q else ENOUGH_PLACED
    fetched, seen = await asked.fetch(after, enough)
    if seen <= enough:
        return fetched
    return [*found, *await asked.walk(end(found, after), NO_BOUND, size - len(found))]


def end(found: Sequence[Row[Any]], after: tuple[str, str]) -> tuple[str, str]:
    """Where a walk goes on."""
    return (found[-1].sku, found[-1].serial) if found else after


def first_walk(filters: Filters) -> int:
    """How many keys a first walk looks at."""
    if not filters.q:
        return WALK_UNITS
    return WALK if filters.indexed or not filters.anywhere else FURTHER


class Asked(NamedTuple):
    """A search that is under way."""

    tx: Transaction
    filters: Filters
    size: int

    def _values(self, after: tuple[str, str], bound: int) -> dict[str, Any]:
        values = {"after_sku": after[0], "after_serial": after[1], "size": self.size, "bound": bound}
        return self.filters.values() | values

    async def walk(self, after: tuple[str, str], bound: int, size: int | None = None) -> Sequence[Row[Any]]:
        """Walk until the page is full."""
        plan = walk(self.filters)
        return await self.tx.rows(
            text(f"{plan.bounded} {plan.page}"), self._values(after, bound) | {"size": size or self.size}
        )

    async def fetch(self, after: tuple[str, str], enough: int) -> tuple[Sequence[Row[Any]], int]:
        """Take what an index gives, one more than enough at most; what is found, and how many keys it gave."""
        plan = fetch(self.filters)
        statement = f"""
            {plan.bounded} SELECT found.*, seen.keys AS seen
            FROM (SELECT count(*) AS keys FROM bounded) AS seen LEFT JOIN LATERAL ({plan.page}) AS found ON true
        """  # noqa: S608
        rows = await self.tx.rows(text(statement), self._values(after, enough + 1))
        found = [row for row in rows if row.sku is not None]
        return sorted(found, key=lambda row: (row.sku, row.serial)), rows[0].seen


def walk(filters: Filters) -> Plan:
    """Walk in key order: on the index of the status, or of all serials."""
    source = "serial_state AS s" if filters.status else "serial AS s"
    after = "s.serial > :after_serial" if filters.sku else "(s.sku, s.serial) > (:after_sku, :after_serial)"
    keys = where([*filters.conditions(["sku", "status"]), after])
    return Plan(
        f"SELECT s.sku, s.serial FROM {source} {keys} ORDER BY s.sku, s.serial LIMIT :bound",  # noqa: S608
        BY_NAME,
        filters.conditions(["q"], "b"),
        filters.conditions(OF_UNIT),
    )


def fetch(filters: Filters) -> Plan:
    """Fetch by the index that tells most; the cursor is looked at afterwards, so every page is found alike."""
    told_by = next(
        name
        for name, asked in (
            ("order", filters.order),
            ("location", filters.location),
            ("lot", filters.lot),
            ("held", filters.held),
            ("q", filters.anywhere),
            ("warehouse", filters.warehouse),
            ("q", filters.q),
        )
        if asked
    )
    source = "serial AS s" if told_by == "q" else "serial_state AS s"
    return Plan(
        f"SELECT s.id, s.sku, s.serial FROM {source} {where(filters.conditions([told_by]))} LIMIT :bound",  # noqa: S608
        BY_ID,
        [*filters.conditions(["sku", "q"], "b"), "(b.sku, b.serial) > (:after_sku, :after_serial)"],
        filters.conditions(["status", *OF_UNIT]),
        kept=True,
    )
