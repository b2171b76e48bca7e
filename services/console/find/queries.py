"""What the search for anything asks the services."""

import asyncio
from typing import NamedTuple

from services.console.clients.http import RefusedError
from services.console.clients.receipts import ParsedScan, Receipts
from services.console.clients.serials import Units
from services.console.page import FailedPart, Visit, attempt
from shared.scans import classify

MAX_HITS = 10


class Hits(NamedTuple):
    """What was read, and what it may be."""

    text: str
    value: str
    """The serial number of a label, else the text without what scanners add."""
    parsed: ParsedScan | FailedPart | None
    units: Units | FailedPart
    receipts: Receipts | FailedPart


async def find(visit: Visit, text: str) -> Hits:
    """Search everything side by side."""
    scan = classify(text)
    value = (scan.contents.serial or scan.value)[:64]
    parsed, units, receipts = await asyncio.gather(
        _parse(visit, text),
        attempt(visit.serials.list_units(q=value, limit=MAX_HITS)),
        attempt(visit.receiving.list_receipts(q=value, limit=MAX_HITS)),
    )
    return Hits(text, value, parsed, units, receipts)


async def _parse(visit: Visit, text: str) -> ParsedScan | FailedPart | None:
    try:
        return await attempt(visit.receiving.parse(text))
    except RefusedError:
        return None
