"""In-memory service: runs the registered handlers and policies on a unit of work that holds all rows."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Any, Generic, TypeVar

from shared.contracts.envelope import CloudEvent, Message
from shared.messaging.dispatcher import finish_results, group_by_load, handle_messages
from shared.messaging.registry import HandlerRegistry
from shared.unit_of_work import CommandResult, UnitOfWork
from tests.support.events import NOW, to_event

U = TypeVar("U", bound=UnitOfWork)


class InMemoryService(Generic[U]):
    """A service without loads: whatever is not in its unit of work does not exist.

    `accept_changes` stands for the save: it clears the changes and keeps the rows.
    """

    def __init__(
        self, registry: HandlerRegistry, uow: U, accept_changes: Callable[[U], None], now: datetime = NOW
    ) -> None:
        self.registry, self.uow, self.now = registry, uow, now
        self._accept_changes = accept_changes
        self.published: list[Message] = []

    def handle(self, *messages: Message) -> list[CommandResult]:
        """Handle messages as one transaction; returns the results of the commands."""
        return self.handle_events([to_event(message, time=self.now) for message in messages])

    def handle_events(self, events: list[CloudEvent[Any]]) -> list[CommandResult]:
        """Handle events as one transaction; returns the results of the commands."""
        results: dict[Any, CommandResult] = {}
        self.uow.now, self.uow.emitted, self.uow.rejected = self.now, [], []
        events = [event for event in events if self.registry.accepts(event)]
        lock_keys = self.registry.lock_keys_of(events)
        for batch in group_by_load(self.registry, events, lock_keys):
            handle_messages(self.uow, batch.items, results)
            self._accept_changes(self.uow)
        for policy in self.registry.policies:
            policy.handle(self.uow)
        self._accept_changes(self.uow)
        finish_results(results)
        self.uow.waiting.accept_changes()
        self.published += self.uow.emitted
        return [results[event.cause] for event in events if event.cause in results]

    def events_of(self, event_type: type[Message]) -> list[Any]:
        """Return the published events of a type."""
        return [event for event in self.published if isinstance(event, event_type)]


def numbered_ids(prefix: str = "ID-") -> Iterator[str]:
    """Return ids with consecutive numbers."""
    return (f"{prefix}{number}" for number in count(1))
