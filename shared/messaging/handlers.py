"""Handler registrations: message type, callback, lock keys, HTTP path.

An `EventHandler` processes events of other services, and messages of its own for work under other locks. A
`CommandHandler` processes commands from Kafka and HTTP and returns a result for each. A `ScheduledJob` finds due items
and processes them as internal messages.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import ProblemDetail
from shared.persistence.database import Transaction

LockKeys = Callable[[Any], Iterable[str]]
"""Returns the lock keys of a message from its data alone, for example `sku:A-1`, `order:SO-7`."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of one command: a body and events on success, violations on rejection.

    With violations and without a body, the command was rejected; its events describe side effects, such as released
    allocations. With both, only the items named by the violations were rejected.
    """

    body: BaseModel | None = None
    events: Sequence[Message] = ()
    violations: Sequence[ProblemDetail] = ()
    resource_path: str | None = None
    """Path of the created resource (201), or of the result of an asynchronous operation (202)."""

    def created(self, path: str) -> "CommandResult":
        """Add the path of the created resource, unless the command was rejected."""
        return self if self.body is None else replace(self, resource_path=path)


EventCallback = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[Message]]]
CommandCallback = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[CommandResult]]]
Enricher = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[CloudEvent[Any]]]]
"""Completes data that senders may omit, before locks are acquired; the handler verifies it again."""

DueQuery = Callable[[Transaction, Any | None, int], Awaitable[Sequence[Message]]]
"""Finds due items after a given one, in a fixed order and up to a maximum number."""


class EventHandler(NamedTuple):
    """Registration of an event callback, which returns the resulting events."""

    message: type[Message]
    callback: EventCallback
    lock_keys: LockKeys
    predicate: Callable[[Any], bool] | None = None
    """Message filter; messages that do not match are ignored."""


class CommandHandler(NamedTuple):
    """Registration of a command callback and its HTTP path; the callback returns one result per command, in order.

    `success_status` is 201 if the command may create a resource, 202 if it completes asynchronously.
    """

    message: type[Message]
    callback: CommandCallback
    lock_keys: LockKeys
    path: str
    result: type[BaseModel]
    """Response body on success."""
    operation: str
    """Public OpenAPI operation name, for example `confirmSession`."""
    summary: str
    """Public summary, for example `Confirm a scanning session`."""
    success_status: int = 200
    enrich: Enricher | None = None

    @property
    def path_fields(self) -> dict[str, str]:
        """Map path parameters to message fields, for example `{return}` to `return_id`."""
        names = re.findall(r"{(\w+)}", self.path)
        return {name: name if name in self.message.model_fields else f"{name}_id" for name in names}


class ScheduledJob(NamedTuple):
    """Registration of a time-driven job: a query of due items and a callback that verifies them under lock."""

    message: type[Message]
    find_due: DueQuery
    callback: EventCallback
    lock_keys: LockKeys
