"""Registry of the message handlers, policies and scheduled jobs of a service."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.envelope import CloudEvent
from shared.messaging.handlers import CommandHandler, EventHandler, Policy, Save, ScheduledJob
from shared.unit_of_work import UnitOfWork

Handler = EventHandler | CommandHandler | ScheduledJob


@dataclass(frozen=True)
class HandlerRegistry:
    """The message handlers, policies and scheduled jobs of a service, and its unit of work."""

    service: str
    handlers: Sequence[EventHandler | CommandHandler]
    unit_of_work: type[UnitOfWork]
    save: Save
    """Saves the changes of the unit of work: of each batch, except as `saves_before_policies` says, and at the end."""
    policies: Sequence[Policy] = ()
    """Applied once before commit, in order."""
    jobs: Sequence[ScheduledJob] = ()
    handlers_by_type: Mapping[str, Sequence[Handler]] = field(init=False)
    filtered_types: frozenset[str] = field(init=False)
    """Types with a predicate: few, and all messages are looked up several times."""

    def __post_init__(self) -> None:
        """Index handlers and jobs by message type; an event may have several handlers, a command has one."""
        handlers_by_type: dict[str, list[Handler]] = {}
        for handler in (*self.handlers, *self.jobs):
            handlers_by_type.setdefault(handler.message.TYPE, []).append(handler)
        for name, handlers in handlers_by_type.items():
            if len(handlers) > 1 and not all(isinstance(handler, EventHandler) for handler in handlers):
                raise ValueError(f"{self.service} has two handlers for the command {name}")
        object.__setattr__(self, "handlers_by_type", handlers_by_type)
        filtered_types = {handler.message.TYPE for handler in self.handlers if getattr(handler, "predicate", None)}
        object.__setattr__(self, "filtered_types", frozenset(filtered_types))

    @property
    def saves_before_policies(self) -> bool:
        """Whether the changes of the last batch are saved before the policies."""
        return not self.policies or self.policies[0].reads_saved_changes

    def lock_keys_of(self, events: Iterable[CloudEvent[Any]]) -> list[frozenset[str]]:
        """Return the lock keys of each message, over all its handlers."""
        return [
            frozenset(key for handler in self.handlers_of(event) for key in handler.lock_keys(event.data))
            for event in events
        ]

    def handlers_of(self, event: CloudEvent[Any]) -> Sequence[Handler]:
        """Return the handlers of a message, without those whose predicate does not match."""
        handlers = self.handlers_by_type[event.type]
        if event.type not in self.filtered_types:
            return handlers
        return [
            handler
            for handler in handlers
            if not isinstance(handler, EventHandler) or handler.predicate is None or handler.predicate(event.data)
        ]

    def accepts(self, event: CloudEvent[Any]) -> bool:
        """Return whether a message matches the predicate of a handler."""
        return bool(self.handlers_of(event))
