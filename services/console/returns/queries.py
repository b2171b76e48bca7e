"""What the pages of returns ask the services."""

from collections.abc import Sequence
from typing import NamedTuple

from services.console.clients.serials import UnitDetail, UnitSummary
from services.console.page import Visit
from shared.scans import classify


class ReturnableData(NamedTuple):
    """A scanned unit that may come back, and where it may be received."""

    unit: UnitDetail | None
    others: Sequence[UnitSummary]
    """Units with this number, if there is none or more than one that was shipped."""
    locations: Sequence[str]


async def find_returnable(visit: Visit, text: str) -> ReturnableData:
    """Find the shipped unit that a scan names, with its order and customer."""
    scan = classify(text)
    value = (scan.contents.serial or scan.value)[:64]
    found = [unit for unit in (await visit.serials.list_units(q=value, limit=50)).items if unit.serial == value]
    shipped = [unit for unit in found if unit.status == "SHIPPED"]
    if len(shipped) != 1:
        return ReturnableData(None, found, ())
    unit = await visit.serials.get_unit(shipped[0].sku, shipped[0].serial)
    docks = await visit.receiving.list_locations(type="DOCK", limit=500)
    return ReturnableData(unit, found, [each.location for each in docks.items if each.is_active])
