"""Lots' line without Kafka: messages are decided in real transactions, and what they say is read back."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.app import app
from shared import inbox
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.database import create_engine, transaction
from shared.decision import Map, decide
from tests.serials.conftest import LAST, SAID, Told, message
from tests.unit.lots.making import PLACES, Saying

MAP: Map = app.state.map


@dataclass
class Line:
    """Lots' line on its own database; every test has a product of its own."""

    engine: AsyncEngine
    sku: str = field(default_factory=lambda: f"L-{uuid4().hex[:8]}")

    @property
    def saying(self) -> Saying:
        """Messages about the test's product."""
        return Saying(self.sku)

    async def take(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Claim and decide a batch, as the consumer does."""
        async with transaction(self.engine) as tx:
            after = (await tx.rows(LAST))[0].id
            tx.statements = 0
            fresh = await inbox.claim(tx, events)
            answers = await decide(tx, MAP, fresh) if fresh else {}
            statements = tx.statements
            keys = [self.sku, *(event.data.key() for event in events)]
            said = [json.loads(row.value) for row in await tx.rows(SAID, {"after": after, "keys": keys})]
        return Told([answers[one.cause] for one in events if one.cause in answers], said, statements)

    async def say(self, *facts: Fact, actor: str = "anna") -> Told:
        """Decide messages in one transaction."""
        return await self.take([message(fact, actor) for fact in facts])

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        async with transaction(self.engine) as tx:
            return [dict(row._mapping) for row in await tx.rows(text(statement), values)]  # noqa: SLF001

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
async def line_too(engine: AsyncEngine) -> Line:
    """Give a second product."""
    line = Line(engine)
    await line.say(ProductChanged(sku=line.sku, version=1, name="cheese", unit="kg", tracking="LOT"))
    return line
