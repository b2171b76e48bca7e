"""Classification of a scanned text: GS1 data, a web address, a GTIN, several values, or plain text.

Only what a text says beyond doubt counts: a GTIN may be a serial number, so its product decides.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from shared.scans.gs1 import Elements, parse_digital_link, parse_element_string
from shared.scans.gtin import to_gtin_14


class ScanKind(StrEnum):
    """What a scanned text is."""

    TEXT = "TEXT"
    GTIN = "GTIN"
    GS1_ELEMENT_STRING = "GS1_ELEMENT_STRING"
    GS1_DIGITAL_LINK = "GS1_DIGITAL_LINK"
    URL = "URL"
    SEVERAL_VALUES = "SEVERAL_VALUES"
    RANGE = "RANGE"


class Scan(NamedTuple):
    """A scanned text and what it is."""

    text: str
    kind: ScanKind
    value: str
    """The text without symbology identifier and surrounding white space."""
    symbology: str = ""
    """AIM symbology identifier that the scanner sent, such as `]C0`."""
    values: tuple[str, ...] = ()
    """The values of several in one scan, or the ends of a range."""
    elements: Elements = ()
    """Application identifiers (AI) and values of valid GS1 data."""
    gtin: str | None = None
    """The GTIN in 14 digits."""

    @property
    def description(self) -> str:
        """What the text is, in words."""
        contents = {"GTIN": self.gtin, "serial": self.element("21"), "lot": self.element("10")}
        named = ", ".join(f"{name} {value}" for name, value in contents.items() if value)
        return f"{KIND_NAMES[self.kind]} with {named}" if self.elements and named else KIND_NAMES[self.kind]

    def element(self, ai: str) -> str | None:
        """Return the value of an application identifier, for example 21 for the serial number."""
        return next((value for key, value in self.elements if key == ai), None)


KIND_NAMES = {
    ScanKind.TEXT: "text",
    ScanKind.GTIN: "a GTIN",
    ScanKind.GS1_ELEMENT_STRING: "a GS1 element string",
    ScanKind.GS1_DIGITAL_LINK: "a GS1 Digital Link",
    ScanKind.URL: "a web address",
    ScanKind.SEVERAL_VALUES: "a list of values in one scan",
    ScanKind.RANGE: "a range",
}
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+|www\.\S+\.\S+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;\t\r\n]")
_RANGE = re.compile(
    r"(?P<from>(?P<prefix>.*?)(?P<first>[0-9]+)(?P<suffix>\D*?))"
    r"(?P<sign>\s*[-–]\s*|\s*\.\.+\s*|\s+(?:to|TO)\s+)(?P<to>(?P=prefix)(?P<last>[0-9]+)(?P=suffix))"
)
_COUNTED_RANGE = re.compile(r"(?P<from>\S*[0-9])\s+\+\s*(?P<count>[0-9]{1,6})")
_MAX_RANGE_TEXT = 140
_USUAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_#.:/-]*")


def misread_as(text: str) -> str | None:
    """Say in words what a text is, if it is none of the kinds that a serial number may be."""
    kind = classify(text).kind
    return None if kind in {ScanKind.TEXT, ScanKind.GTIN} else KIND_NAMES[kind]


def classify(text: str) -> Scan:
    """Say what a scanned text is."""
    if _is_plain(text):
        return Scan(text, ScanKind.TEXT, text)
    value = text.strip(" \t\r\n")
    symbology = ""
    if match := _SYMBOLOGY.match(value):
        symbology, value = match[0], value[match.end() :]
    if (elements := parse_element_string(value, symbology)) is not None:
        return _gs1(text, ScanKind.GS1_ELEMENT_STRING, value, symbology, elements)
    if _URL.match(value):
        if elements := parse_digital_link(value):
            return _gs1(text, ScanKind.GS1_DIGITAL_LINK, value, symbology, elements)
        return Scan(text, ScanKind.URL, value, symbology)
    return _classify_unmarked(text, value, symbology)


def _is_plain(text: str) -> bool:
    """Whether a text is nothing but text at first sight, as most serial numbers are."""
    if text.isalnum():
        return not text.isdecimal() and not text.startswith("01")
    is_unmarked = _USUAL.fullmatch(text) is not None and "://" not in text and text[:4].lower() != "www."
    return is_unmarked and ".." not in text and f"-{text[0]}" not in text and not text.startswith(("00", "01"))


def _classify_unmarked(text: str, value: str, symbology: str) -> Scan:
    kind, values = ScanKind.TEXT, tuple[str, ...]()
    if value.isalnum():
        gtin = to_gtin_14(value)
        return Scan(text, ScanKind.GTIN if gtin else kind, value, symbology, gtin=gtin)
    if _SEPARATORS.search(value):
        kind = ScanKind.SEVERAL_VALUES
        values = tuple(part for entry in _SEPARATORS.split(value) if (part := entry.strip()))
    elif ends := _range_ends(value):
        kind, values = ScanKind.RANGE, ends
    return Scan(text, kind, value, symbology, values)


def _gs1(text: str, kind: ScanKind, value: str, symbology: str, elements: Elements) -> Scan:
    gtin = next((content for ai, content in elements if ai == "01"), None)
    return Scan(text, kind, value, symbology, elements=elements, gtin=gtin)


def _range_ends(value: str) -> tuple[str, str] | None:
    """Return the ends of what looks like a range; digits around a hyphen alone are a usual serial number."""
    if len(value) > _MAX_RANGE_TEXT:
        return None
    if match := _RANGE.fullmatch(value):
        is_marked = match["sign"] != "-" or any(character.isalpha() for character in match["prefix"])
        return (match["from"], match["to"]) if is_marked and int(match["first"]) < int(match["last"]) else None
    if match := _COUNTED_RANGE.fullmatch(value):
        return match["from"], match["count"]
    return None
