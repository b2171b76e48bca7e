"""Unit of work: what one transaction loaded, changed, published and answered.

A service declares a subclass with its working sets. A handler receives the unit of work and the data of one message.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from shared.contracts.envelope import Causation, CloudEvent, Message, Rejected
from shared.contracts.problems import Code, ProblemDetail


class MessageContext(NamedTuple):
    """Actor, time and causation of the message being handled (S22)."""

    actor: str
    occurred_at: datetime
    cause: Causation

    @classmethod
    def from_event(cls, event: CloudEvent[Any]) -> "MessageContext":
        """Build the context of a message."""
        return cls(event.actor, event.time, event.cause)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of one command: a body on success, violations on rejection.

    With violations and without a body, the command was rejected; its events describe side effects, such as released
    allocations. With both, only the items named by the violations were rejected.
    """

    body: BaseModel | None = None
    events: Sequence[Message] = ()
    """Events that the handler emitted; added by the dispatcher."""
    violations: Sequence[ProblemDetail] = ()
    resource_path: str | None = None
    """Path of the created resource (201), or of the result of an asynchronous operation (202)."""
    build_body: Callable[[], BaseModel] | None = None
    """Builds the body after the policies, so that it shows the state to commit."""

    @classmethod
    def rejected(cls, *violations: ProblemDetail) -> "CommandResult":
        """Build the result of a command that was rejected as a whole."""
        return cls(violations=violations)

    @property
    def is_rejected(self) -> bool:
        """Whether the whole command was rejected."""
        return self.body is None and self.build_body is None

    def created(self, path: str) -> "CommandResult":
        """Add the path of the created resource, unless the command was rejected."""
        return self if self.is_rejected else replace(self, resource_path=path)


class UnitOfWork:
    """Base class of the units of work of the services."""

    rejection_type: ClassVar[type[Rejected]]
    """Event type of the service's rejections and event conflicts."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        self.now = now
        """The time of all decisions in this transaction."""
        self.ids = ids
        """Ids of new records."""
        self.emitted: list[Message] = []
        """Events to publish, in order."""
        self.event: CloudEvent[Any]
        """The message being handled."""

    @property
    def context(self) -> MessageContext:
        """Actor, time and causation of the message being handled."""
        return MessageContext.from_event(self.event)

    @property
    def reason(self) -> str:
        """Reason in the message being handled."""
        return getattr(self.event.data, "reason", "")

    def emit(self, message_type: type[Message], context: MessageContext | None = None, **fields: Any) -> None:
        """Add an event caused by the message being handled, or by the message of a context."""
        source = context or self.event
        self.emitted.append(message_type(actor=source.actor, cause=source.cause, **fields))

    def record_conflict(
        self, code: Code, detail: str, *, document: str | None = None, sku: str | None = None, ids: Sequence[str] = ()
    ) -> None:
        """Report that the event being handled contradicts the state here; a supervisor resolves the conflict."""
        self.emit(
            self.rejection_type, kind="EVENT_CONFLICT", document=document or self.event.data.key(),
            rejected_type=self.event.type, code=code, detail=detail, sku=sku, ids=list(ids),
        )  # fmt: skip
