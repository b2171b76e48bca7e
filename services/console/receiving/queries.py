"""What the receiving pages ask the services."""

import asyncio
import re
from itertools import count
from typing import NamedTuple

from services.console.clients.http import RefusedError
from services.console.clients.receipts import Product, ReceiptDetail, Receipts, SessionDetail, Sessions
from services.console.page import FailedPart, Visit, attempt

TABS = {"open": ("PLANNED", "IN_PROGRESS"), "due": ("PLANNED",), "arrived": ("IN_PROGRESS",), "closed": ("CLOSED",)}
MAX_PRODUCTS = 40
SCANNABLE = {"DOCK", "STAGING"}
NOT_IN_IDS = re.compile("[^!-~]")
"""Characters that names of people may have and ids of documents not: the space."""


def lane_of(receipt: str) -> str:
    """Return the lane of the kept scans of a receipt."""
    return f"receipt:{receipt}"


class StationData(NamedTuple):
    """What the page of one receipt shows."""

    receipt: ReceiptDetail
    session: str
    has_session: bool
    others: list[str]
    """People with an open session on the receipt."""
    products: dict[str, Product]
    locations: list[str]


async def list_receipts(visit: Visit, tab: str, search: str, cursor: str) -> Receipts | FailedPart:
    """List receipts of a tab, the earliest announced first; many have no expected arrival to sort by."""
    return await attempt(
        visit.receiving.list_receipts(status=TABS[tab], q=search, cursor=cursor, sort="created_at", limit=50)
    )


async def find_station(visit: Visit, receipt_id: str) -> StationData:
    """Read a receipt with the person's session, its products and the places to scan at."""
    receipt, sessions = await asyncio.gather(
        visit.receiving.get_receipt(receipt_id), visit.receiving.list_sessions(receipt_id)
    )
    skus = list(dict.fromkeys(line.sku for line in receipt.lines.items))[:MAX_PRODUCTS]
    products, locations = await asyncio.gather(
        asyncio.gather(*(_find_product(visit, sku) for sku in skus)), _list_locations(visit, receipt)
    )
    session, has_session = own_session(sessions, visit.person)
    others = sorted({each.owner for each in sessions.items if each.status == "OPEN" and each.owner != visit.person})
    known = {product.sku: product for product in products if product}
    return StationData(receipt, session, has_session, others, known, locations)


def own_session(sessions: Sessions, person: str) -> tuple[str, bool]:
    """Return the person's open session on a receipt and True, or the name of the next one and False."""
    own = [each for each in sessions.items if each.owner == person]
    if found := next((each.session for each in own if each.status == "OPEN"), None):
        return found, True
    name, taken = NOT_IN_IDS.sub("_", person[:40]), {each.session for each in sessions.items}
    return next(session for n in count(len(own) + 1) if (session := f"{name}-{n}") not in taken), False


async def find_session(visit: Visit, receipt: str, session: str) -> SessionDetail | None:
    """Find a session with its scans."""
    try:
        return await visit.receiving.get_session(receipt, session)
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


async def count_received(visit: Visit, receipt: str) -> int:
    """Count the units that a receipt has received so far."""
    found = await visit.receiving.get_receipt(receipt)
    return int(sum(line.received for line in found.lines.items if line.tracking == "SERIAL"))


async def count_arrived(visit: Visit, receipt: str) -> int | FailedPart:
    """Count the units of a receipt that the registry of serial numbers knows as received, or further."""
    counts = await attempt(visit.serials.count_units(receipt=receipt))
    if isinstance(counts, FailedPart):
        return counts
    return sum(count.units for status, count in counts.items() if status != "EXPECTED")


async def _find_product(visit: Visit, sku: str) -> Product | None:
    try:
        return await visit.receiving.get_product(sku)
    except RefusedError:
        return None


async def _list_locations(visit: Visit, receipt: ReceiptDetail) -> list[str]:
    kinds = ("STORAGE", *SCANNABLE) if receipt.kind == "OPENING" else tuple(SCANNABLE)
    pages = await asyncio.gather(
        *(visit.receiving.list_locations(warehouse=receipt.warehouse, type=kind, limit=500) for kind in sorted(kinds))
    )
    return sorted(each.location for page in pages for each in page.items if each.is_active)
