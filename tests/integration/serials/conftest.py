"""Fixtures: message handling of the serials service on its real database, and its HTTP app."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.app import app
from shared.http import ReportFiles
from shared.persistence.database import create_engine
from tests.support.auth import bearer
from tests.support.harness import ServiceHarness
from tests.support.messages.reference import location_changed, warehouse_changed
from tests.support.messages.serials import TYPES
from tests.support.progress import FixedProgress


class SerialsHarness(ServiceHarness):
    """Harness of the serials service; every test has a product of its own."""

    registry = app.state.registry

    async def statuses(self) -> dict[str, int]:
        """Return the number of units of the test's product in each status."""
        rows = await self.fetch_all(
            "SELECT status::text AS status, count(*) AS units FROM serial_state WHERE sku = :sku GROUP BY 1",
            sku=self.sku,
        )
        return {row["status"]: row["units"] for row in rows}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to the database of serials as its login role."""
    engine = create_engine(environment["SERIALS_DATABASE_URL"], "test")
    harness = SerialsHarness(engine)
    await harness.handle(
        warehouse_changed("EAST", "UTC", version=1_000),
        *(location_changed(name, location_type) for name, location_type in TYPES.items()),
    )
    yield engine
    await engine.dispose()


@pytest.fixture
def harness(engine: AsyncEngine) -> SerialsHarness:
    """Return a harness with a product of its own."""
    return SerialsHarness(engine)


@pytest.fixture
async def http(harness: SerialsHarness) -> AsyncIterator[httpx.AsyncClient]:
    """Return an HTTP client of the app, on the test's database."""
    app.state.engine, app.state.report_files = harness.engine, ReportFiles(harness.engine)
    app.state.wake = lambda: None
    app.state.progress = FixedProgress()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://serials", headers=bearer()
    ) as client:
        yield client
