"""What the lookup asks the registry of serial numbers."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from services.console.clients.serials import StatusCount, UnitDetail, Units
from services.console.page import FailedPart, Visit, attempt, attempt_or_none
from shared.scans import classify

PAGE_SIZE = 50


class Filters(NamedTuple):
    """Filters of the lookup as the address names them."""

    q: str = ""
    status: str = ""
    sku: str = ""
    warehouse: str = ""
    location: str = ""
    order: str = ""
    receipt: str = ""
    lot: str = ""
    on_hold: str = ""
    cursor: str = ""

    def query(self) -> dict[str, str]:
        """Return the filters that have a value."""
        return {name: value for name, value in self._asdict().items() if value}


class Found(NamedTuple):
    """Units that match, and how many there are of each status."""

    units: Units | FailedPart
    counts: Mapping[str, StatusCount]


async def search(visit: Visit, filters: Filters) -> Found:
    """Search units, and count the matching ones of each status."""
    asked = filters.query()
    if filters.q:
        scan = classify(filters.q)
        asked["q"] = (scan.contents.serial or scan.value)[:64]
    counted = {name: value for name, value in asked.items() if name not in {"status", "cursor"}}
    units, counts = await asyncio.gather(
        attempt(visit.serials.list_units(**asked, limit=PAGE_SIZE)), attempt(visit.serials.count_units(**counted))
    )
    return Found(units, {} if isinstance(counts, FailedPart) else counts)


async def find_unit(visit: Visit, sku: str, serial: str) -> UnitDetail | FailedPart | None:
    """Find a unit with its history."""
    return await attempt_or_none(visit.serials.get_unit(sku, serial))
