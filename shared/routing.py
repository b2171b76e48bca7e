"""The rows of a service's map: which message goes to which handler, under which locks, at which address.

A `Hears` row is for a fact of a sibling service: it has happened, no rule judges it. A `Takes` row is for a request,
from upstream or the floor, over Kafka and over HTTP alike: its handler answers each one. A `Finds` row is for what
comes with time: the service looks for what is due and tells it to itself.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Refusal
from shared.database import Transaction

Locks = Callable[[Any], Iterable[str]]
"""From a message's data alone: the names of the rows it locks, `sku:A-1`, `order:SO-7`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request is answered: refusals where a rule said no, a body and facts where it did not.

    With refusals and no body, nothing of what was asked was done; facts say what became of it instead, as of goods that
    a pick gives back. With both, the refused units alone were left out.
    """

    body: BaseModel | None = None
    events: Sequence[Fact] = ()
    refusals: Sequence[Refusal] = ()
    address: str | None = None
    """The path of what was created (201), or of the outcome of what finishes later (202)."""

    def created(self, address: str) -> "Answer":
        """The same answer with the path of what was created; a refusal stays as it is."""
        return self if self.body is None else replace(self, address=address)


FactHandler = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[Fact]]]
RequestHandler = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[Answer]]]
Complete = Callable[[Transaction, Sequence[CloudEvent[Any]]], Awaitable[Sequence[CloudEvent[Any]]]]
"""Fills in what senders may leave out, from what is known before any lock is taken: the handler looks once more."""

Due = Callable[[Transaction, Any | None, int], Awaitable[Sequence[Fact]]]
"""At most so many facts that are due now, in an order of their own, after the one that is given."""


class Hears(NamedTuple):
    """A sibling's fact and who takes it in; facts it leads to are returned."""

    message: type[Fact]
    handler: FactHandler
    locks: Locks
    when: Callable[[Any], bool] | None = None
    """Which of them concern the service at all, from their data alone; the others leave no trace."""


class Takes(NamedTuple):
    """A request, who decides it, and the path it is posted to; one answer a request, in order.

    `status` is 201 where the command may create a resource, 202 where it finishes later.
    """

    message: type[Fact]
    handler: RequestHandler
    locks: Locks
    post: str
    result: type[BaseModel]
    """The body of a success."""
    operation: str
    """The name in OpenAPI, a part of the public interface: `confirmSession`."""
    summary: str
    """The act as its user calls it: `Confirm a scanning session`."""
    status: int = 200
    complete: Complete | None = None

    @property
    def path_fields(self) -> dict[str, str]:
        """Each parameter of the path and the message's field that it fills: `{return}` fills `return_id`."""
        names = re.findall(r"{(\w+)}", self.post)
        return {name: name if name in self.message.model_fields else f"{name}_id" for name in names}


class Finds(NamedTuple):
    """What is due as time passes, and who decides it, as a fact without a topic; the handler looks again, locked."""

    message: type[Fact]
    due: Due
    handler: FactHandler
    locks: Locks
