"""Graceful shutdown without loss."""

import asyncio
import time

from tests.e2e import invariants
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.timing import MAX_WAIT_SECONDS, assert_duration


async def test_sigterm_under_load(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """SIGTERM under load: exit code 0 within 10 s, no order lost or allocated twice."""
    await scenario.define_product()
    serials = await scenario.stock_units(24)
    orders = [await scenario.place_order(1) for _ in range(4)]

    async def stop(name: str) -> float:
        started_at = time.monotonic()
        assert await asyncio.to_thread(system.services[name].stop, MAX_WAIT_SECONDS) == 0, name
        return time.monotonic() - started_at

    stopping = []
    for name in system.services:
        stopping.append(asyncio.create_task(stop(name)))
        orders += [await scenario.place_order(1) for _ in range(5)]
    assert_duration("SIGTERM to the last exit", max(await asyncio.gather(*stopping)), 10)
    await system.start(*system.services)
    allocated = [serial for order in orders for serial in await scenario.wait_for_allocation(order, 1)]
    assert sorted(allocated) == sorted(serials)
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])
