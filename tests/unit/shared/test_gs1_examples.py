"""GS1's published examples of element strings and Digital Links, read as GS1's own engine reads them."""

from pathlib import Path

import pytest
from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message

from shared.scans import ScanKind, classify
from shared.scans.problems import ASSOCIATIONS
from shared.scans.values import find_identifier

EXAMPLES = Path(__file__).parent / "gs1_examples"
FNC1 = "\x1d"
MISSES = {
    "https://example.com/01/09520123456788?99=XYZ&89=ABC123": "No unknown identifier is kept",
}
"""Examples that are read otherwise where an option permits them, and why."""


def read_examples(name: str) -> list[list[str]]:
    """Return the rows of a file of examples, in columns."""
    lines = (EXAMPLES / f"{name}.txt").read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def write_fnc1(elements: tuple[tuple[str, str], ...]) -> str:
    """Return elements as GS1's engine writes them: in their order, FNC1 at the start and where it must be."""
    text = "^"
    for ai, value in elements:
        identifier = find_identifier(ai)
        text += f"{ai}{value}{'^' if identifier is None or identifier.length is None else ''}"
    return text.removesuffix("^")


@pytest.mark.parametrize(("verdict", "data"), read_examples("element_strings"))
def test_element_strings(verdict: str, data: str) -> None:
    """S13: every element string of GS1's examples is valid or invalid as GS1 says, each element by itself."""
    scan = classify(data.replace("^", FNC1))
    faults = [problem for problem in scan.problems if problem.code not in ASSOCIATIONS]
    is_valid = scan.kind is ScanKind.GS1_ELEMENT_STRING and not faults
    assert is_valid == (verdict == "yes"), scan


@pytest.mark.parametrize(("verdict", "data"), read_examples("associations"))
def test_associations(verdict: str, data: str) -> None:
    """S13: required, excluded and contradicting elements, dates and other values are judged as GS1 says."""
    scan = classify(data)
    assert scan.kind is ScanKind.GS1_ELEMENT_STRING
    assert (not scan.problems) == (verdict == "yes"), scan


@pytest.mark.parametrize(("permitted", "uri", "expected"), read_examples("digital_links"))
def test_digital_links(permitted: str, uri: str, expected: str) -> None:
    """S13: every Digital Link of GS1's examples gives the elements that GS1 says, or a departure is named."""
    scan = classify(uri)
    problems = [problem for problem in scan.problems if problem.code != permitted]
    is_valid = scan.kind is ScanKind.GS1_DIGITAL_LINK and not problems
    read = write_fnc1(scan.elements) if is_valid else "-"
    if uri in MISSES and permitted:
        assert read != expected, MISSES[uri]
        return
    assert read == expected, scan


def test_agreement_beside_biip() -> None:
    """S13: biip alone agrees with fewer of GS1's examples."""
    strings, links = read_examples("element_strings"), read_examples("digital_links")
    by_biip = sum(_is_read(GS1Message, data.replace("^", FNC1)) == (verdict == "yes") for verdict, data in strings)
    assert by_biip < len(strings)
    by_biip = sum(_is_read(GS1DigitalLinkURI, uri) == (expected != "-") for _, uri, expected in links)
    assert by_biip < len(links) - len(MISSES)


def _is_read(parser: type[GS1Message] | type[GS1DigitalLinkURI], text: str) -> bool:
    try:
        return bool(parser.parse(text).element_strings)
    except (ParseError, ValueError):
        return False
