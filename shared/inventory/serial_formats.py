"""Serial formats of products: whether a format makes sense, and whether a serial number matches it."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import re2
from stdnum import luhn

from shared.contracts.serial_formats import Characters, CheckDigit, SerialFormat
from shared.scans.gtin import LENGTHS as GTIN_LENGTHS
from shared.scans.gtin import has_check_digit

CHARACTERS: Mapping[Characters, re.Pattern[str]] = {
    "DIGITS": re.compile("[0-9]+"),
    "LETTERS": re.compile("[A-Za-z]+"),
    "LETTERS_AND_DIGITS": re.compile("[A-Za-z0-9]+"),
    "UPPERCASE_AND_DIGITS": re.compile("[A-Z0-9]+"),
    "HEXADECIMAL": re.compile("[0-9A-Fa-f]+"),
}
CHECKS: Mapping[CheckDigit, Callable[[str], bool]] = {
    "IMEI": lambda digits: len(digits) in CHECKED_LENGTHS["IMEI"] and luhn.is_valid(digits),
    "GTIN": lambda digits: len(digits) in CHECKED_LENGTHS["GTIN"] and has_check_digit(digits),
    "LUHN": luhn.is_valid,
}
CHECKED_LENGTHS: Mapping[CheckDigit, frozenset[int]] = {"IMEI": frozenset({15}), "GTIN": GTIN_LENGTHS}
"""Lengths of numbers with a check digit, where they are fixed."""
MAX_PATTERN_MEMORY = 1 << 20
"""Bytes that a compiled regular expression may use."""


def matches(serial_format: SerialFormat, serial: str) -> bool:
    """Whether a serial number matches a format."""
    return (
        (serial_format.min_length or 1) <= len(serial) <= (serial_format.max_length or 64)
        and (serial_format.characters is None or CHARACTERS[serial_format.characters].fullmatch(serial) is not None)
        and (serial_format.check_digit is None or _has_check_digit(serial_format.check_digit, serial))
        and (serial_format.pattern is None or _compile(serial_format.pattern).fullmatch(serial) is not None)
    )


def describe(serial_format: SerialFormat) -> str:
    """Describe a format in words."""
    shortest, longest = serial_format.min_length, serial_format.max_length
    parts = []
    if shortest and longest:
        parts.append(f"{shortest} characters" if shortest == longest else f"{shortest} to {longest} characters")
    elif shortest or longest:
        parts.append(f"at least {shortest} characters" if shortest else f"at most {longest} characters")
    if serial_format.characters:
        parts.append(serial_format.characters.lower().replace("_", " "))
    if serial_format.check_digit:
        parts.append(f"check digit {serial_format.check_digit}")
    if serial_format.pattern:
        parts.append(f"pattern {serial_format.pattern}")
    return ", ".join(parts)


def format_fault(serial_format: SerialFormat) -> str | None:
    """Say why no serial number or every serial number would match; None if the format makes sense."""
    shortest, longest = serial_format.min_length, serial_format.max_length
    if not serial_format.model_dump(exclude_none=True):
        return "it states no rule; send null to remove the format"
    if shortest and longest and shortest > longest:
        return f"its min_length {shortest} exceeds its max_length {longest}"
    if serial_format.check_digit and serial_format.characters == "LETTERS":
        return "its check digit needs digits, not letters"
    lengths = CHECKED_LENGTHS.get(serial_format.check_digit) if serial_format.check_digit else None
    if lengths and not any((shortest or 1) <= length <= (longest or 64) for length in lengths):
        return f"no {serial_format.check_digit} has a length that it allows"
    if serial_format.pattern is not None:
        try:
            _compile(serial_format.pattern)
        except re2.error as error:
            return f"its pattern is no regular expression in RE2 syntax: {_message(error)}"
    return None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = MAX_PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)


def _message(error: Exception) -> str:
    text = error.args[0] if error.args else error
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _has_check_digit(check_digit: CheckDigit, serial: str) -> bool:
    return serial.isascii() and serial.isdecimal() and CHECKS[check_digit](serial)
