"""Migrations and what they leave the login role, and the copies of products and locations."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy import prepare
from deploy.local.children import StartError
from shared import replica
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.database import create_engine, transaction
from shared.migrate import UnknownRevisionError, at_head, migrate
from tests.shared.conftest import Start, message
from tests.shared.toy.app import app
from tests.shared.watching import readiness


async def test_migrations_run_once_however_many_run_them(toy: Mapping[str, str]) -> None:
    """Several at a time do no harm, and the login role can tell that it is at head."""
    await asyncio.gather(*(migrate("toy", app.state.versions) for _ in range(3)))
    engine = create_engine(toy["TOY_DATABASE_URL"], "test")
    assert await at_head(engine, app.state.versions)
    await engine.dispose()


async def test_a_database_that_lacks_a_migration_is_not_at_head(engine: AsyncEngine, tmp_path: Path) -> None:
    """A known revision with a later one after it is no error: `tracelot migrate` brings it to head."""
    shutil.copy(app.state.versions / "0001_first.py", tmp_path)
    (tmp_path / "0002_second.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    assert not await at_head(engine, tmp_path)


UNKNOWN = "database {} has schema revision x_0015, which is unknown to this version.* run `make clean`"


@asynccontextmanager
async def unknown_revision(owner_url: str) -> AsyncIterator[None]:
    """Let a database look as another version of the code left it."""
    owner = await asyncpg.connect(owner_url)
    before = await owner.fetchval("SELECT version_num FROM alembic_version")
    try:
        await owner.execute("UPDATE alembic_version SET version_num = 'x_0015'")
        yield
    finally:
        await owner.execute("UPDATE alembic_version SET version_num = $1", before)
        await owner.close()


async def test_a_database_of_another_version_is_refused(engine: AsyncEngine, toy: Mapping[str, str]) -> None:
    """It is neither migrated nor reported as merely behind: the error names the revision and the remedy."""
    async with unknown_revision(toy["TOY_OWNER_URL"]):
        with pytest.raises(UnknownRevisionError, match=UNKNOWN.format("toy")):
            await migrate("toy", app.state.versions)
        with pytest.raises(UnknownRevisionError, match=UNKNOWN.format("toy")):
            await at_head(engine, app.state.versions)


async def test_ready_names_an_unknown_revision(start: Start, toy: Mapping[str, str]) -> None:
    """A service is not ready on a database of another version, and says why."""
    service = start()
    async with unknown_revision(toy["TOY_OWNER_URL"]):
        status, answer = await readiness(service)
    assert status == 503
    assert re.search(UNKNOWN.format("toy"), answer["migrations"])


async def test_the_stack_does_not_start_on_data_of_another_version(environment: Mapping[str, str]) -> None:
    """`make up` and `make demo` end with the message of `tracelot migrate`, without a traceback."""
    async with unknown_revision(environment["LOTS_OWNER_URL"]):
        with pytest.raises(StartError, match=UNKNOWN.format("lots")) as refused:
            prepare.migrate(environment)
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE unit",
        "ALTER TABLE unit DISABLE TRIGGER ALL",
        "DROP TABLE outbox",
        "UPDATE unit SET serial = 'other'",
        "UPDATE inbox SET at = now()",
        "DELETE FROM rejection",
        "DELETE FROM dead_letter",
        "UPDATE alembic_version SET version_num = '0'",
        "CREATE TABLE mine (n int)",
    ],
)
async def test_the_login_role_can_only_what_it_is_granted(engine: AsyncEngine, statement: str) -> None:
    """No ALTER, no TRUNCATE, no change of what is only ever inserted."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(engine) as tx:
            await tx.run(text(statement))


def events(*facts: Fact) -> list[Any]:
    """Facts as events."""
    return [CloudEvent[type(fact)].model_validate_json(message(fact)) for fact in facts]  # type: ignore[misc]


async def test_the_highest_version_is_the_truth(engine: AsyncEngine) -> None:
    """Versions in any order, within a batch and over several: the newest stays; unknown keys are left out."""

    def pump(version: int) -> ProductChanged:
        return ProductChanged(sku="PUMP", version=version, name=f"v{version}", unit="each", tracking="SERIAL")

    async with transaction(engine) as tx:
        await replica.save_products(tx, events(pump(2), pump(3), pump(1)))
    async with transaction(engine) as tx:
        await replica.save_products(tx, events(pump(2)))
        found = await replica.products(tx, ["PUMP", "OTHER"])
        assert {sku: product.name for sku, product in found.items()} == {"PUMP": "v3"}
        shelf = LocationChanged(location="EAST/A-1", version=1, type="STORAGE", pick_sequence=7)
        site = WarehouseChanged(warehouse="EAST", version=1, name="East", time_zone="Europe/Berlin")
        await replica.save_locations(tx, events(shelf, shelf))
        await replica.save_warehouses(tx, events(site))
        places = await replica.locations(tx, ["EAST/A-1", "EAST/B-1"])
        assert {name: place.pick_sequence for name, place in places.items()} == {"EAST/A-1": 7}
        assert (await replica.warehouses(tx, ["EAST"]))["EAST"].time_zone == "Europe/Berlin"
