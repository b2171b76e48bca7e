"""What the putaway pages ask the services."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from services.console.clients.serials import UnitSummary
from services.console.page import FailedPart, Visit, attempt

MAX_UNITS = 500


class Group(NamedTuple):
    """Units of a product that wait at one place."""

    sku: str
    location: str
    receipt: str
    serials: Sequence[str]
    held: int


class PutawayData(NamedTuple):
    """What the page of a group shows: its units, where the product lies, and all storage places."""

    group: Group | None
    suggested: Sequence[str]
    places: Sequence[str]


async def list_groups(visit: Visit) -> tuple[list[Group], bool] | FailedPart:
    """List what waits, and whether there is more than is shown."""
    found = await attempt(visit.serials.list_units(status="RECEIVED", limit=MAX_UNITS))
    if isinstance(found, FailedPart):
        return found
    return group_units(found.items), found.next is not None


def group_units(units: Sequence[UnitSummary]) -> list[Group]:
    """Group units by product, place and receipt."""

    def key(unit: UnitSummary) -> tuple[str, str, str]:
        return unit.location or "", unit.sku, unit.receipt or ""

    grouped = [(names, list(members)) for names, members in groupby(sorted(units, key=key), key)]
    return [
        Group(sku, location, receipt, [unit.serial for unit in members], sum(unit.on_hold for unit in members))
        for (location, sku, receipt), members in grouped
        if location
    ]


async def find_group(visit: Visit, sku: str, location: str, receipt: str) -> PutawayData:
    """Read the units of a group, where the product lies already, and the storage places of the warehouse."""
    warehouse = location.partition("/")[0]
    waiting, stored, places = await asyncio.gather(
        visit.serials.list_units(status="RECEIVED", sku=sku, location=location, receipt=receipt, limit=MAX_UNITS),
        visit.serials.list_units(status="IN_INVENTORY", sku=sku, warehouse=warehouse, limit=50),
        visit.receiving.list_locations(warehouse=warehouse, type="STORAGE", limit=500),
    )
    groups = group_units(waiting.items)
    group = next((each for each in groups if each.receipt == receipt or not receipt), None)
    suggested = list(dict.fromkeys(unit.location for unit in stored.items if unit.location))[:3]
    return PutawayData(group, suggested, [each.location for each in places.items if each.is_active])
