"""The registry's line on its real database, and its app over HTTP."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.app import app
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.database import create_engine
from tests.line import ServiceLine
from tests.unit.serials.making import TYPES


class Line(ServiceLine):
    """The registry's line; every test has a product of its own."""

    map = app.state.map

    @property
    def sku(self) -> str:
        """The test's product."""
        return self.no("A")

    async def statuses(self) -> dict[str, int]:
        """How many units of the test's product are in each status."""
        rows = await self.rows(
            "SELECT status::text AS status, count(*) AS n FROM serial_state WHERE sku = :sku GROUP BY 1", sku=self.sku
        )
        return {row["status"]: row["n"] for row in rows}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to the registry's database as its login role."""
    engine = create_engine(environment["SERIALS_DATABASE_URL"], "test")
    line = Line(engine)
    await line.say(
        WarehouseChanged(warehouse="EAST", version=1_000, name="East", time_zone="UTC"),
        *(LocationChanged(location=name, version=1, type=kind, pick_sequence=1) for name, kind in TYPES.items()),
    )
    yield engine
    await engine.dispose()


@pytest.fixture
def line(engine: AsyncEngine) -> Line:
    """Give the line to a test, with a product of its own."""
    return Line(engine)


@pytest.fixture
async def http(line: Line) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the registry's app, on the test's database."""
    app.state.engine = line.engine
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://serials") as client:
        yield client
