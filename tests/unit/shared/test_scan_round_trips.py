"""Laws of scans: what is written is read back, and no text makes the classification fail or stall."""

import string
import time
from datetime import date

import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.scans import ScanKind, classify
from shared.scans.writing import UnwritableError, to_bracketed, to_digital_link, to_element_string

GTIN = "09521234543213"
Elements = tuple[tuple[str, str], ...]
CHARACTER_SET_82 = string.ascii_letters + string.digits + "!\"%&'()*+,-./:;<=>?_"


def add_check_digit(digits: str) -> str:
    """Return digits with their check digit."""
    return f"{digits}{gs1_standard_check_digit(digits)}"


identifiers = st.text(CHARACTER_SET_82, min_size=1, max_size=20)
digits = st.text(string.digits, min_size=17, max_size=17)
gtins = st.from_regex(r"[0-8][0-9]{12}", fullmatch=True).map(add_check_digit)
days = st.dates(date(2000, 1, 1), date(2060, 12, 31)).map(lambda day: f"{day:%y%m%d}")
attributes = st.fixed_dictionaries(
    {}, optional={"17": days, "11": days, "15": days, "30": st.from_regex(r"[0-9]{1,8}", fullmatch=True)}
)
qualifiers = st.fixed_dictionaries({}, optional={"10": identifiers, "21": identifiers})
units = st.builds(
    lambda gtin, names, others: (("01", gtin), *names.items(), *others.items()), gtins, qualifiers, attributes
)
cartons = digits.map(lambda payload: (("00", add_check_digit(payload)),))
labels = st.one_of(units, cartons)
fragments = st.sampled_from(
    [
        "]C1", "]d2", "]Q3", "]e0", "\x1d", "<GS>", "{GS}", "Ctrl+]", "(01)", "(21)", "(10)", "(", ")", "\\(", "01",
        "17", "21", "00", "3103", "7007", "8003", GTIN, "https://a/", "HTTPS://", "/01/", "/21/", "?17=", "&", "%2F",
        "%", "#", "271300",
    ]
)  # fmt: skip
gs1_like = st.lists(st.one_of(fragments, st.text(max_size=12)), max_size=12).map("".join)


def read(text: str) -> Elements:
    """Return the elements of a sound scan, sorted."""
    scan = classify(text)
    assert not scan.problems, scan
    return tuple(sorted(scan.elements))


@given(labels)
def test_element_strings_are_read_back(elements: Elements) -> None:
    """S13: a label carries the same identifiers when it is scanned, with every symbology, and biip agrees."""
    text = to_element_string(elements)
    for symbology in ("]C1", "]d2", "]Q3", "]e0"):
        assert read(symbology + text) == tuple(sorted(elements))
    assert sorted((element.ai.ai, element.value) for element in GS1Message.parse(text).element_strings) == sorted(
        elements
    )
    assert to_element_string(classify("]C1" + text).elements) == text


@given(labels)
def test_bracketed_text_is_read_back(elements: Elements) -> None:
    """S13: brackets within values survive the text that people read."""
    assert read(to_bracketed(elements)) == tuple(sorted(elements))


@given(labels)
def test_digital_links_are_read_back(elements: Elements) -> None:
    """S13: a Digital Link carries the same identifiers, strictly by the standard, and biip agrees."""
    link = to_digital_link(elements)
    scan = classify(link)
    assert scan.kind is ScanKind.GS1_DIGITAL_LINK
    assert read(link) == tuple(sorted(elements))
    parsed = GS1DigitalLinkURI.parse(link).element_strings
    assert sorted((element.ai.ai, element.value) for element in parsed) == sorted(elements)


@pytest.mark.parametrize(
    "elements",
    [
        (), (("21", "A1"),), (("01", "09521234543210"),), (("01", GTIN), ("21", "A" * 21)),
        (("01", GTIN), ("21", "A B")),
        (("01", GTIN), ("21", "Ä")), (("01", GTIN), ("10", "")), (("01", GTIN), ("17", "271301")), (("999", "A"),),
        (("01", GTIN), ("10", "A"), ("10", "B")), (("01", GTIN), ("37", "5")),
        (("01", GTIN), ("21", "A"), ("235", "B")),
    ],
)  # fmt: skip
def test_nothing_invalid_is_written(elements: Elements) -> None:
    """S13: characters outside GS1's set, lengths, check digits, dates and missing identifiers are refused."""
    for write in (to_element_string, to_bracketed, to_digital_link):
        with pytest.raises(UnwritableError):
            write(elements)


@settings(max_examples=300)
@given(st.one_of(gs1_like, st.text(max_size=300)), st.sampled_from(["", "^", "|", "~"]))
def test_no_text_fails(text: str, fnc1: str) -> None:
    """S13: any text is classified, kept as sent, and every problem says what to do."""
    scan = classify(text, fnc1=fnc1)
    assert scan.text == text
    assert all(";" in problem.detail for problem in scan.problems)
    assert classify(text, fnc1=fnc1) == scan


@given(st.lists(fragments, min_size=1, max_size=6).map("".join))
def test_time_is_bounded(fragment: str) -> None:
    """S13: text as long as it may be, of GS1's own parts, takes a bounded time."""
    text = (fragment * 8192)[:8192]
    started = time.process_time()
    classify(text)
    classify("]C1" + text)
    assert time.process_time() - started < 1.0
