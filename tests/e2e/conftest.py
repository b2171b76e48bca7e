"""The four services as processes for this folder; each test uses its own products and documents.

The services stop with the folder, so that tests of a single service run without background jobs or relays.
"""

from collections.abc import AsyncIterator, Mapping

import pytest

from deploy import processes
from deploy.databases import SERVICES
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario
from tests.e2e.serial_scenario import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until

FAST_SETTINGS = {"KAFKA_SESSION_TIMEOUT_MS": "3000", "SCHEDULER_INTERVAL_SECONDS": "1", "NOT_FOUND_AFTER_SECONDS": "1"}
"""A short session timeout and job interval: partitions of a killed service are reassigned quickly."""

STORAGE = (SHELF, OTHER_SHELF, *STORAGE_LOCATIONS, ELSEWHERE)
LOCATIONS = {DOCK: "DOCK", STAGE: "STAGING"} | dict.fromkeys(STORAGE, "STORAGE")


@pytest.fixture(scope="package")
async def system(
    environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SystemUnderTest]:
    """Start the services and define the warehouses that all tests share."""
    logs = tmp_path_factory.mktemp("services")
    service_environment = {**environment, **FAST_SETTINGS}
    with processes.running(service_environment, logs) as services:
        async with SystemUnderTest(service_environment, services, logs) as system:
            await define_locations(system)
            yield system


async def define_locations(system: SystemUnderTest) -> None:
    """Define two warehouses and their locations; wait until every service knows them."""
    for warehouse in (WAREHOUSE, "WEST"):
        await system.publish(WarehouseDefined(warehouse=warehouse, name=warehouse.title(), time_zone="Europe/Berlin"))
    for number, (location, location_type) in enumerate(LOCATIONS.items()):
        await system.publish(
            LocationDefined.model_validate({"location": location, "type": location_type, "pick_sequence": number})
        )

    async def is_known() -> bool:
        for service in SERVICES:
            rows = await system.fetch_rows(service, "SELECT location FROM location")
            assert LOCATIONS.keys() <= {row["location"] for row in rows}, (service, rows)
        return True

    await wait_until(is_known)


@pytest.fixture
def scenario(system: SystemUnderTest) -> SerialScenario:
    """Provide a scenario with unique identifiers."""
    return SerialScenario(system)


@pytest.fixture
def lot_scenario(system: SystemUnderTest) -> LotScenario:
    """Provide a scenario of lot-tracked stock with unique identifiers."""
    return LotScenario(system)
