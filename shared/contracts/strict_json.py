"""Check of JSON text for what parsers accept silently: repeated keys, NaN and Infinity."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn


class JsonViolationError(ValueError):
    """The text is not strict JSON."""


def _check_keys(pairs: Sequence[tuple[str, Any]]) -> None:
    """Raise if an object repeats a key; the values are discarded."""
    if len({key for key, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonViolationError(f"repeated key {key!r}")
            seen.add(key)


def _reject_constant(name: str) -> NoReturn:
    raise JsonViolationError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_check_keys, parse_constant=_reject_constant)


def find_json_violation(value: bytes) -> str | None:
    """Return the first violation in text that another parser has accepted, otherwise None."""
    try:
        _DECODER.decode(value.decode())
    except JsonViolationError as error:
        return str(error)
    return None
