"""The registry's line without Kafka: messages are decided in real transactions, and what they say is read back."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.app import ROWS, app
from shared import inbox
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import LocationChanged
from shared.contracts.serials import SerialRejected
from shared.database import Transaction, create_engine, new_id, transaction
from shared.decision import Map, decide
from shared.routing import Answer
from tests.unit.serials.making import TYPES

MAP = Map("serials", ROWS, SerialRejected)
SAID = text(
    "SELECT convert_from(value, 'UTF8') AS value FROM outbox WHERE id > :after AND key = ANY(:keys) ORDER BY id"
)
LAST = text("SELECT coalesce(max(id), 0) AS id FROM outbox")


def message(fact: Fact, actor: str = "anna") -> CloudEvent[Any]:
    """As a message of somebody's."""
    data = fact.model_copy(update={"actor": actor})
    return CloudEvent[Any].model_construct(
        id=new_id(), source="test", type=fact.TYPE, time=Transaction.clock(), data=data
    )


@dataclass
class Told:
    """What a transaction answered and said."""

    answers: list[Answer]
    events: list[dict[str, Any]]
    statements: int

    def codes(self) -> list[str]:
        """Every refusal's code."""
        return [str(refusal.code) for answer in self.answers for refusal in answer.refusals]

    def types(self) -> list[str]:
        """Every fact's type."""
        return [event["type"] for event in self.events]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """The data of the facts of one type."""
        return [event["data"] for event in self.events if event["type"] == kind]


@dataclass
class Line:
    """The registry's line on its own database; every test has a product of its own."""

    engine: AsyncEngine
    sku: str = field(default_factory=lambda: f"A-{uuid4().hex[:8]}")

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
        *(LocationChanged(location=name, version=1, type=kind, pick_sequence=1) for name, kind in TYPES.items())
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
