"""From a record's bytes to an event, or to what is wrong with it, or to nothing that concerns this service."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.topics import Topic
from shared.dead_letters import Record

MAX_BYTES = 1024 * 1024
TYPE = re.compile(rb'"type"\s*:\s*"([^"\\]{1,255})"')


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot be read, and why."""

    error: str


class Decoder:
    """Reads the records of the topics that carry a service's messages."""

    def __init__(self, messages: Mapping[str, type[Fact]]) -> None:
        self._topics = {message.TOPIC.name: message.TOPIC for message in messages.values()}
        framed = {name: CloudEvent[message] for name, message in messages.items()}  # type: ignore[valid-type]
        self._readers = {name: model.__pydantic_validator__.validate_json for name, model in framed.items()}

    def decode(self, record: Record) -> CloudEvent[Any] | Malformed | None:
        """The record's event; None where it is a kind of message that this service has no row for."""
        value = record.value
        if not value:
            return Malformed("the record has no value")
        if len(value) > MAX_BYTES:
            return Malformed(f"the record has {len(value)} bytes; 1 MiB is the most")
        # In our own messages `type` stands before `data`, so the first one found is the right one; in others' it is
        # a guess, which the model proves: it was found in the frame if the frame has it.
        guess = found.group(1).decode() if (found := TYPE.search(value)) else ""
        topic = self._topics[record.topic]
        if topic.kind in {"events", "reference"} and found and guess not in self._readers:
            return None
        if read := self._readers.get(guess):
            try:
                event = read(value)
            except ValidationError:
                event = None  # what is wrong is found out below
            if event is not None and event.type == guess:
                return _checked(record, event)
        return self._slowly(record, value, topic)

    def _slowly(self, record: Record, value: bytes, topic: Topic) -> CloudEvent[Any] | Malformed | None:
        """Find out what is wrong with a record, or that its `type` stands after a `data` with one of its own."""
        name = _type_of(value)
        if isinstance(name, Malformed):
            return name
        if read := self._readers.get(name):
            try:
                return _checked(record, read(value))
            except ValidationError as error:
                return Malformed(_told(error))
        if name in topic.messages or topic.kind in {"events", "reference"}:
            return None
        return Malformed(f"type: {name!r} is no message of {topic.name}; it takes {', '.join(topic.messages)}")


def _type_of(value: bytes) -> str | Malformed:
    try:
        whole = from_json(value)
    except ValueError as error:
        return Malformed(f"it is no JSON: {error}")
    if not isinstance(whole, dict) or not isinstance(whole.get("type"), str):
        return Malformed("it is no JSON object with a type")
    return str(whole["type"])


def _checked(record: Record, event: CloudEvent[Any]) -> CloudEvent[Any] | Malformed:
    """The event, if its record is keyed by what its topic is ordered by."""
    expected = event.data.key()
    if record.key is None:
        return Malformed(f"the record has no key; it must be {expected!r}")
    if record.key != expected.encode():
        return Malformed(f"the record's key is {record.key.decode(errors='replace')!r}; it must be {expected!r}")
    if b"\\u0000" in (record.value or b""):
        return Malformed("it holds a NUL character")
    return event


def _told(error: ValidationError) -> str:
    """What is wrong where, for the first few mistakes."""
    wrong = error.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(str(step) for step in one['loc'])}: {one['msg']}" for one in wrong[:5]]
    return "; ".join(told) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
