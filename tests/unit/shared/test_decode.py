"""Decoding of records, and the errors of malformed ones."""

import json
from typing import Any

import pytest

from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.messaging.decode import Decoder, MalformedRecord
from shared.messaging.rejections import Rejection
from tests.support.records import build_record
from tests.support.toy.messages import Add, Arrived

DECODER = Decoder({message.TYPE: message for message in (Add, Arrived)})
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "tests", "type": "toy.add.v1", "time": "2026-01-02T03:04:05Z"}
DATA = {"box": "A", "serials": ["1"]}


def decode(value: bytes | None, topic: str = "toy.commands", key: bytes | None = b"A") -> Any:
    """Decode one record."""
    return DECODER.decode(build_record(value, key=key, topic=topic))


def encode(**changes: Any) -> bytes:
    """Encode a valid message with changes."""
    return json.dumps(ENVELOPE | {"data": DATA} | changes).encode()


def test_message_is_decoded() -> None:
    """A valid record becomes an event with data of the message class."""
    event = decode(encode())
    assert isinstance(event, CloudEvent)
    assert event.data == Add(box="A", serials=["1"])


def test_type_is_read_from_the_envelope() -> None:
    """A `type` within a preceding `data` is not mistaken for that of the envelope."""
    value = json.dumps({"data": DATA | {"cause": {"source": "s", "id": "1"}}} | ENVELOPE).encode()
    assert isinstance(decode(value.replace(b'"cause"', b'"type": "toy.arrived.v1", "cause"')), Rejection)
    assert isinstance(decode(value), CloudEvent)
    value = json.dumps({"data": {"type": "toy.add.v1"} | DATA} | ENVELOPE | {"type": "nothing.known.v1"}).encode()
    assert "nothing.known.v1" in decode(value).error


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "no value"),
        (b"", "no value"),
        (b"x" * (1024 * 1024 + 1), "the maximum is 1 MiB"),
        (b"{]", "invalid JSON"),
        (encode()[:-10], "invalid JSON"),
        (b"\xff\xfe", "invalid JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "type"),
        (b"[" * 100_000, "invalid JSON"),
        (encode(type="toy.other.v1"), "'toy.other.v1' is not a message of toy.commands; allowed: toy.add.v1"),
        (encode(specversion="0.3"), "specversion: Input should be '1.0'"),
        (encode(id=""), "id: String should have at least 1 character"),
        (encode(source=None), "source: Input should be a valid string"),
        (encode(time="yesterday"), "time: Input should be a valid datetime"),
        (encode(time="2026-01-02T03:04:05"), "time: Input should have timezone info"),
        (encode(time="9999-12-31T23:59:59-14:00"), "time: "),
        (encode(data=None), "data: Input should be"),
        (encode(data={"box": "A"}), "data.serials: Field required"),
        (encode(data={"box": "A", "serials": ["x"] * 501}), "data.serials: List should have at most 500 items"),
        (encode(data={"box": "A", "serials": ["a\0b"]}), "NUL"),
        (encode(data={"box": "A", "serials": ["\ud800"]}), "invalid JSON"),
    ],
)
def test_malformed_record_is_explained(value: bytes | None, expected: str) -> None:
    """Null, empty, truncated or oversized values, invalid JSON, envelopes and data are malformed, with an error."""
    result = decode(value)
    assert isinstance(result, MalformedRecord)
    assert expected in result.error


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (encode()[:-1] + b', "id": "2"}', "repeated key 'id'"),
        (
            encode(data=DATA | {"x": 1, "y": [{"z": 2}]}).replace(b'"z"', b'"a": {"q": 1, "\\u0071": 2}, "z"'),
            "repeated key 'q'",
        ),
        (encode(data=DATA | {"x": 1}).replace(b'"x": 1', b'"x": NaN'), "NaN is not a JSON number"),
        (encode(data=DATA | {"x": 1}).replace(b'"x": 1', b'"x": -Infinity'), "-Infinity is not a JSON number"),
    ],
)
def test_record_from_outside_must_be_strict_json(value: bytes, expected: str) -> None:
    """A repeated key at any depth, NaN or Infinity makes a command malformed, which other parsers accept silently."""
    assert isinstance(decode(encode(extension=[{"a": 1}, {"a": 1}])), CloudEvent)
    assert decode(value) == MalformedRecord(expected)


def test_unknown_fields_are_refused() -> None:
    """Each unknown field is named with the nearest known one, and the record is kept as it was received."""
    value = encode(data=DATA | {"serial": ["2"], "colour": {"rgb": 1}}, Subject="s", comexampleregion="north")
    rejection = decode(value)
    assert isinstance(rejection, Rejection)
    (violation,) = rejection.violations
    assert (violation.code, rejection.event.data) == (Code.UNKNOWN_FIELD, Add(box="A", serials=["1"]))
    assert sorted(violation.ids) == ["Subject", "data.colour", "data.serial"]
    assert sorted(violation.suggested) == ["data.serials", "subject"]
    assert "data.colour does not exist; known here: actor, box, cause, serials" in violation.detail
    row = rejection.to_row()
    assert (row["raw"]["colour"], row["record"]["value"].encode()) == ({"rgb": 1}, value)


def test_envelope_may_have_extension_attributes() -> None:
    """Any attribute of lower-case letters and digits is allowed in the envelope of a command."""
    assert decode(encode(partitionkey="A", ce2="x")).data == Add(box="A", serials=["1"])
    assert decode(encode(partition_key="A")).violations[0].ids == ["partition_key"]


def test_message_with_further_errors_is_malformed() -> None:
    """A record with an unknown field that is invalid otherwise is malformed, and all its errors are named."""
    error = decode(encode(data={"box": "A", "serial": ["1"]})).error
    assert "data.serials: Field required" in error
    assert "data.serial does not exist; did you mean serials?" in error
    assert decode(encode(data=DATA | {"x": 1}).replace(b'"x": 1', b'"x": 1e999')).error == "a number is out of range"


def test_own_messages_may_have_unknown_fields() -> None:
    """Events, and commands of our own services, are read although a later version added fields."""
    assert isinstance(decode(encode(type="toy.arrived.v1", data=DATA | {"new": 1}), "toy.arrivals"), CloudEvent)
    own_id = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert isinstance(decode(encode(source="tracelot/toy", id=own_id, data=DATA | {"new": 1})), CloudEvent)


def test_long_lists_of_unknown_fields_are_cut() -> None:
    """A message may have any number of unknown fields with names of any length."""
    (violation,) = decode(encode(data=DATA | {f"x{n}{'y' * 1000}": 1 for n in range(500)})).violations
    assert len(violation.ids) == 500
    assert violation.detail.endswith("; and 400 more")


@pytest.mark.parametrize(
    ("key", "expected"), [(None, "no key"), (b"B", "key is 'B'; expected 'A'"), (b"\xff", "expected 'A'")]
)
def test_record_key_must_match_the_message(key: bytes | None, expected: str) -> None:
    """A record without key or with a different key is malformed, since its order would be lost."""
    assert expected in decode(encode(), key=key).error


def test_unknown_events_are_ignored() -> None:
    """Unknown event types and types without a handler are ignored; invalid events with a handler are malformed."""
    assert decode(encode(type="toy.newer.v1", data={"any": 1}), "toy.arrivals") is None
    assert decode(encode(type="toy.unhandled.v1", data={"any": 1}), "toy.arrivals") is None
    assert decode(json.dumps({"data": {"type": "toy.add.v1"}, "type": "toy.newer.v1"}).encode(), "toy.arrivals") is None
    assert isinstance(decode(encode(type="toy.arrived.v1", data={}), "toy.arrivals"), MalformedRecord)


def test_invalid_traceparent_is_dropped() -> None:
    """A valid traceparent is kept; an invalid one is dropped without rejecting the message."""
    valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert decode(encode(traceparent=valid)).traceparent == valid
    for invalid in ("x" * 100_000, 7, None, {"a": 1}):
        assert decode(encode(traceparent=invalid)).traceparent is None
    assert decode(encode(source="https://erp.example/" + "x" * 200)).actor == ("https://erp.example/" + "x" * 44)
