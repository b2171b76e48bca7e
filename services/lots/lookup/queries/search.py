"""Search among lots: by part of their number, by expiry, by what lies where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.lots.lookup.queries.lots import FACTS
from shared.database import Transaction
from shared.search import Key, Plan, Search, anywhere, pattern, where

# Only for the lots of a page.
SHOWN = f"""
    {FACTS},
    (SELECT coalesce(sum(on_hand), 0) FROM balance AS o WHERE o.sku = s.sku AND o.lot = s.lot) AS on_hand,
    (SELECT coalesce(sum(allocated), 0) FROM balance AS o WHERE o.sku = s.sku AND o.lot = s.lot) AS allocated,
    (SELECT coalesce(sum(quantity), 0) FROM picked AS o
     WHERE o.sku = s.sku AND o.lot = s.lot AND o.quantity > 0) AS picked,
    EXISTS (SELECT FROM hold AS o WHERE o.sku = s.sku AND o.lot = s.lot AND o.lifted_at IS NULL) AS held
"""  # noqa: S608 - all parts are this service's own

PART = "lower({}.lot) LIKE :pattern"
FOUND_BY = {
    "location": "SELECT s.sku, s.lot FROM balance AS s WHERE s.location = :location AND s.on_hand > 0 LIMIT :bound",
    "part": f"SELECT s.sku, s.lot FROM lot AS s WHERE {PART.format('s')} LIMIT :bound",  # noqa: S608
    "before": "SELECT s.sku, s.lot FROM lot AS s WHERE s.expiry < :before LIMIT :bound",
    # in the order of its index, or all of the warehouse would be read for what is distinct
    "warehouse": """
        SELECT DISTINCT s.expiry, s.sku, s.lot FROM balance AS s
        WHERE s.warehouse = :warehouse AND s.on_hand > 0 ORDER BY s.expiry, s.sku, s.lot LIMIT :bound
    """,
}
"""Where an index tells what is asked for, by what."""


@dataclass(frozen=True)
class Filters:
    """What is asked for; what is left out does not matter."""

    part: str | None = None
    sku: str | None = None
    before: date | None = None
    warehouse: str | None = None
    location: str | None = None
    stocked: bool = False

    @property
    def of_lot(self) -> list[str]:
        """What a lot's own row tells, and what lies of it."""
        lying = ["o.sku = s.sku AND o.lot = s.lot AND o.on_hand > 0"]
        lying += ["o.warehouse = :warehouse"] if self.warehouse else []
        lying += ["o.location = :location"] if self.location else []
        exists = f"EXISTS (SELECT FROM balance AS o {where(lying)})"
        placed = self.stocked or self.warehouse or self.location
        return [*(["s.expiry < :before"] if self.before else []), *([exists] if placed else [])]


async def search(tx: Transaction, filters: Filters, after: Key, size: int) -> Sequence[Row[Any]]:
    """Give the next lots in order of product and number."""
    values = {
        "pattern": pattern(filters.part), "sku": filters.sku, "before": filters.before,
        "warehouse": filters.warehouse, "location": filters.location,
    }  # fmt: skip
    asked = Search(tx, filters.part, values, size, ("sku", "lot"), SHOWN, walk(filters), fetch(filters))
    if filters.location:
        return await asked.placed(after)
    return await asked.page(after) if filters.part or filters.of_lot else await asked.walk(after, size)


def walk(filters: Filters) -> Plan:
    """Walk in key order."""
    # By both, with a product too: what is not tracked has a lot without a name, after which none would be found.
    after = ["(s.sku, s.lot) > (:after_sku, :after_lot)", *(["s.sku = :sku"] if filters.sku else [])]
    return Plan(
        f"SELECT s.sku, s.lot FROM lot AS s {where(after)} ORDER BY s.sku, s.lot LIMIT :bound",  # noqa: S608
        "lot AS s WHERE s.sku = b.sku AND s.lot = b.lot",
        [PART.format("b")] if filters.part else [],
        filters.of_lot,
    )


def fetch(filters: Filters) -> Plan | None:
    """Fetch by the index that tells most, where one does; the cursor is looked at afterwards."""
    told_by = (
        ("location", filters.location), ("part", anywhere(filters.part)), ("before", filters.before),
        ("warehouse", filters.warehouse), ("part", filters.part),
    )  # fmt: skip
    name = next((name for name, asked in told_by if asked), None)
    if name is None:
        return None
    of_key = ["(b.sku, b.lot) > (:after_sku, :after_lot)", *(["b.sku = :sku"] if filters.sku else [])]
    return walk(filters)._replace(
        keys=FOUND_BY[name], of_key=[*of_key, *([PART.format("b")] if filters.part else [])], kept=True
    )
