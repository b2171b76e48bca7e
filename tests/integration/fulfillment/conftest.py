"""Fixtures: the database of fulfillment, a service harness and an HTTP client."""

from collections.abc import AsyncIterator, Mapping

import pytest
from httpx import ASGITransport, AsyncClient

from services.fulfillment.app import app
from shared.http import ReportFiles
from shared.persistence.database import create_engine
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.auth import bearer
from tests.support.progress import FixedProgress


@pytest.fixture(scope="session")
def database(environment: Mapping[str, str]) -> str:
    """URL of the migrated database of fulfillment."""
    return environment["FULFILLMENT_DATABASE_URL"]


@pytest.fixture
async def harness(database: str) -> AsyncIterator[FulfillmentHarness]:
    """A harness with ids unique to the test, so that tests do not interfere in the database."""
    engine = create_engine(database, "test", 4)
    harness = FulfillmentHarness(engine)
    await harness.define_reference_data()
    yield harness
    await engine.dispose()


@pytest.fixture
async def lot_harness(harness: FulfillmentHarness) -> LotHarness:
    """Lot-tracked and untracked products for the harness."""
    return await LotHarness(harness).define_reference_data()


@pytest.fixture
async def http(harness: FulfillmentHarness) -> AsyncIterator[AsyncClient]:
    """A client of the service app on the harness database, without consumer and relay."""
    app.state.engine, app.state.wake = harness.engine, lambda: None
    app.state.report_files = ReportFiles(harness.engine)
    app.state.progress = FixedProgress()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://fulfillment", headers=bearer()) as client:
        yield client
