"""Numbers and texts of messages: no spelling but the plain one, no invisible characters."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.lots import LotExpired, LotExpiring
from shared.contracts.registry import all_messages
from shared.identifiers import Actor, MultilineText, NoticeText, Quantity, Reason, ShortText, Text

SAMPLES = Path(__file__).parent / "samples"
MESSAGES = {message.TYPE: message for message in all_messages()}
FROM_STRANGERS = {name for name, message in MESSAGES.items() if message.TOPIC.kind in {"upstream", "commands"}}
ODD_NUMBERS = (
    '"5_0"',
    '"१२"',
    '" 5 "',
    '"1e2"',
    '"+5"',
    '"5."',
    '"NaN"',
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "1e400",
)
INVISIBLE = ("\r", "\x7f", "\x1b", "\x85", "\u202e", "\u2066", "\u200e", "\u200f", "\u061c")
each_message = pytest.mark.parametrize("name", sorted(MESSAGES))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Iterate over the paths and values of the leaves of a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, value
    else:
        for key, item in items:
            yield from leaves(item, (*path, key))


def replace(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a document with one value replaced."""
    copy = json.loads(json.dumps(document))
    *parents, last = path
    target = copy
    for key in parents:
        target = target[key]
    target[last] = value
    return copy


def sample_of(name: str) -> Any:
    """Return the sample of a message type."""
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    return document.get("data", document)


@each_message
def test_numbers_have_one_spelling(name: str) -> None:
    """No number of a message can be given as text with underscores, spaces, exponents or other digits, or be NaN."""
    sample = sample_of(name)
    MESSAGES[name].model_validate(sample)
    for path, value in leaves(sample):
        if isinstance(value, int | float) and not isinstance(value, bool):
            for number in ODD_NUMBERS:
                raw = json.dumps(replace(sample, path, "@number@")).replace('"@number@"', number)
                with pytest.raises(ValidationError):
                    MESSAGES[name].model_validate_json(raw)


@pytest.mark.parametrize("name", sorted(FROM_STRANGERS))
def test_texts_have_no_invisible_characters(name: str) -> None:
    """No text from outside can have control or direction characters, except raw scans, which are judged one by one."""
    sample = sample_of(name)
    for path, value in leaves(sample):
        is_scan = name.startswith("session.") and {"serials", "lots", "lot", "barcode"} & set(path)
        if isinstance(value, str) and "cause" not in path and not is_scan:
            for character in INVISIBLE:
                if character == "\r" and path[-1] in {"text", "note", "ship_to"}:
                    continue
                with pytest.raises(ValidationError):
                    MESSAGES[name].model_validate(replace(sample, path, f"a{character}b"))


def test_texts_are_normalised_and_keep_line_breaks_where_they_belong() -> None:
    """Texts become NFC; notes, addresses and notices may have several lines; the error names the character."""
    for kind in (Actor, Text, ShortText, Reason, MultilineText, NoticeText):
        assert TypeAdapter(kind).validate_python("Cafe\u0301 Zürich") == "Café Zürich"
        with pytest.raises(ValidationError, match=r"U\+202E at position 2"):
            TypeAdapter(kind).validate_python("a\u202eb")
    for kind in (MultilineText, NoticeText):
        assert TypeAdapter(kind).validate_python("1 Main St\r\n\tSpringfield\n") == "1 Main St\r\n\tSpringfield\n"
    assert TypeAdapter(Reason).validate_python(" broken\n") == "broken"


def test_quantities_are_numbers_or_plain_texts() -> None:
    """A quantity is a JSON number, or digits with at most six decimals as text."""
    adapter: TypeAdapter[Any] = TypeAdapter(Quantity)
    assert [str(adapter.validate_json(raw)) for raw in ("5", "0.25", '"5"', '"1000000"', '"0.000001"')] == [
        "5", "0.25", "5", "1000000", "0.000001",
    ]  # fmt: skip
    for raw in (*ODD_NUMBERS, '""', '"5,0"', '"0x5"', '"12345678"', '"0.0000001"', "0", "-1", "null", "[1]"):
        with pytest.raises(ValidationError):
            adapter.validate_json(raw)


def test_totals_exceed_the_limit_of_a_quantity() -> None:
    """Stock of many receipts exceeds the limit of each: its expiry alert is still published (S29)."""
    fields: dict[str, Any] = {
        "sku": "A",
        "lot": "L",
        "warehouse": "EAST",
        "expiry": date(2027, 1, 1),
        "on_hand": Decimal("3000000000.5"),
    }
    assert LotExpiring(**fields, days=5, threshold=7).on_hand == Decimal("3000000000.5")
    assert LotExpired(**fields, hold_id="H").on_hand == Decimal("3000000000.5")
    with pytest.raises(ValidationError):
        LotExpiring(**fields | {"on_hand": Decimal(-1)}, days=5, threshold=7)
