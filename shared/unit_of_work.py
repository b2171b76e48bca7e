"""Unit of work: what one transaction loaded, changed, published and answered.

A service declares a subclass with its working sets. A handler receives the unit of work and the data of one message.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

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
    is_waiting: bool = False
    """Whether the command is kept until its document arrives; the path is that of the waiting messages."""
    build_body: Callable[[], BaseModel] | None = None
    """Builds the body after the policies, so that it shows the state to commit."""

    @classmethod
    def rejected(cls, *violations: ProblemDetail) -> "CommandResult":
        """Build the result of a command that was rejected as a whole."""
        return cls(violations=violations)

    @classmethod
    def waiting(cls, body: BaseModel, document: str) -> "CommandResult":
        """Build the result of a command that is kept until its document arrives."""
        return cls(body, is_waiting=True, resource_path=f"/waiting-messages?document={quote(document, safe='')}")

    @property
    def is_rejected(self) -> bool:
        """Whether the whole command was rejected."""
        return self.body is None and self.build_body is None

    def created(self, path: str) -> "CommandResult":
        """Add the path of the created resource, unless the command was rejected."""
        return self if self.is_rejected else replace(self, resource_path=path)


FOREVER = datetime.max.replace(tzinfo=UTC)


class WaitingMessages:
    """Messages that arrived before their document, by document: loaded, new and taken ones."""

    def __init__(self) -> None:
        self._by_document: dict[str, list[tuple[CloudEvent[Any], datetime]]] = {}
        self.added: list[tuple[str, CloudEvent[Any], datetime]] = []
        self.taken: dict[str, datetime] = {}
        """Documents of which the messages are to be deleted that were received until a time."""

    def load(self, document: str, event: CloudEvent[Any], received_at: datetime) -> None:
        """Add a stored message; one that is here already, or that was taken, is ignored."""
        known = self._by_document.setdefault(document, [])
        is_taken = document in self.taken and received_at <= self.taken[document]
        if not is_taken and event.cause not in {other.cause for other, _ in known}:
            known.append((event, received_at))

    def keep(self, document: str, event: CloudEvent[Any], now: datetime) -> None:
        """Keep a message until its document arrives."""
        self._by_document.setdefault(document, []).append((event, now))
        self.added.append((document, event, now))

    def events_of(self, document: str) -> list[CloudEvent[Any]]:
        """Return the messages that wait for a document, oldest first."""
        return [event for event, _ in self._by_document.get(document, ())]

    def take(self, document: str, received_until: datetime = FOREVER) -> list[CloudEvent[Any]]:
        """Remove and return the messages that wait for a document and were received until a time, oldest first."""
        waiting = self._by_document.pop(document, [])
        taken = [event for event, received_at in waiting if received_at <= received_until]
        if taken:
            self.taken[document] = received_until
        if later := [entry for entry in waiting if entry[1] > received_until]:
            self._by_document[document] = later
        return taken

    def accept_changes(self) -> None:
        """Forget what is saved."""
        self.added.clear()
        self.taken.clear()


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
        self.waiting = WaitingMessages()
        """Messages that wait for their document."""
        self.rejected: list[tuple[CloudEvent[Any], ProblemDetail]] = []
        """Messages that were accepted earlier and are rejected now."""

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

    def reject(self, event: CloudEvent[Any], violation: ProblemDetail) -> None:
        """Reject a message that was kept earlier."""
        self.rejected.append((event, violation))

    def record_conflict(
        self, code: Code, detail: str, *, document: str | None = None, sku: str | None = None, ids: Sequence[str] = ()
    ) -> None:
        """Report that the event being handled contradicts the state here; a supervisor resolves the conflict."""
        self.emit(
            self.rejection_type, kind="EVENT_CONFLICT", document=document or self.event.data.key(),
            rejected_type=self.event.type, code=code, detail=detail, sku=sku, ids=list(ids),
        )  # fmt: skip
