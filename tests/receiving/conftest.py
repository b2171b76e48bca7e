"""Receiving's line without Kafka: messages are decided in real transactions, and what they say is read back."""

import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.app import ROWS
from shared import inbox
from shared.contracts.envelope import Cause, CloudEvent, Fact
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from shared.database import Transaction, create_engine, new_id, transaction
from shared.decision import Map, decide
from shared.routing import Answer

MAP = Map("receiving", ROWS, ReceiptRejected)
SAID = text("SELECT convert_from(value, 'UTF8') AS value FROM outbox WHERE id > :after ORDER BY id")
LAST = text("SELECT coalesce(max(id), 0) AS id FROM outbox")


def event(fact: Fact, actor: str = "anna") -> CloudEvent[Any]:
    """A message of somebody's."""
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
    """Receiving's line on its own database; `run` keeps one test's names apart from another's."""

    engine: AsyncEngine
    run: str = field(default_factory=lambda: uuid4().hex[:8])

    async def take(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Claim and decide a batch, as the consumer does."""
        async with transaction(self.engine) as tx:
            after = (await tx.rows(LAST))[0].id
            tx.statements = 0
            fresh = await inbox.claim(tx, events)
            answers: Mapping[Cause, Answer] = await decide(tx, MAP, fresh) if fresh else {}
            statements = tx.statements
            said = [json.loads(row.value) for row in await tx.rows(SAID, {"after": after})]
        return Told([answers[one.cause] for one in events if one.cause in answers], said, statements)

    async def say(self, *facts: Fact, actor: str = "anna") -> Told:
        """Decide requests in one transaction."""
        return await self.take([event(fact, actor) for fact in facts])

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        async with transaction(self.engine) as tx:
            return [dict(row._mapping) for row in await tx.rows(text(statement), values)]  # noqa: SLF001

    def no(self, name: str) -> str:
        """A name of this test's own."""
        return f"{name}-{self.run}"


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to receiving's database as its login role."""
    engine = create_engine(environment["RECEIVING_DATABASE_URL"], "test")
    yield engine
    await engine.dispose()


@pytest.fixture
def line(engine: AsyncEngine) -> Line:
    """Give the line to a test, with names of its own."""
    return Line(engine)


@pytest.fixture
async def floor(line: Line) -> Line:
    """Give the line with a warehouse, a dock, a shelf and a serial-tracked product."""
    east = line.no("EAST")
    await line.say(
        WarehouseDefined(warehouse=east, name="East"),
        LocationDefined(location=f"{east}/DOCK", type="DOCK"),
        LocationDefined(location=f"{east}/A-1", type="STORAGE"),
        ProductDefined(sku=line.no("PUMP"), name="Pump", serial_tracked=True),
        ProductDefined(sku=line.no("SALT"), name="Salt", unit="kg"),
    )
    return line


@pytest.fixture
def names() -> Callable[[str, int], list[str]]:
    """Make serials by number."""
    counter = itertools.count()
    return lambda prefix, number: [f"{prefix}{next(counter):05}" for _ in range(number)]
