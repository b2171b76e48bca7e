"""Migrations and what they leave the login role, and the copies of products and locations."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import replica
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.database import create_engine, transaction
from shared.migrate import at_head, migrate
from tests.shared.conftest import message
from tests.shared.toy.app import app


async def test_migrations_run_once_however_many_run_them(toy: Mapping[str, str]) -> None:
    """Several at a time do no harm, and the login role can tell that it is at head."""
    await asyncio.gather(*(migrate("toy", app.state.versions) for _ in range(3)))
    engine = create_engine(toy["TOY_DATABASE_URL"], "test")
    assert await at_head(engine, app.state.versions)
    assert not await at_head(engine, app.state.versions.parent)  # a folder without versions
    await engine.dispose()


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
