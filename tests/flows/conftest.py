"""The four services as processes, for this folder alone; for each test a corner of the warehouse of its own.

They end with the folder: tests of one service's tables find no clock, relay or sibling at work beside them.
"""

from collections.abc import AsyncIterator, Mapping

import pytest

from deploy import processes
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from tests.flows.goods import BINS, Goods
from tests.flows.shop import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World

SOON = {"KAFKA_SESSION_TIMEOUT_MS": "3000", "CLOCK_SECONDS": "1"}
"""How soon a killed service's partitions are given to its successor, and how often a service looks at the clock."""

STORAGE = (SHELF, OTHER_SHELF, *BINS, ELSEWHERE)
PLACES = {DOCK: "DOCK", STAGE: "STAGING"} | dict.fromkeys(STORAGE, "STORAGE")


@pytest.fixture(scope="package")
async def world(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Start the services and define the warehouse they all work in."""
    logs = tmp_path_factory.mktemp("services")
    started = {**environment, **SOON}
    with processes.running(started, logs) as services:
        async with World(started, services, logs) as running:
            await furnish(running)
            yield running


async def furnish(world: World) -> None:
    """ERP defines two warehouses and their places; every service that needs them has them then."""
    for name in (WAREHOUSE, "WEST"):
        await world.say(WarehouseDefined(warehouse=name, name=name.title(), time_zone="Europe/Berlin"))
    for number, (location, kind) in enumerate(PLACES.items()):
        await world.say(LocationDefined.model_validate({"location": location, "type": kind, "pick_sequence": number}))

    async def known() -> bool:
        for service in ("receiving", "serials", "lots", "fulfillment"):
            rows = await world.rows(service, "SELECT location FROM location")
            assert PLACES.keys() <= {row["location"] for row in rows}, (service, rows)
        return True

    await eventually(known)


@pytest.fixture
def shop(world: World) -> Shop:
    """Give a test fresh names."""
    return Shop(world)


@pytest.fixture
def goods(world: World) -> Goods:
    """Give a test fresh names of counted goods."""
    return Goods(world)
