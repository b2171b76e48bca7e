"""GS1 element strings and GS1 Digital Link URIs, as (application identifier, value) pairs."""

import re

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message

from shared.scans.gtin import has_check_digit, to_gtin_14

Elements = tuple[tuple[str, str], ...]

GS1_SYMBOLOGIES = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})
"""Symbology identifiers of GS1-128, DataBar, DataMatrix, QR Code and DotCode."""

FNC1 = "\x1d"
_FNC1_SPELLINGS = re.compile(r"<GS>|\{GS\}|<FNC1>|\{FNC1\}|Ctrl\+\]|␝", re.IGNORECASE)
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)")


def parse_element_string(value: str, symbology: str) -> Elements | None:
    """Return the elements of a GS1 element string, none if it is malformed; None if the text is something else."""
    value = _FNC1_SPELLINGS.sub(FNC1, value)
    if symbology in GS1_SYMBOLOGIES or FNC1 in value:
        return _parse(value.lstrip(FNC1))
    if (match := _BRACKETED.match(value)) and _is_application_identifier(match[1]):
        return _parse_bracketed(value)
    return _parse_unmarked(value)


def parse_digital_link(value: str) -> Elements:
    """Return the elements of a GS1 Digital Link URI; none if the address is another one."""
    scheme, _, rest = value.partition("://")
    host, slash, path = rest.partition("/")
    try:
        link = GS1DigitalLinkURI.parse(f"{scheme.lower()}://{host.lower()}{slash}{path}")
    except (ParseError, ValueError):
        return ()
    return _to_elements(link.element_strings)


def _parse(value: str) -> Elements:
    try:
        return _to_elements(GS1Message.parse(value).element_strings)
    except (ParseError, ValueError):
        return ()


def _parse_bracketed(value: str) -> Elements:
    try:
        return _to_elements(GS1Message.parse_hri(value).element_strings)
    except (ParseError, ValueError):
        return ()


def _parse_unmarked(value: str) -> Elements | None:
    """Parse text without mark, as scanners send it that drop the symbology: an SSCC, or a GTIN and further elements."""
    if len(value) < 19 or not value.isascii() or not value[:16].isdecimal():
        return None
    if value.startswith("00") and len(value) == 20 and value.isdecimal() and has_check_digit(value[2:]):
        return (("00", value[2:]),)
    return (_parse(value) or None) if value.startswith("01") and to_gtin_14(value[:16]) else None


def _is_application_identifier(ai: str) -> bool:
    try:
        return GS1ApplicationIdentifier.extract(ai).ai == ai
    except ParseError:
        return False


def _to_elements(element_strings: GS1ElementStrings) -> Elements:
    return tuple((element.ai.ai, element.value) for element in element_strings)
