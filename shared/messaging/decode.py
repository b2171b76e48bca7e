"""Decodes Kafka records into events; detects malformed records and types without a handler."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.strict_json import find_json_violation
from shared.contracts.topics import Topic
from shared.messaging.dead_letters import Record

MAX_RECORD_BYTES = 1024 * 1024
TYPE_PATTERN = re.compile(rb'"type"\s*:\s*"([^"\\]{1,255})"')


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that cannot be decoded, and the error."""

    error: str


class Decoder:
    """Decodes the records of the topics that a service consumes."""

    def __init__(self, messages: Mapping[str, type[Message]], topic_prefix: str = "") -> None:
        self._topics = {topic_prefix + message.TOPIC.name: message.TOPIC for message in messages.values()}
        models = {name: CloudEvent[message] for name, message in messages.items()}  # type: ignore[valid-type]
        self._validators = {name: model.__pydantic_validator__.validate_json for name, model in models.items()}

    def decode(self, record: Record) -> CloudEvent[Any] | MalformedRecord | None:
        """Decode a record; returns None for a message type without a handler in this service."""
        value = record.value
        if not value:
            return MalformedRecord("the record has no value")
        if len(value) > MAX_RECORD_BYTES:
            return MalformedRecord(f"the record has {len(value)} bytes; the maximum is 1 MiB")
        # Our own messages have `type` before `data`, so the first match is the event type. In messages of other
        # producers it may be a field of `data`: it is compared with the type of the validated envelope.
        type_name = match.group(1).decode() if (match := TYPE_PATTERN.search(value)) else ""
        topic = self._topics[record.topic]
        if topic.kind in {"events", "reference"} and match and type_name not in self._validators:
            return None
        if validate := self._validators.get(type_name):
            try:
                event = validate(value)
            except ValidationError:
                event = None  # diagnosed below
            if event is not None and event.type == type_name:
                return _validate_record(record, event, topic)
        return self._diagnose(record, value, topic)

    def _diagnose(self, record: Record, value: bytes, topic: Topic) -> CloudEvent[Any] | MalformedRecord | None:
        """Determine the error of a record, or decode an envelope whose `type` follows a `data` with another `type`."""
        type_name = _parse_type(value)
        if isinstance(type_name, MalformedRecord):
            return type_name
        if validate := self._validators.get(type_name):
            try:
                return _validate_record(record, validate(value), topic)
            except ValidationError as error:
                return MalformedRecord(_describe_errors(error))
        if type_name in topic.messages or topic.kind in {"events", "reference"}:
            return None
        return MalformedRecord(
            f"type: {type_name!r} is not a message of {record.topic}; allowed: {', '.join(topic.messages)}"
        )


def _parse_type(value: bytes) -> str | MalformedRecord:
    try:
        document = from_json(value)
    except ValueError as error:
        return MalformedRecord(f"invalid JSON: {error}")
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        return MalformedRecord("not a JSON object with a type")
    return str(document["type"])


def _validate_record(record: Record, event: CloudEvent[Any], topic: Topic) -> CloudEvent[Any] | MalformedRecord:
    """Return the event if the record has its key, no NUL character (for PostgreSQL) and, from outside, strict JSON."""
    expected = event.data.key()
    if record.key is None:
        return MalformedRecord(f"the record has no key; expected {expected!r}")
    if record.key != expected.encode():
        return MalformedRecord(f"the record key is {record.key.decode(errors='replace')!r}; expected {expected!r}")
    if b"\\u0000" in (record.value or b""):
        return MalformedRecord("NUL character not allowed")
    # our own serializer writes strict JSON
    if topic.kind in {"upstream", "commands"} and (violation := find_json_violation(record.value or b"")):
        return MalformedRecord(violation)
    return event


def _describe_errors(error: ValidationError) -> str:
    """Format the first five validation errors with their field paths."""
    details = error.errors(include_url=False, include_context=False)
    descriptions = [
        f"{'.'.join(str(location) for location in detail['loc'])}: {detail['msg']}" for detail in details[:5]
    ]
    return "; ".join(descriptions) + (f"; and {len(details) - 5} more" if len(details) > 5 else "")
