"""What a search asks for, as conditions on the state of units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.contracts.serials import Status
from shared.identifiers import warehouse_of
from shared.search import pattern

OF_UNIT = ("warehouse", "location", "order", "lot", "held")
"""What only a unit's own row tells."""

CONDITIONS = {
    "sku": "{0}.sku = :sku",
    "status": "{0}.status = CAST(CAST(:status AS text) AS status)",
    "statuses": "{0}.status = ANY(CAST(CAST(:statuses AS text[]) AS status[]))",
    "q": "lower({0}.serial) LIKE :pattern",
    "warehouse": "{0}.warehouse = :warehouse",
    "location": "{0}.location = :location",
    "order": "{0}.order_id = :order",
    "lot": "{0}.lot = :lot AND lower({0}.lot) = lower(:lot)",
    "held": "({0}.holds > 0) = :held",
}


@dataclass(frozen=True)
class Filters:
    """What is asked for; what is left out does not matter."""

    q: str | None = None
    sku: str | None = None
    status: tuple[Status, ...] = ()
    warehouse: str | None = None
    location: str | None = None
    order: str | None = None
    held: bool | None = None
    lot: str | None = None

    @property
    def beside_the_key(self) -> bool:
        """Whether anything is asked that key and status do not tell."""
        return bool(self.q or self.conditions(OF_UNIT))

    def values(self) -> dict[str, Any]:
        """Give the parameters of the conditions."""
        return {
            "pattern": pattern(self.q),
            "sku": self.sku,
            "status": self.status[0] if self.status else None,
            "statuses": list(self.status),
            "warehouse": self.warehouse or (warehouse_of(self.location) if self.location else None),
            "location": self.location,
            "order": self.order,
            "lot": self.lot,
            "held": self.held,
        }

    def conditions(self, names: Iterable[str], alias: str = "s") -> list[str]:
        """Write those of the conditions that are asked for; a location names its warehouse."""
        asked = {name for name in names if getattr(self, name) not in {None, "", ()}}
        if "status" in asked and len(self.status) > 1:
            asked = asked - {"status"} | {"statuses"}
        if "location" in asked:
            asked.add("warehouse")
        return [text.format(alias) for name, text in CONDITIONS.items() if name in asked]
