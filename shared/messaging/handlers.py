"""Registrations of handlers, jobs and policies: message type, functions, lock keys, HTTP path.

An `EventHandler` processes events of other services, and messages of its own for work under other locks. A
`CommandHandler` processes commands from Kafka and HTTP and returns a result for each. A `ScheduledJob` finds due items
and processes them as internal messages. A `Policy` follows from the changes of a whole transaction.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from shared.auth.roles import Role
from shared.contracts.envelope import CloudEvent, Message
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

LockKeys = Callable[[Any], Iterable[str]]
"""Returns the lock keys of a message from its data alone, for example `sku:A-1`, `order:SO-7`."""


Load = Callable[[Transaction, Any, Sequence[CloudEvent[Any]]], Awaitable[None]]
"""Loads what the messages of a batch need into the unit of work, with a constant number of statements."""

Save = Callable[[Transaction, Any], Awaitable[None]]
"""Saves the changes of the unit of work."""

EventHandle = Callable[[Any, Any], None]
"""`handle(uow, data)`: applies one event to the unit of work; pure."""

CommandHandle = Callable[[Any, Any], CommandResult]
"""`handle(uow, data)`: applies one command to the unit of work and returns its result; pure."""

Enricher = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[CloudEvent[Any]]]]
"""Completes data that senders may omit, before locks are acquired; the handler verifies it again."""

DueQuery = Callable[[Transaction, Any | None, int], Awaitable[Sequence[Message]]]
"""Finds due items after a given one, in a fixed order and up to a maximum number."""


class EventHandler(NamedTuple):
    """Registration of a handler of an event; without `handle`, the load has the whole effect.

    An event may have several handlers, which run in this order. They share a load if their lock keys repeat within a
    batch; otherwise messages of one key form a batch each.
    """

    message: type[Message]
    handle: EventHandle | None
    lock_keys: LockKeys
    predicate: Callable[[Any], bool] | None = None
    """Message filter; messages that do not match are ignored."""
    load: Load | None = None


class CommandHandler(NamedTuple):
    """Registration of the handler of a command and its HTTP path.

    `success_status` is 201 if the command may create a resource, 202 if it completes asynchronously.
    """

    message: type[Message]
    handle: CommandHandle
    lock_keys: LockKeys
    path: str
    result: type[BaseModel]
    """Response body on success."""
    operation: str
    """Public OpenAPI operation name, for example `confirmSession`."""
    summary: str
    """Public summary, for example `Confirm a scanning session`."""
    success_status: int = 200
    role: Role = Role.OPERATOR
    """The role that a sender needs."""
    may_wait: bool = False
    """Whether the command is kept (202) if it arrives before its document."""
    enrich: Enricher | None = None
    load: Load | None = None

    @property
    def path_fields(self) -> dict[str, str]:
        """Map path parameters to message fields, for example `{return}` to `return_id`."""
        names = re.findall(r"{(\w+)}", self.path)
        return {name: name if name in self.message.model_fields else f"{name}_id" for name in names}


class ScheduledJob(NamedTuple):
    """Registration of a time-driven job: a query of due items and a handler that verifies them under lock."""

    message: type[Message]
    find_due: DueQuery
    handle: EventHandle
    lock_keys: LockKeys
    load: Load | None = None


class Policy(NamedTuple):
    """A rule about the changes of a whole transaction, applied once before commit after all handlers.

    `load` loads what the changes require; `handle` is pure. Both do nothing if the changes do not concern them.
    """

    handle: Callable[[Any], None]
    load: Callable[[Transaction, Any], Awaitable[None]] | None = None
    reads_saved_changes: bool = True
    """For the first policy: whether its load must see the changes of the last batch in the database.

    Otherwise they are saved together with those of the policies.
    """
