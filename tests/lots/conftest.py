"""Lots' line on its real database."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.app import app
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.database import create_engine
from tests.line import ServiceLine
from tests.unit.lots.making import PLACES, Saying


class Line(ServiceLine):
    """Lots' line; every test has a product of its own."""

    map = app.state.map

    @property
    def sku(self) -> str:
        """The test's product."""
        return self.no("L")

    @property
    def saying(self) -> Saying:
        """Messages about the test's product."""
        return Saying(self.sku)

    async def balances(self) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        """What is on hand and allocated, by lot and place."""
        rows = await self.rows("SELECT * FROM balance WHERE sku = :sku AND on_hand > 0", sku=self.sku)
        return {(row["lot"], row["location"]): (row["on_hand"], row["allocated"]) for row in rows}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to lots' database as its login role."""
    engine = create_engine(environment["LOTS_DATABASE_URL"], "test")
    await Line(engine).say(
        *(WarehouseChanged(warehouse=it, version=1, name=it, time_zone="Europe/Berlin") for it in ("EAST", "WEST")),
        *(
            LocationChanged(location=name, version=1, type=kind, pick_sequence=number)
            for number, (name, kind) in enumerate(PLACES.items())
        ),
    )
    yield engine
    await engine.dispose()


@pytest.fixture
async def line(engine: AsyncEngine) -> Line:
    """Give the line to a test, with a lot-tracked product of its own."""
    line = Line(engine)
    await line.say(ProductChanged(sku=line.sku, version=1, name="yoghurt", unit="each", tracking="LOT"))
    return line


@pytest.fixture
async def line_untracked(engine: AsyncEngine) -> Line:
    """Give a product that is tracked by nothing."""
    line = Line(engine)
    await line.say(ProductChanged(sku=line.sku, version=1, name="screws", unit="kg", tracking="NONE"))
    return line


@pytest.fixture
async def line_too(engine: AsyncEngine) -> Line:
    """Give a second product."""
    line = Line(engine)
    await line.say(ProductChanged(sku=line.sku, version=1, name="cheese", unit="kg", tracking="LOT"))
    return line


@pytest.fixture
async def http(line: Line) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to lots without its consumer and relay."""
    app.state.engine, app.state.wake = line.engine, lambda: None
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://lots") as client:
        yield client
