"""What is read from a record's bytes, and what is said of bytes that cannot be read."""

import json
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from shared.consumer.decode import Decoder, Malformed
from shared.contracts.envelope import CloudEvent
from tests.shared.toy.messages import Add, Arrived

DECODER = Decoder({message.TYPE: message for message in (Add, Arrived)})
FRAME = {"specversion": "1.0", "id": "1", "source": "tests", "type": "toy.add.v1", "time": "2026-01-02T03:04:05Z"}
DATA = {"box": "A", "serials": ["1"]}


def read(value: bytes | None, topic: str = "toy.commands", key: bytes | None = b"A") -> Any:
    """Decode one record."""
    return DECODER.decode(ConsumerRecord(topic, 0, 1, 0, 0, key, value, None, 0, 0, ()))


def whole(**changes: Any) -> bytes:
    """A good message with some changes."""
    return json.dumps(FRAME | {"data": DATA} | changes).encode()


def test_a_message_is_read() -> None:
    """The frame and its data become an event of the message's class."""
    event = read(whole())
    assert isinstance(event, CloudEvent)
    assert event.data == Add(box="A", serials=["1"])


def test_the_type_is_the_frame_s_own_wherever_it_stands() -> None:
    """A `type` inside a `data` that comes first is not taken for the message's."""
    value = json.dumps({"data": DATA | {"type": "toy.arrived.v1"}} | FRAME).encode()
    assert isinstance(read(value), CloudEvent)
    value = json.dumps({"data": {"type": "toy.add.v1"} | DATA} | FRAME | {"type": "nothing.known.v1"}).encode()
    assert "nothing.known.v1" in read(value).error


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "no value"),
        (b"", "no value"),
        (b"x" * (1024 * 1024 + 1), "1 MiB is the most"),
        (b"{]", "no JSON"),
        (whole()[:-10], "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"{}", "type"),
        (b"[" * 100_000, "no JSON"),
        (whole(type="toy.other.v1"), "'toy.other.v1' is no message of toy.commands; it takes toy.add.v1"),
        (whole(specversion="0.3"), "specversion: Input should be '1.0'"),
        (whole(id=""), "id: String should have at least 1 character"),
        (whole(source=None), "source: Input should be a valid string"),
        (whole(time="yesterday"), "time: Input should be a valid datetime"),
        (whole(time="2026-01-02T03:04:05"), "time: Input should have timezone info"),
        (whole(time="9999-12-31T23:59:59-14:00"), "time: "),
        (whole(data=None), "data: Input should be"),
        (whole(data={"box": "A"}), "data.serials: Field required"),
        (whole(data={"box": "A", "serials": ["x"] * 501}), "data.serials: List should have at most 500 items"),
        (whole(data={"box": "A", "serials": ["a\0b"]}), "NUL"),
        (whole(data={"box": "A", "serials": ["\ud800"]}), "no JSON"),
    ],
)
def test_what_cannot_be_read_is_told(value: bytes | None, says: str) -> None:
    """Null, empty, truncated, too large, no JSON, a wrong frame, a broken schema: malformed, with the reason."""
    found = read(value)
    assert isinstance(found, Malformed)
    assert says in found.error


@pytest.mark.parametrize(
    ("key", "says"), [(None, "no key"), (b"B", "key is 'B'; it must be 'A'"), (b"\xff", "must be")]
)
def test_a_record_is_keyed_by_its_document(key: bytes | None, says: str) -> None:
    """Without its key, or with another, a record would lose its order: malformed."""
    assert says in read(whole(), key=key).error


def test_news_that_we_do_not_know_is_passed_by() -> None:
    """A sibling's newer message, and one we have no row for, is nothing of ours; a broken one that we have is."""
    assert read(whole(type="toy.newer.v1", data={"any": 1}), "toy.news") is None
    assert read(whole(type="toy.unheard.v1", data={"any": 1}), "toy.news") is None
    assert read(json.dumps({"data": {"type": "toy.add.v1"}, "type": "toy.newer.v1"}).encode(), "toy.news") is None
    assert isinstance(read(whole(type="toy.arrived.v1", data={}), "toy.news"), Malformed)


def test_a_trace_that_is_none_does_no_harm() -> None:
    """A well-formed traceparent is kept; anything else is dropped, and the message is read."""
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert read(whole(traceparent=good)).traceparent == good
    for wrong in ("x" * 100_000, 7, None, {"a": 1}):
        assert read(whole(traceparent=wrong)).traceparent is None
    assert read(whole(source="https://erp.example/" + "x" * 200)).actor == ("https://erp.example/" + "x" * 44)
