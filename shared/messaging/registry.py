"""Registry of the message handlers and scheduled jobs of a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.envelope import CloudEvent, Rejected
from shared.messaging.handlers import CommandHandler, EventHandler, ScheduledJob


@dataclass(frozen=True)
class HandlerRegistry:
    """The message handlers and scheduled jobs of a service, and the event type of its rejections."""

    service: str
    handlers: Sequence[EventHandler | CommandHandler]
    rejection_type: type[Rejected]
    jobs: Sequence[ScheduledJob] = ()
    by_type: Mapping[str, EventHandler | CommandHandler | ScheduledJob] = field(init=False)

    def __post_init__(self) -> None:
        """Index handlers and jobs by message type; each type has one."""
        handlers = [*self.handlers, *self.jobs]
        by_type = {handler.message.TYPE: handler for handler in handlers}
        if len(by_type) < len(handlers):
            raise ValueError(f"{self.service} has two handlers for one message type")
        object.__setattr__(self, "by_type", by_type)

    def accepts(self, event: CloudEvent[Any]) -> bool:
        """Return whether a message matches the predicate of its handler."""
        handler = self.by_type[event.type]
        return not isinstance(handler, EventHandler) or handler.predicate is None or handler.predicate(event.data)
