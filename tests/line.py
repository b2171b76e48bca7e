"""A service's line without Kafka: messages are decided in real transactions, and what they say is read back."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import inbox
from shared.contracts.envelope import Cause, CloudEvent, Fact
from shared.database import Transaction, Trouble, new_id, transaction, trouble
from shared.decision import Map, decide
from shared.routing import Answer
from tests.timing import PATIENCE

SAID = text("SELECT id, convert_from(value, 'UTF8') AS value FROM outbox WHERE id > :after ORDER BY id")
UNSAY = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
LAST = text("SELECT coalesce(max(id), 0) AS id FROM outbox")
WAITING = text("""
    SELECT 1 FROM pg_sleep(0.02), pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


def message(fact: Fact, actor: str = "anna") -> CloudEvent[Any]:
    """As a message of somebody's, unless the fact names who."""
    data = fact.model_copy(update={"actor": fact.actor or actor})
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
class ServiceLine:
    """The line of the service whose map it is, on its own database; `run` keeps one test's names from another's."""

    map: ClassVar[Map]
    engine: AsyncEngine
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    lost: int = 0

    def no(self, name: str) -> str:
        """A name of this test's own."""
        return f"{name}-{self.run}"

    async def take(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Claim and decide a batch, as the consumer does; nobody but the test is told what is said."""
        async with transaction(self.engine) as tx:
            after = (await tx.rows(LAST))[0].id
            tx.statements = 0
            fresh = await inbox.claim(tx, [one for one in events if self.map.concerned(one)])
            answers: Mapping[Cause, Answer] = await decide(tx, self.map, fresh) if fresh else {}
            statements = tx.statements
            rows = [(row.id, json.loads(row.value)) for row in await tx.rows(SAID, {"after": after})]
            ours = {one.id for one in events}  # another transaction may have said something meanwhile
            rows = [(number, one) for number, one in rows if one["data"]["cause"]["id"] in ours]
            await tx.run(UNSAY, {"ids": [number for number, _ in rows]})
        said = [one for _, one in rows]
        return Told([answers[one.cause] for one in events if one.cause in answers], said, statements)

    async def insist(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Decide a batch, again when another was first, as the consumer does."""
        while True:
            try:
                return await self.take(events)
            except Exception as error:
                if trouble(error) is not Trouble.LOST_RACE:
                    raise
                self.lost += 1

    async def someone_waits(self) -> None:
        """Until a transaction waits for a lock that another holds."""
        async with asyncio.timeout(PATIENCE), self.engine.connect() as connection:
            while not (await connection.execute(WAITING)).all():  # each look takes a moment of its own
                await connection.rollback()

    async def say(self, *facts: Fact, actor: str = "anna") -> Told:
        """Decide messages in one transaction."""
        return await self.take([message(fact, actor) for fact in facts])

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        async with transaction(self.engine) as tx:
            return [dict(row._mapping) for row in await tx.rows(text(statement), values)]  # noqa: SLF001
