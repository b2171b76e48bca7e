"""Test harness of a service without Kafka: dispatches messages in real transactions and returns their events."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import Causation, CloudEvent, Message
from shared.messaging import inbox
from shared.messaging.dispatcher import dispatch
from shared.messaging.registry import HandlerRegistry
from shared.persistence.database import Transaction, transaction
from shared.persistence.errors import ErrorCategory, categorise_error
from shared.unit_of_work import CommandResult
from tests.support.events import to_event
from tests.support.timing import MAX_WAIT_SECONDS

SELECT_EMITTED = text("SELECT id, convert_from(value, 'UTF8') AS value FROM outbox WHERE id > :after ORDER BY id")
DELETE_EMITTED = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")
SELECT_LAST_ID = text("SELECT coalesce(max(id), 0) AS id FROM outbox")
SELECT_WAITING = text("""
    SELECT 1 FROM pg_sleep(0.02), pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


@dataclass
class ProcessingResult:
    """Results, events and statement count of a transaction."""

    results: list[CommandResult]
    events: list[dict[str, Any]]
    statement_count: int

    def error_codes(self) -> list[str]:
        """List the error codes of all violations."""
        return [str(violation.code) for result in self.results for violation in result.violations]

    def event_types(self) -> list[str]:
        """List the types of the events, apart from the states of lot balances."""
        return [event["type"] for event in self.events if event["type"] != "lot.balances_changed.v1"]

    def data_of(self, event_type: str) -> list[dict[str, Any]]:
        """List the data of the events of one type."""
        return [event["data"] for event in self.events if event["type"] == event_type]


@dataclass
class ServiceHarness:
    """Dispatches messages to the handlers of a service on its own database; `suffix` isolates the ids of each test."""

    registry: ClassVar[HandlerRegistry]
    engine: AsyncEngine
    suffix: str = field(default_factory=lambda: uuid4().hex[:8])
    conflict_count: int = 0
    is_settled: bool = True
    """Whether what is not found does not exist; otherwise it is not yet available."""

    @property
    def sku(self) -> str:
        """Return the SKU of the test's product."""
        return self.scoped_id("SKU")

    def scoped_id(self, name: str) -> str:
        """Return an id that is unique to this test."""
        return f"{name}-{self.suffix}"

    async def handle_events(self, events: Sequence[CloudEvent[Any]]) -> ProcessingResult:
        """Process a batch like the consumer; its events are returned and removed from the outbox."""
        async with transaction(self.engine) as tx:
            last_id = (await tx.fetch_all(SELECT_LAST_ID))[0].id
            tx.statement_count = 0
            claimed = await inbox.claim(tx, [event for event in events if self.registry.accepts(event)])
            results: Mapping[Causation, CommandResult] = (
                await dispatch(tx, self.registry, *claimed, is_settled=self.is_settled) if any(claimed) else {}
            )
            statements = tx.statement_count
            emitted = [
                (row.id, json.loads(row.value)) for row in await tx.fetch_all(SELECT_EMITTED, {"after": last_id})
            ]
            event_ids = {event.id for event in events}  # concurrent transactions may also have emitted events
            emitted = [
                (outbox_id, emitted_event)
                for outbox_id, emitted_event in emitted
                if emitted_event["data"]["cause"]["id"] in event_ids
            ]
            await tx.execute(DELETE_EMITTED, {"ids": [outbox_id for outbox_id, _ in emitted]})
        emitted_events = [emitted_event for _, emitted_event in emitted]
        return ProcessingResult(
            [results[event.cause] for event in events if event.cause in results], emitted_events, statements
        )

    async def wait_for_blocked_transaction(self) -> None:
        """Wait until a transaction is blocked by a lock."""
        async with asyncio.timeout(MAX_WAIT_SECONDS), self.engine.connect() as connection:
            while not (await connection.execute(SELECT_WAITING)).all():  # pg_stat_activity is cached per transaction
                await connection.rollback()

    async def handle(self, *payloads: Message, actor: str = "anna") -> ProcessingResult:
        """Process payloads in one transaction."""
        return await self.handle_events([to_event(payload, actor, Transaction.clock()) for payload in payloads])

    async def handle_with_retry(self, *payloads: Message) -> ProcessingResult:
        """Process payloads in one transaction, with retries after conflicts like the consumer."""
        while True:
            try:
                return await self.handle(*payloads)
            except Exception as error:
                if categorise_error(error) is not ErrorCategory.CONFLICT:
                    raise
                self.conflict_count += 1

    async def fetch_all(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a query on the database of the service."""
        async with transaction(self.engine) as tx:
            return [dict(row._mapping) for row in await tx.fetch_all(text(statement), parameters)]  # noqa: SLF001
