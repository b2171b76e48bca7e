"""The frame of every message: a CloudEvent 1.0 in structured JSON, and the model its `data` must fit.

A message is declared once, as a class: `class UnitReceived(Fact, type="unit.received.v1", topic=RECEIVING,
key="receipt")`. Declaring it registers it on its topic, from which decoding, schemas, AsyncAPI and the map are made.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, Unpack, get_origin

from pydantic import BeforeValidator, ConfigDict, StringConstraints

from shared.contracts.model import KnownFieldsModel
from shared.contracts.topics import Topic
from shared.identifiers import Actor, Moment

MAX_UNITS = 500
"""Units that one message may name; a longer act is cut by `chunks`."""

OUR_SOURCES = "tracelot/"
"""What the sources of our own services begin with; their ids are UUIDv7."""

Shown = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[ -~]+$")]


_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace(given: Any) -> str | None:
    """A W3C traceparent; anything else is dropped, as it is no part of what is said."""
    return given if isinstance(given, str) and _TRACE.fullmatch(given) else None


Trace = Annotated[str | None, BeforeValidator(trace)]


class Model(KnownFieldsModel):
    """A value of the public language: frozen, and blind to fields that others sent and it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=10_000)


class Cause(Model):
    """The message that led to this one, by the pair that makes a CloudEvent unique."""

    source: Shown
    id: Shown


class Fact(Model):
    """The `data` of a message: what happened, or on a commands topic what shall; its class says type, topic and key."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    KEY: ClassVar[str]
    UNITS: ClassVar[Sequence[str]] = ()
    """Those of its fields that list units."""

    actor: Actor = ""
    """Who did it; empty means the sender itself."""
    cause: Cause | None = None

    def __init_subclass__(
        cls,
        *,
        type: str | None = None,  # noqa: A002 - CloudEvents' own name for it
        topic: Topic | None = None,
        key: str = "",
        **kwargs: Unpack[ConfigDict],
    ) -> None:
        """Register a declared message on its topic; a base class declares nothing.

        One without a topic is what a service tells itself: it never travels.
        """
        super().__init_subclass__(**kwargs)
        if type is not None:
            cls.TYPE, cls.KEY = type, key
        if type is not None and topic is not None:
            cls.TOPIC = topic
            topic.messages[type] = cls

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Note which fields list units: asking each message for them is slow."""
        super().__pydantic_init_subclass__(**kwargs)
        lists = {name for name, field in cls.model_fields.items() if get_origin(field.annotation) is list}
        cls.UNITS = [name for name in ("serials", "units", "given", "lots", "stock") if name in lists]

    def key(self) -> str:
        """The record's key: what this topic is ordered by."""
        return str(getattr(self, self.KEY))

    def weight(self) -> int:
        """How many units it moves, so that no transaction takes too many."""
        return max([len(getattr(self, name)) for name in self.UNITS], default=1) or 1


D = TypeVar("D", bound=Fact)


class CloudEvent(KnownFieldsModel, Generic[D]):
    """One message as it travels, https://github.com/cloudevents/spec 1.0, `application/cloudevents+json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: Shown
    source: Shown
    type: Shown
    time: Moment
    subject: str | None = None
    datacontenttype: str = "application/json"
    traceparent: Trace = None
    data: D

    @property
    def actor(self) -> str:
        """Who did it: the person or device named, else the sender, cut to what an actor may have."""
        return self.data.actor or self.source[:64]

    @cached_property
    def cause(self) -> Cause:
        """This message, as the cause of what it leads to."""
        return Cause.model_construct(source=self.source, id=self.id)


T = TypeVar("T")


def chunks(units: Iterable[T], size: int = MAX_UNITS) -> Iterator[Sequence[T]]:
    """Cut the units of one act into runs that fit one message each."""
    rest = iter(units)
    while run := list(islice(rest, size)):
        yield run


class Rejected(Fact):
    """What was asked or told and not done: the answer to a refused message, and a disagreement between facts.

    `document` is what the refused message was keyed by; the message itself is kept by the service that refused it.
    """

    kind: Literal["REFUSAL", "DISAGREEMENT"] = "REFUSAL"
    document: str
    refused_type: str
    code: str
    detail: str
    sku: str | None = None
    ids: list[str] = []
    blocked_by: list[str] = []
