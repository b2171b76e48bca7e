"""A service that is asked to stop finishes what it has begun, and loses nothing."""

import asyncio
import time

from tests.flows import invariants
from tests.flows.shop import Shop
from tests.flows.world import World
from tests.timing import PATIENCE, judge


async def test_sigterm_under_load(world: World, shop: Shop) -> None:
    """SIGTERM of each service while orders come in: exit code 0 within 10 s, and no order is lost or served twice."""
    await shop.product()
    serials = await shop.stock(24)
    orders = [await shop.order(1) for _ in range(4)]

    async def stop(name: str) -> float:
        asked = time.monotonic()
        assert await asyncio.to_thread(world.services[name].stop, PATIENCE) == 0, name
        return time.monotonic() - asked

    stopping = []
    for name in world.services:
        stopping.append(asyncio.create_task(stop(name)))
        orders += [await shop.order(1) for _ in range(5)]
    judge("SIGTERM to the last exit", max(await asyncio.gather(*stopping)), 10)
    await world.start(*world.services)
    given = [serial for order in orders for serial in await shop.allocated(order, 1)]
    assert sorted(given) == sorted(serials)
    await world.quiet()
    await invariants.hold(world, [shop.sku])
