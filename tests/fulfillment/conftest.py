"""Fulfillment's database, and a desk that lets its map decide messages and reads what it said."""

from collections.abc import AsyncIterator, Mapping

import pytest
from httpx import ASGITransport, AsyncClient

from services.fulfillment.app import app
from shared.database import create_engine
from tests.fulfillment.counted import Lots
from tests.fulfillment.desk import Desk


@pytest.fixture(scope="session")
def database(environment: Mapping[str, str]) -> str:
    """The address of fulfillment's migrated database."""
    return environment["FULFILLMENT_DATABASE_URL"]


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    """A desk with names of its own, so that tests do not meet in the database."""
    engine = create_engine(database, "test", 4)
    desk = Desk(engine)
    await desk.furnish()
    yield desk
    await engine.dispose()


@pytest.fixture
async def lots(desk: Desk) -> Lots:
    """Counted goods at the desk."""
    return await Lots(desk).furnish()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[AsyncClient]:
    """The service's own app on the desk's database, without its consumer and relay."""
    app.state.engine, app.state.wake = desk.engine, lambda: None
    async with AsyncClient(transport=ASGITransport(app), base_url="http://fulfillment") as client:
        yield client
