"""Classification of a scanned text: GS1 data, a web address, a GTIN, several values, or plain text.

Only what a text says beyond doubt counts: a GTIN or SSCC may be a serial number, so its product decides.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from shared.scans.associations import Elements
from shared.scans.contents import NOTHING, Contents, to_contents
from shared.scans.digital_links import read_digital_link
from shared.scans.element_strings import Reading, is_sscc, read_element_string
from shared.scans.gtin import GtinUse, expand_upc_e, gtin_readings, gtin_use
from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.substitutes import configured_substitute


class ScanKind(StrEnum):
    """What a scanned text is."""

    TEXT = "TEXT"
    GTIN = "GTIN"
    SSCC = "SSCC"
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
    other_gtin: str | None = None
    """The GTIN if the same eight digits are a UPC-E code."""
    contents: Contents = NOTHING
    """What the elements say about the goods."""
    problems: tuple[ScanProblem, ...] = ()
    """What is wrong with GS1 data, and what was tolerated."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with the text but what was tolerated."""
        return all(problem.is_tolerated for problem in self.problems)

    @property
    def gtin_use(self) -> GtinUse | None:
        """What the GTIN is used for; a restricted number is no GTIN of the world."""
        return gtin_use(self.gtin) if self.gtin else None

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
    ScanKind.SSCC: "an SSCC",
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
MAX_LENGTH = 8192
"""Number of characters that the largest code may hold; longer text is read as no GS1 data."""
_MAY_BE_SERIAL = frozenset({ScanKind.TEXT, ScanKind.GTIN, ScanKind.SSCC})
_USUAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_#.:/-]*")


def misread_as(text: str) -> str | None:
    """Say in words what a text is, if it is none of the kinds that a serial number may be."""
    kind = classify(text).kind
    return None if kind in _MAY_BE_SERIAL else KIND_NAMES[kind]


def read_sscc(text: str) -> str | None:
    """Return the SSCC of a scan in 18 digits: the digits alone, or GS1 data or a Digital Link with it."""
    scan = classify(text)
    return scan.contents.sscc if scan.is_sound else None


def classify(text: str, *, fnc1: str | None = None, year: int | None = None) -> Scan:
    """Say what a scanned text is, as of a current year.

    `fnc1` is what the scanner sends in place of FNC1; None: what the installation is set to.
    """
    if fnc1 is None:
        fnc1 = configured_substitute()
    if fnc1 not in text:
        fnc1 = ""
    if not fnc1 and _is_plain(text):
        return Scan(text, ScanKind.TEXT, text)
    value = text.strip(" \t\r\n")
    symbology = ""
    if match := _SYMBOLOGY.match(value):
        symbology, value = match[0], value[match.end() :]
    if len(value) > MAX_LENGTH:
        return _classify_unmarked(text, value, symbology)._replace(problems=(_TOO_LONG,))
    if (reading := read_element_string(value, symbology, fnc1)) is not None:
        return _gs1(Scan(text, ScanKind.GS1_ELEMENT_STRING, value, symbology), reading, year)
    if _URL.match(value):
        if (link := read_digital_link(value)) is None:
            return Scan(text, ScanKind.URL, value, symbology)
        return _gs1(Scan(text, ScanKind.GS1_DIGITAL_LINK, value, symbology), link, year)
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
        return _classify_number(text, value, symbology)
    if _SEPARATORS.search(value):
        kind = ScanKind.SEVERAL_VALUES
        values = tuple(part for entry in _SEPARATORS.split(value) if (part := entry.strip()))
    elif ends := _range_ends(value):
        kind, values = ScanKind.RANGE, ends
    return Scan(text, kind, value, symbology, values)


def _classify_number(text: str, value: str, symbology: str) -> Scan:
    """Classify letters and digits: a GTIN, an SSCC, or plain text."""
    if is_sscc(value):
        return Scan(text, ScanKind.SSCC, value, symbology, contents=NOTHING._replace(sscc=value))
    gtins = gtin_readings(value)
    if not gtins:
        return Scan(text, ScanKind.TEXT, value, symbology)
    other = expand_upc_e(value)
    contents = NOTHING._replace(gtin=gtins[0])
    return Scan(
        text, ScanKind.GTIN, value, symbology,
        gtin=gtins[0], other_gtin=other if other != gtins[0] else None, contents=contents,
    )  # fmt: skip


def _gs1(scan: Scan, reading: Reading, year: int | None) -> Scan:
    contents = to_contents(reading.elements, year or datetime.now(UTC).year)
    return scan._replace(elements=reading.elements, gtin=contents.gtin, contents=contents, problems=reading.problems)


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


_TOO_LONG = ScanProblem(
    ScanProblemCode.TOO_LONG,
    f"The text has more than {MAX_LENGTH} characters, which no code holds; send one scan at a time",
)
