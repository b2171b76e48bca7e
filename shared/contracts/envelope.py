"""Message envelope (CloudEvents 1.0, structured JSON) and base class of message payloads.

A message is declared once, as a class: `class ReceiptClosed(Message, type="receipt.closed.v1", topic=RECEIVING,
key="receipt")`. The class registers itself on its topic; decoding, schemas, AsyncAPI and the message catalog use it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, Unpack, get_origin

from pydantic import BeforeValidator, ConfigDict, StringConstraints

from shared.contracts.model import KnownFieldsModel
from shared.contracts.topics import Topic
from shared.identifiers import Actor, Timestamp, subject_of

MAX_ITEMS_PER_MESSAGE = 500
"""Maximum number of items in one message; `chunks` splits longer lists."""

OWN_SOURCE_PREFIX = "tracelot/"
"""Prefix of the CloudEvents sources of our services; their message ids are UUIDv7."""

PrintableString = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[ -~]+$")]


_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def parse_traceparent(value: Any) -> str | None:
    """Return a valid W3C traceparent; drop any other value, since it is not part of the payload."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


TraceParent = Annotated[str | None, BeforeValidator(parse_traceparent)]


class ContractModel(KnownFieldsModel):
    """Base class of contract models: immutable, ignores unknown fields when validating."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=10_000)


class Causation(ContractModel):
    """The message that caused this one, identified by source and id."""

    source: PrintableString
    id: PrintableString


class Message(ContractModel):
    """Base class of event and command payloads; the class declares type, topic and key."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    KEY: ClassVar[str]
    ITEM_FIELDS: ClassVar[Sequence[str]] = ()
    """Fields that list items."""
    OCCURS_WITH_CAUSE: ClassVar[bool] = False
    """Whether it reports an act of its cause: then it has the time of that message, not of its processing."""
    SERIALIZATION: ClassVar[Mapping[str, bool]] = {"exclude_none": True}
    """How its data are compared and stored: an omitted field and null mean the same."""

    actor: Actor = ""
    """User or device that acted; empty for the sender itself."""
    cause: Causation | None = None

    def __init_subclass__(
        cls,
        *,
        type: str | None = None,  # noqa: A002 - CloudEvents' own name for it
        topic: Topic | None = None,
        key: str = "",
        **kwargs: Unpack[ConfigDict],
    ) -> None:
        """Register a message class with a type on its topic.

        A message without a topic is internal: a scheduled job creates and dispatches it without Kafka.
        """
        super().__init_subclass__(**kwargs)
        if type is not None:
            cls.TYPE, cls.KEY = type, key
        if type is not None and topic is not None:
            cls.TOPIC = topic
            topic.messages[type] = cls

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Determine the list fields once per class: inspecting each message is slow."""
        super().__pydantic_init_subclass__(**kwargs)
        lists = {name for name, field in cls.model_fields.items() if get_origin(field.annotation) is list}
        cls.ITEM_FIELDS = [
            name for name in ("serials", "units", "allocated", "lots", "stock", "scans") if name in lists
        ]

    def key(self) -> str:
        """Return the record key, which determines the order within the topic."""
        return str(getattr(self, self.KEY))

    def cost(self) -> int:
        """Return the number of items, by which batches are split into transactions."""
        return max([len(getattr(self, name)) for name in self.ITEM_FIELDS], default=1) or 1


class MergePatch(Message):
    """A JSON merge patch (RFC 7396): omitted fields keep their values, null returns them to their defaults."""

    SERIALIZATION = {"exclude_unset": True}


D = TypeVar("D", bound=Message)


class CloudEvent(KnownFieldsModel, Generic[D]):
    """Message envelope, CloudEvents 1.0 (`application/cloudevents+json`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: PrintableString
    source: PrintableString
    type: PrintableString
    time: Timestamp
    subject: str | None = None
    datacontenttype: str = "application/json"
    traceparent: TraceParent = None
    data: D

    @property
    def actor(self) -> str:
        """The actor of the payload, otherwise the source, truncated to the maximum length of an actor."""
        return self.data.actor or self.source[:64]

    @property
    def sender(self) -> str:
        """The actor without the supervisor who approved the message."""
        return subject_of(self.actor)

    @cached_property
    def cause(self) -> Causation:
        """Return a reference to this message, for the messages that it causes."""
        return Causation.model_construct(source=self.source, id=self.id)


T = TypeVar("T")


def chunks(items: Iterable[T], size: int = MAX_ITEMS_PER_MESSAGE) -> Iterator[Sequence[T]]:
    """Split items into chunks that fit one message each."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Rejected(Message):
    """A message that was not processed: a rejected command, or an event that conflicts with the service's state.

    `document` is the key of the rejected message; the service that rejected it keeps the message.
    """

    kind: Literal["COMMAND_REJECTED", "EVENT_CONFLICT"] = "COMMAND_REJECTED"
    document: str
    rejected_type: str
    code: str
    detail: str
    sku: str | None = None
    ids: list[str] = []
    blocked_by: list[str] = []
