"""Migrations, privileges of the login role, and replicas of products and locations."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy import prepare
from deploy.local.children import StartError
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.inventory import reference_data
from shared.persistence.database import create_engine, transaction
from shared.persistence.migrate import SchemaState, UnknownRevisionError, find_schema_state, migrate
from tests.integration.shared.conftest import StartService
from tests.integration.shared.probes import get_readiness
from tests.support.events import encode_message
from tests.support.toy.app import app


async def test_concurrent_migrations_run_once(toy: Mapping[str, str]) -> None:
    """Concurrent migrations run once, and the login role can read the revision."""
    await asyncio.gather(*(migrate("toy", app.state.versions) for _ in range(3)))
    engine = create_engine(toy["TOY_DATABASE_URL"], "test")
    assert await find_schema_state(engine, app.state.versions) is SchemaState.LATEST
    await engine.dispose()


UNKNOWN = "database {} has schema revision x_0015, which is unknown to this version.* run `make clean`"


@asynccontextmanager
async def unknown_revision(database_url: str) -> AsyncIterator[None]:
    """Set the revision of a database to an unknown one."""
    owner = await asyncpg.connect(database_url)
    previous = await owner.fetchval("SELECT version_num FROM alembic_version")
    try:
        await owner.execute("UPDATE alembic_version SET version_num = 'x_0015'")
        yield
    finally:
        await owner.execute("UPDATE alembic_version SET version_num = $1", previous)
        await owner.close()


async def test_unknown_revision_is_rejected(engine: AsyncEngine, toy: Mapping[str, str]) -> None:
    """Migration and revision check fail with an error that names the revision and the action to take."""
    async with unknown_revision(toy["TOY_MIGRATION_DATABASE_URL"]):
        with pytest.raises(UnknownRevisionError, match=UNKNOWN.format("toy")):
            await migrate("toy", app.state.versions)
        with pytest.raises(UnknownRevisionError, match=UNKNOWN.format("toy")):
            await find_schema_state(engine, app.state.versions)


async def test_readiness_reports_an_unknown_revision(start: StartService, toy: Mapping[str, str]) -> None:
    """A service on a database of another version is not ready and reports the cause."""
    service = start()
    async with unknown_revision(toy["TOY_MIGRATION_DATABASE_URL"]):
        status, report = await get_readiness(service)
    assert status == 503
    assert re.search(UNKNOWN.format("toy"), report["migrations"])


async def test_stack_does_not_start_on_data_of_another_version(environment: Mapping[str, str]) -> None:
    """`make up` and `make demo` print the error of `tracelot migrate` without a traceback."""
    async with unknown_revision(environment["LOTS_MIGRATION_DATABASE_URL"]):
        with pytest.raises(StartError, match=UNKNOWN.format("lots")) as caught:
            prepare.migrate(environment)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE unit",
        "ALTER TABLE unit DISABLE TRIGGER ALL",
        "DROP TABLE outbox",
        "UPDATE unit SET serial = 'other'",
        "UPDATE inbox SET processed_at = now()",
        "DELETE FROM rejection",
        "DELETE FROM dead_letter",
        "UPDATE alembic_version SET version_num = '0'",
        "DELETE FROM schema_revision",
        "CREATE TABLE mine (n int)",
    ],
)
async def test_login_role_has_only_granted_privileges(engine: AsyncEngine, statement: str) -> None:
    """ALTER, TRUNCATE and changes of insert-only data are denied."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(engine) as tx:
            await tx.execute(text(statement))


def to_events(*payloads: Message) -> list[Any]:
    """Convert payloads to events."""
    return [CloudEvent[type(payload)].model_validate_json(encode_message(payload)) for payload in payloads]  # type: ignore[misc]


async def test_highest_version_wins(engine: AsyncEngine) -> None:
    """The newest version is kept in whatever order versions arrive; unknown keys are not returned."""

    def pump(version: int) -> ProductChanged:
        return ProductChanged(sku="PUMP", version=version, name=f"v{version}", unit="each", tracking="SERIAL")

    async with transaction(engine) as tx:
        await reference_data.save_products(tx, to_events(pump(2), pump(3), pump(1)))
    async with transaction(engine) as tx:
        await reference_data.save_products(tx, to_events(pump(2)))
        products = await reference_data.load_products(tx, ["PUMP", "OTHER"])
        assert {sku: product.name for sku, product in products.items()} == {"PUMP": "v3"}
        location_event = LocationChanged(location="EAST/A-1", version=1, type="STORAGE", pick_sequence=7)
        warehouse_event = WarehouseChanged(warehouse="EAST", version=1, name="East", time_zone="Europe/Berlin")
        await reference_data.save_locations(tx, to_events(location_event, location_event))
        await reference_data.save_warehouses(tx, to_events(warehouse_event))
        locations = await reference_data.load_locations(tx, ["EAST/A-1", "EAST/B-1"])
        assert {name: location.pick_sequence for name, location in locations.items()} == {"EAST/A-1": 7}
        assert (await reference_data.load_warehouses(tx, ["EAST"]))["EAST"].time_zone == "Europe/Berlin"
