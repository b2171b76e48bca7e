"""Decodes Kafka records into events; detects malformed records and types without a handler."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.strict_json import find_json_violation
from shared.contracts.topics import Topic
from shared.contracts.unknown_fields import EXTRA_FIELD, UnknownName, find_unknown_fields
from shared.messaging.dead_letters import Record
from shared.messaging.inbox import is_own
from shared.messaging.rejections import Rejection

MAX_RECORD_BYTES = 1024 * 1024
MAX_NAMED_FIELDS = 100
"""Number of unknown fields for which a rejection names the nearest known one."""
TYPE_PATTERN = re.compile(rb'"type"\s*:\s*"([^"\\]{1,255})"')


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that cannot be decoded, and the error."""

    error: str


Decoded = CloudEvent[Any] | MalformedRecord | Rejection | None
"""An event, the error of a record, or the rejection of an event with fields that do not exist."""


class Decoder:
    """Decodes the records of the topics that a service consumes."""

    def __init__(self, messages: Mapping[str, type[Message]], topic_prefix: str = "") -> None:
        self._topics = {topic_prefix + message.TOPIC.name: message.TOPIC for message in messages.values()}
        self._models = {name: CloudEvent[message] for name, message in messages.items()}  # type: ignore[valid-type]
        self._validators = {name: model.__pydantic_validator__.validate_json for name, model in self._models.items()}

    def decode(self, record: Record) -> Decoded:
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
        if not topic.is_incoming and match and type_name not in self._validators:
            return None
        if validate := self._validators.get(type_name):
            try:
                event = validate(value, extra="forbid" if topic.is_incoming else None)
            except ValidationError:
                event = None  # diagnosed below
            if event is not None and event.type == type_name:
                return _validate_record(record, event, topic)
        return self._diagnose(record, value, topic)

    def _diagnose(self, record: Record, value: bytes, topic: Topic) -> Decoded:
        """Determine the error of a record, or decode it: some valid ones are not decoded at the first attempt.

        Its `type` may follow a `data` with another `type`, and its envelope may have extension attributes.
        """
        type_name = _parse_type(value)
        if isinstance(type_name, MalformedRecord):
            return type_name
        if validate := self._validators.get(type_name):
            errors = self._find_errors(type_name, value, topic)
            unknown = find_unknown_fields(self._models[type_name], errors)
            try:
                event = _validate_record(record, validate(value), topic)
            except ValidationError:
                return MalformedRecord(_describe_errors(errors, unknown))
            if not unknown or isinstance(event, MalformedRecord) or is_own(event):
                return event
            return _reject_unknown_fields(record, event, unknown)
        if type_name in topic.messages or not topic.is_incoming:
            return None
        return MalformedRecord(
            f"type: {type_name!r} is not a message of {record.topic}; allowed: {', '.join(topic.messages)}"
        )

    def _find_errors(self, type_name: str, value: bytes, topic: Topic) -> list[ErrorDetails]:
        try:
            self._validators[type_name](value, extra="forbid" if topic.is_incoming else None)
        except ValidationError as error:
            return error.errors(include_url=False, include_context=False, include_input=False)
        return []


def _reject_unknown_fields(
    record: Record, event: CloudEvent[Any], unknown: Sequence[UnknownName]
) -> Rejection | MalformedRecord:
    named = unknown[:MAX_NAMED_FIELDS]
    more = f"; and {len(unknown) - len(named)} more" if len(unknown) > len(named) else ""
    violation = ProblemDetail(
        code=Code.UNKNOWN_FIELD, detail="; ".join(f"{field.path} {field.message}" for field in named) + more,
        ids=[field.path for field in unknown], suggested=[name for field in named if (name := field.suggestion)],
    )  # fmt: skip
    data = from_json(record.value or b"")["data"]
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return MalformedRecord("a number is out of range")
    return Rejection(event, violations=[violation], raw=data, record=record)


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
    if topic.is_incoming and (violation := find_json_violation(record.value or b"")):
        return MalformedRecord(violation)
    return event


def _describe_errors(errors: Sequence[ErrorDetails], unknown: Sequence[UnknownName]) -> str:
    """Format the first validation errors with their field paths."""
    descriptions = [
        *(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors if error["type"] != EXTRA_FIELD),
        *(f"{field.path} {field.message}" for field in unknown[:MAX_NAMED_FIELDS]),
    ]
    more = f"; and {len(descriptions) - 5} more" if len(descriptions) > 5 else ""
    return "; ".join(descriptions[:5]) + more
