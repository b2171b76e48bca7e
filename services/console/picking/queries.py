"""What the picking pages ask the services."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from services.console.clients.fulfillment import OrderDetail, PickItem
from services.console.page import FailedPart, Visit, attempt


class Walk(NamedTuple):
    """What is to be picked for one order."""

    order: str
    items: Sequence[PickItem]

    @property
    def units(self) -> int:
        """Number of items."""
        return int(sum(item.quantity for item in self.items))


class PickData(NamedTuple):
    """What the page of one walk shows."""

    order: OrderDetail
    items: Sequence[PickItem]
    staging: Sequence[str]


def item_id(item: PickItem) -> str:
    """Return a short id of an item that stays the same while others are picked."""
    key = "\0".join((item.line, item.sku, item.serial or "", item.lot or "", item.location))
    return sha256(key.encode()).hexdigest()[:10]


async def list_walks(visit: Visit, warehouse: str) -> tuple[list[str], list[Walk]] | FailedPart:
    """List the warehouses, and the orders with something to pick in one, the most urgent first."""
    warehouses = await attempt(visit.receiving.list_warehouses())
    if isinstance(warehouses, FailedPart):
        return warehouses
    names = [each.warehouse for each in warehouses.items]
    if not names:
        return [], []
    picks = await attempt(visit.fulfillment.list_picks(warehouse if warehouse in names else names[0]))
    if isinstance(picks, FailedPart):
        return picks
    by_order = sorted(picks.items, key=lambda item: (-item.priority, item.order))
    return names, [Walk(order, list(items)) for order, items in groupby(by_order, lambda item: item.order)]


async def find_walk(visit: Visit, order_id: str) -> PickData:
    """Read an order, what is to be picked for it, and where it may be staged."""
    order, picks = await asyncio.gather(
        visit.fulfillment.get_order(order_id), visit.fulfillment.list_order_picks(order_id)
    )
    found = await visit.receiving.list_locations(warehouse=order.warehouse, type="STAGING", limit=500)
    return PickData(order, picks.items, [each.location for each in found.items if each.is_active])
