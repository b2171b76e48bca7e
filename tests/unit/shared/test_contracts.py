"""Public contracts: schemas, samples, names and the message catalog."""

import json
import re
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest

from deploy import message_catalog, schemas
from deploy.compatibility import breaking_changes
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import PROBLEM_TYPES, Code
from shared.contracts.registry import all_messages
from shared.contracts.topics import TOPICS

COMMITTED_SCHEMAS = schemas.load_schemas()
NOUN_VERBS = {"order.short_pick.v1": ["report", "short", "pick"]}
"""Verbs of commands whose type contains a compound noun instead."""
for_each_message = pytest.mark.parametrize("message", all_messages(), ids=lambda message: message.TYPE)


def test_committed_schemas_match_the_messages() -> None:
    """Committed schemas equal the generated ones and break nothing; otherwise run `python -m deploy.schemas`."""
    generated = {message.TYPE: schemas.build_schema(message) for message in all_messages()}
    assert schemas.incompatibilities(COMMITTED_SCHEMAS, generated) == []
    assert generated == COMMITTED_SCHEMAS, "run `python -m deploy.schemas` and commit the result"


@for_each_message
def test_committed_samples_can_still_be_read(message: type[Message]) -> None:
    """Each committed sample is parsed without loss; `python -m deploy.schemas` writes missing samples."""
    sample = (schemas.SAMPLES / f"{message.TYPE}.json").read_text()
    event: CloudEvent[Any] = CloudEvent[message].model_validate_json(sample)  # type: ignore[valid-type]
    read = json.loads(event.data.model_dump_json(exclude_none=True))
    written = json.loads(sample)["data"]
    assert is_contained(written, read)
    assert event.data.cost() >= 1


def is_contained(written: Any, read: Any) -> bool:
    """Whether all written fields were read; newer fields may be present in addition, at any depth."""
    if isinstance(written, dict):
        return isinstance(read, dict) and all(is_contained(value, read.get(name)) for name, value in written.items())
    if isinstance(written, list):
        return isinstance(read, list) and len(read) == len(written) and all(map(is_contained, written, read))
    return bool(written == read) or is_same_instant(written, read)


def is_same_instant(written: Any, read: Any) -> bool:
    """Whether both strings denote the same instant, whatever their UTC offsets."""
    try:
        return datetime.fromisoformat(written) == datetime.fromisoformat(read)
    except (TypeError, ValueError):
        return False


@for_each_message
def test_message_declaration_is_complete(message: type[Message]) -> None:
    """The type ends in a version, the key is a field, and the class has a description."""
    assert message.TYPE.rpartition(".")[2].lstrip("v").isdigit()
    assert message.KEY in message.model_fields
    assert message.__doc__


def test_message_types_are_unique() -> None:
    """Each type is declared once, and each topic has messages."""
    names = [message.TYPE for message in all_messages()]
    assert len(names) == len(set(names))
    assert all(topic.messages for topic in TOPICS)


def test_every_error_code_has_a_problem_type() -> None:
    """Each error code has a status, a title and a help text."""
    assert set(PROBLEM_TYPES) == set(Code)
    assert all(
        400 <= problem_type.status < 600 and problem_type.title and problem_type.help
        for problem_type in PROBLEM_TYPES.values()
    )


def words_of(name: str) -> list[str]:
    """Split a type or class name into lower-case words."""
    return re.findall("[A-Z]?[a-z]+", name.rpartition(".")[0] or name)


@pytest.mark.parametrize("message", [m for m in all_messages() if m.TOPIC.kind != "commands"], ids=lambda m: m.TYPE)
def test_event_class_is_named_after_its_type(message: type[Message]) -> None:
    """The class of an event is the CamelCase form of its type: `order.line_cancelled.v1` is OrderLineCancelled."""
    assert "".join(word.capitalize() for word in words_of(message.TYPE)) == message.__name__


@pytest.mark.parametrize("message", [m for m in all_messages() if m.TOPIC.kind == "commands"], ids=lambda m: m.TYPE)
def test_command_class_is_verb_and_object(message: type[Message]) -> None:
    """The class of a command starts with the verb of its type and ends with an object: `lot.count.v1` is CountLot."""
    verb = NOUN_VERBS.get(message.TYPE) or message.TYPE.split(".")[1].split("_")
    class_words = [word.lower() for word in words_of(message.__name__)]
    assert class_words[0] == verb[0]
    assert [word for word in class_words if word in verb] == verb
    assert len(class_words) > 1


def violations_of_change(name: str, change: Any) -> list[str]:
    """Return the incompatibilities of a copy of the schemas with one change."""
    changed = deepcopy(COMMITTED_SCHEMAS)
    change(changed[name], changed)
    return schemas.incompatibilities(COMMITTED_SCHEMAS, changed)


EVENT, ORDER = "serial.state_changed.v1", "order.placed.v1"


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (EVENT, lambda _, schemas: schemas.pop(EVENT), "the message was removed"),
        (EVENT, lambda schema, _: schema["properties"].pop("reason"), "the field was removed"),
        (EVENT, lambda schema, _: schema["properties"]["reason"].update(type="integer"), "type was 'string'"),
        (EVENT, lambda schema, _: schema["required"].remove("reason"), "became optional"),
        (EVENT, lambda schema, _: schema["properties"]["status"]["enum"].append("GONE"), "also accepts GONE"),
        (ORDER, lambda schema, _: schema["required"].append("priority"), "became required"),
        (ORDER, lambda schema, _: schema["properties"]["backorders"]["enum"].pop(), "no longer accepts"),
        (ORDER, lambda schema, _: schema["properties"]["priority"].update(maximum=5), "maximum was 9 and is 5"),
        (ORDER, lambda schema, _: schema["properties"]["lines"].update(minItems=2), "minItems was 1 and is 2"),
        (ORDER, lambda schema, _: schema["properties"]["order"].update(pattern="^x$"), "pattern was"),
        (ORDER, lambda schema, _: schema["properties"]["priority"].update(default=1), "default was 5 and is 1"),
        (ORDER, lambda schema, _: schema["$defs"]["OrderLine"]["properties"].pop("sku"), "[].sku: the field"),
        (ORDER, lambda schema, _: schema["properties"]["placed_at"]["anyOf"].pop(), "no longer accepts null"),
        (ORDER, lambda schema, _: schema.update({"x-key": "customer"}), "x-key was 'order'"),
    ],
)  # fmt: skip
def test_breaking_change_is_rejected(name: str, change: Any, expected: str) -> None:
    """Each breaking change is detected and described."""
    (violation,) = violations_of_change(name, change)
    assert violation.startswith(name)
    assert expected in violation


def test_only_optional_fields_may_be_added() -> None:
    """Only optional fields may be added to a version, since older messages lack them."""

    def add(schema: Any, _: Any) -> None:
        schema["properties"]["colour"] = {"type": "string"}

    def require(schema: Any, _: Any) -> None:
        add(schema, _)
        schema["required"].append("colour")

    assert violations_of_change("serial.state_changed.v1", add) == []
    assert violations_of_change("serial.state_changed.v1", require) == [
        "serial.state_changed.v1: data.colour: a new field is required"
    ]


def test_commands_may_widen_and_events_may_not() -> None:
    """A wider limit harms no producer of a command, but the consumers of an event."""
    old = {"properties": {"n": {"type": "integer", "maximum": 5}}}
    new = {"properties": {"n": {"type": "integer", "maximum": 9}}}
    assert breaking_changes(old, new, is_published=False) == []
    assert breaking_changes(old, new, is_published=True) == ["data.n: maximum was 5 and is 9"]


def test_message_catalog_is_up_to_date() -> None:
    """The committed catalog equals the generated one; otherwise run `python -m deploy.message_catalog`."""
    assert message_catalog.PAGE.read_text() == message_catalog.render_page(), (
        "run `python -m deploy.message_catalog` and commit the result"
    )
