"""The lots service with its database."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.app import app
from shared.http import ReportFiles
from shared.persistence.database import create_engine
from tests.support.auth import bearer
from tests.support.harness import ServiceHarness
from tests.support.messages.lots import LOCATION_TYPES, ProductMessages
from tests.support.messages.reference import location_changed, product_changed, warehouse_changed
from tests.support.progress import FixedProgress


class LotsHarness(ServiceHarness):
    """The lots service; every test has its own product."""

    registry = app.state.registry

    @property
    def messages(self) -> ProductMessages:
        """Builders of messages about the test's product."""
        return ProductMessages(self.sku)

    async def balances(self) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        """The quantities on hand and allocated by lot and location."""
        rows = await self.fetch_all("SELECT * FROM balance WHERE sku = :sku AND on_hand > 0", sku=self.sku)
        return {(row["lot"], row["location"]): (row["on_hand"], row["allocated"]) for row in rows}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to the lots database with the service's login role."""
    engine = create_engine(environment["LOTS_DATABASE_URL"], "test")
    await LotsHarness(engine).handle(
        *(warehouse_changed(warehouse) for warehouse in ("EAST", "WEST")),
        *(
            location_changed(name, location_type, pick_sequence=number)
            for number, (name, location_type) in enumerate(LOCATION_TYPES.items())
        ),
    )
    yield engine
    await engine.dispose()


@pytest.fixture
async def harness(engine: AsyncEngine) -> LotsHarness:
    """Provide the service with a new lot-tracked product."""
    harness = LotsHarness(engine)
    await harness.handle(product_changed(harness.sku, "LOT"))
    return harness


@pytest.fixture
async def untracked_harness(engine: AsyncEngine) -> LotsHarness:
    """Provide the service with a new untracked product."""
    harness = LotsHarness(engine)
    await harness.handle(product_changed(harness.sku, "NONE", unit="kg"))
    return harness


@pytest.fixture
async def second_harness(engine: AsyncEngine) -> LotsHarness:
    """Provide the service with another new lot-tracked product."""
    harness = LotsHarness(engine)
    await harness.handle(product_changed(harness.sku, "LOT", unit="kg"))
    return harness


@pytest.fixture
async def http(harness: LotsHarness) -> AsyncIterator[httpx.AsyncClient]:
    """Provide an HTTP client of the service, without its consumer and outbox relay."""
    app.state.engine, app.state.wake = harness.engine, lambda: None
    app.state.report_files = ReportFiles(harness.engine)
    app.state.progress = FixedProgress()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://lots", headers=bearer()) as client:
        yield client


@pytest.fixture
def recall_id(harness: LotsHarness) -> str:
    """A recall id for this test."""
    return harness.scoped_id("RC")
