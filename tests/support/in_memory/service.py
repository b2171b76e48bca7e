"""In-memory service: runs the registered handlers and policies on a unit of work that holds all rows."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.raw_scans import RawScans
from shared.inventory.scan_fills import ScanUse, fill_command
from shared.inventory.scan_meanings import Catalogue
from shared.messaging.dispatcher import finish_results, group_by_load, handle_messages
from shared.messaging.registry import HandlerRegistry
from shared.unit_of_work import CommandResult, UnitOfWork
from tests.support.events import NOW, to_event

U = TypeVar("U", bound=UnitOfWork)


class InMemoryService(Generic[U]):
    """A service without loads: whatever is not in its unit of work does not exist.

    `accept_changes` stands for the save: it clears the changes and keeps the rows.
    """

    uses: ClassVar[Mapping[type[Message], ScanUse]] = {}
    """How the commands of the service use raw scans."""

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
        events = [self._with_read_scans(event) for event in events if self.registry.accepts(event)]
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

    def catalogue(self) -> Catalogue:
        """What raw scans may name, as the statement of the service finds it."""
        return Catalogue((), ())

    def _with_read_scans(self, event: CloudEvent[Any]) -> CloudEvent[Any]:
        if not isinstance(event.data, RawScans) or not event.data.scans or event.data.read_scans:
            return event
        filled = fill_command(event.data, self.uses[type(event.data)], self.catalogue(), self.now.year)
        return event.model_copy(update={"data": filled})

    def events_of(self, event_type: type[Message]) -> list[Any]:
        """Return the published events of a type."""
        return [event for event in self.published if isinstance(event, event_type)]


def numbered_ids(prefix: str = "ID-") -> Iterator[str]:
    """Return ids with consecutive numbers."""
    return (f"{prefix}{number}" for number in count(1))
