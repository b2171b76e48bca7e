"""The public language stays what others rely on: schemas, samples, the map."""

import json
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest

from deploy import map as page
from deploy import schemas
from deploy.compatibility import breaks
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import KINDS, Code
from shared.contracts.registry import messages
from shared.contracts.topics import TOPICS

KEPT = schemas.kept()
by_type = pytest.mark.parametrize("message", messages(), ids=lambda message: message.TYPE)


def test_the_schemas_are_those_of_the_messages() -> None:
    """What stands in the repository is what the classes say; else run `python -m deploy.schemas`."""
    made = {message.TYPE: schemas.schema(message) for message in messages()}
    assert schemas.refusals(KEPT, made) == []
    assert made == KEPT, "run `python -m deploy.schemas` and commit what it writes"


@by_type
def test_what_was_once_written_can_still_be_read(message: type[Fact]) -> None:
    """An example of each message, kept since it was made, is read in full; else run `python -m deploy.schemas`."""
    sample = (schemas.SAMPLES / f"{message.TYPE}.json").read_text()
    event: CloudEvent[Any] = CloudEvent[message].model_validate_json(sample)  # type: ignore[valid-type]
    read = json.loads(event.data.model_dump_json(exclude_none=True))
    written = json.loads(sample)["data"]
    assert within(written, read)
    assert event.data.weight() >= 1


def within(written: Any, read: Any) -> bool:
    """Whether all that was written was read; a field that came later may stand beside it, at any depth."""
    if isinstance(written, dict):
        return isinstance(read, dict) and all(within(value, read.get(name)) for name, value in written.items())
    if isinstance(written, list):
        return isinstance(read, list) and len(read) == len(written) and all(map(within, written, read))
    return bool(written == read) or same_moment(written, read)


def same_moment(written: Any, read: Any) -> bool:
    """Whether both are one time; it is read in UTC, whatever offset it was written with."""
    try:
        return datetime.fromisoformat(written) == datetime.fromisoformat(read)
    except (TypeError, ValueError):
        return False


@by_type
def test_a_message_is_declared_in_full(message: type[Fact]) -> None:
    """Its name carries a version, its key is one of its fields, its class says what it means."""
    assert message.TYPE.rpartition(".")[2].lstrip("v").isdigit()
    assert message.KEY in message.model_fields
    assert message.__doc__


def test_no_message_is_on_two_topics() -> None:
    """One type, one meaning, one place."""
    names = [message.TYPE for message in messages()]
    assert len(names) == len(set(names))
    assert all(topic.messages for topic in TOPICS)


def test_every_code_is_told() -> None:
    """Status, title and what would help, of each reason to say no."""
    assert set(KINDS) == set(Code)
    assert all(400 <= kind.status < 600 and kind.title and kind.help for kind in KINDS.values())


def broken(name: str, change: Any) -> list[str]:
    """What is said of a copy of the schemas in which one was changed."""
    made = deepcopy(KEPT)
    change(made[name], made)
    return schemas.refusals(KEPT, made)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("serial.moved.v1", lambda _, made: made.pop("serial.moved.v1"), "the message is gone"),
        ("serial.moved.v1", lambda one, _: one["properties"].pop("reason"), "the field is gone"),
        ("serial.moved.v1", lambda one, _: one["properties"]["reason"].update(type="integer"), "type was 'string'"),
        ("serial.moved.v1", lambda one, _: one["required"].remove("reason"), "is optional"),
        ("serial.moved.v1", lambda one, _: one["properties"]["status"]["enum"].append("GONE"), "also takes GONE"),
        ("order.placed.v1", lambda one, _: one["required"].append("priority"), "was optional and is required"),
        ("order.placed.v1", lambda one, _: one["properties"]["backorders"]["enum"].pop(), "no longer takes"),
        ("order.placed.v1", lambda one, _: one["properties"]["priority"].update(maximum=5), "maximum was 9 and is 5"),
        ("order.placed.v1", lambda one, _: one["properties"]["lines"].update(minItems=2), "minItems was 1 and is 2"),
        ("order.placed.v1", lambda one, _: one["properties"]["order"].update(pattern="^x$"), "pattern was"),
        ("order.placed.v1", lambda one, _: one["properties"]["priority"].update(default=1), "default was 5 and is 1"),
        ("order.placed.v1", lambda one, _: one["$defs"]["OrderLine"]["properties"].pop("sku"), "[].sku: the field"),
        ("order.placed.v1", lambda one, _: one["properties"]["placed_at"]["anyOf"].pop(), "no longer be null"),
        ("order.placed.v1", lambda one, _: one.update({"x-key": "customer"}), "x-key was 'order'"),
    ],
)  # fmt: skip
def test_a_breaking_change_is_refused(name: str, change: Any, says: str) -> None:
    """Each deliberately broken copy is found, and told in words."""
    (told,) = broken(name, change)
    assert told.startswith(name)
    assert says in told


def test_a_new_required_field_is_refused_and_an_optional_one_is_not() -> None:
    """Old messages lack it: only an optional field may be added to a version."""

    def add(one: Any, _: Any) -> None:
        one["properties"]["colour"] = {"type": "string"}

    def require(one: Any, _: Any) -> None:
        add(one, _)
        one["required"].append("colour")

    assert broken("serial.moved.v1", add) == []
    assert broken("serial.moved.v1", require) == ["serial.moved.v1: data.colour: a new field is required"]


def test_what_we_take_may_become_more_tolerant_and_what_we_say_may_not() -> None:
    """A wider limit harms no sender, but a reader of ours."""
    old = {"properties": {"n": {"type": "integer", "maximum": 5}}}
    new = {"properties": {"n": {"type": "integer", "maximum": 9}}}
    assert breaks(old, new, ours=False) == []
    assert breaks(old, new, ours=True) == ["data.n: maximum was 5 and is 9"]


def test_the_map_is_that_of_the_services() -> None:
    """docs/map.md tells what the contracts and the services' maps say; else run `python -m deploy.map`."""
    assert page.PAGE.read_text() == page.page(), "run `python -m deploy.map` and commit what it writes"
