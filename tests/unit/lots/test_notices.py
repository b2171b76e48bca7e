"""Numbers, ranges and dates in pasted recall notices."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lots.recalls.domain.notices.periods import find_periods
from services.lots.recalls.domain.notices.products import RecognisedProduct, find_gtins
from services.lots.recalls.domain.notices.ranges import IdentifierRange, find_ranges
from services.lots.recalls.domain.notices.reading import parse_notice
from shared.notices import Notice, squeeze

NUMBERS = st.from_regex(r"[!-~](?:[ -~]{0,62}[!-~])?", fullmatch=True)
WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8), max_size=6).map(" ".join)
BREAKS = st.sampled_from([" ", "\n", "\r\n", "\t", "  ", " \n ", "\u00a0", "\u2028"])


@given(NUMBERS, WORDS, WORDS, BREAKS, BREAKS)
def test_any_number_between_words_is_found(number: str, before: str, behind: str, first: str, last: str) -> None:
    """Any printable number between words is found, with whatever blanks and line breaks inside and around (S46)."""
    pasted = last.join(number.split(" "))
    notice = Notice(f"{before}{first}{pasted}{last}{behind}")
    assert notice.has(number)
    assert squeeze(number) in notice.spans


@given(st.text(max_size=400), NUMBERS)
def test_spans_and_places_agree(text: str, number: str) -> None:
    """The spans of any text are the numbers that have a place in it (S46)."""
    notice = Notice(text)
    assert notice.has(number) == (squeeze(number) in notice.spans)
    assert all(notice.has(span) for span in sorted(notice.spans)[:20])


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    """Any text is read without an error; a text that is reported as unmatched stands in it (S46)."""
    parsed = parse_notice(text)
    assert all(number in parsed.notice.text for number in parsed.unmatched(()))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("lots K7100/K7101", "K7101"), ("K7100&K7101", "k7100"), ("K7100(5) K7101(3)", "K7101"),
        ("LOT5H42148", "5H42148"),
        ("CODE 182 2N or less", "182 2N"), ("code 1822N", "182 2N"), ("(A17B)", "A17B"), ("(A17B)", "(A17B)"),
        ("\u201c00392/174\u201d", "00392/174"), ("Lot No.=00392/174®", "00392/174"), ("LX\u20110043", "LX-0043"),
        ("lot LX-\n0042", "LX-0042"), ("lot 5H42-\n148", "5H42148"), ("5H42148EXP 05/27", "5H42148"),
        ("K71\u200b00", "K7100"),
        ("A12\u00b2", "A12"), ("the lots A and B", "B"), ("\uff21\uff11\uff12", "A12"),
        ("(10)K7100(17)270531", "K7100"),
    ],
)  # fmt: skip
def test_signs_and_breaks_do_not_hide_a_number(text: str, number: str) -> None:
    """Signs, footnotes, labels and line breaks around or in a number do not hide it (S46)."""
    assert Notice(text).has(number)


@pytest.mark.parametrize(("text", "number"), [("K71001", "K7100"), ("AK7100", "K7100"), ("K7100", "7100"), ("", "A")])
def test_parts_of_a_word_are_no_number(text: str, number: str) -> None:
    """A number that is only a part of a longer word is not found (S46)."""
    assert not Notice(text).has(number)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("LX-0043 to LX-0049", [("lx-0043", "lx-0049")]),
        ("PX1001 - PX1004", [("px1001", "px1004")]),
        ("SN0001–SN0099", [("sn0001", "sn0099"), ("0001", "0099")]),
        ("PX1001-04", [("px1001", "px1004")]),
        ("PX1001 through 1004", [("px1001", "px1004")]),
        ("L 22 45 to L 22 49", [("l2245", "l2249")]),
        ("A100B thru A109B", [("a100b", "a109b")]),
        ("between K100 and K109", [("k100", "k109")]),
        ("L9 through L12", [("l9", "l9"), ("l10", "l12")]),
        ("L84 and lower", [("l00", "l84"), ("l0", "l9")]),
        ("up to and including lot L84", [("l00", "l84"), ("l0", "l9")]),
        ("L98 and above", [("l98", "l99"), ("l000", "l999"), ("l0000", "l9999"), ("l00000", "l99999")]),
        ("L98 onwards", [("l98", "l99"), ("l000", "l999"), ("l0000", "l9999"), ("l00000", "l99999")]),
        ("lots up to L84", [("l00", "l84"), ("l0", "l9")]),
        ("lot numbers below L84", [("l00", "l84"), ("l0", "l9")]),
        ("K100~K109", [("k100", "k109")]),
        ("K100 through lot no. K109", [("k100", "k109")]),
        ("starting at K100 and ending at K109", [("k100", "k109")]),
        ("batch:K100-K109", [("k100", "k109")]),
    ],
)
def test_range_notations(text: str, ranges: list[tuple[str, str]]) -> None:
    """A range is read in every usual notation, also with a shortened, longer or missing end (S46)."""
    assert list(find_ranges(Notice(text)).ranges) == [IdentifierRange(*ends) for ends in ranges]


@pytest.mark.parametrize("label", ["#", "lot#", "LOT", "lot:", "No.", "SN:"])
@pytest.mark.parametrize("text", ["{0}0100-0109", "{0}0100-{0}0109", "{0}0100 through {0}0109", "{0}0109 and lower"])
def test_labels_attached_to_the_ends_hide_no_range(label: str, text: str) -> None:
    """A label without a blank before a number is no part of a range, and may be part of one (S46)."""
    ranges = find_ranges(Notice(text.format(label))).ranges
    assert any(found.holds("0105") for found in ranges)


@pytest.mark.parametrize("text", ["a10 to a9", "a1 to b9", "a001 to a10", "182 2n or less"])
def test_unread_ranges_are_reported(text: str) -> None:
    """Two numbers of different forms or in reverse order are no range, and the text is reported (S46)."""
    found = find_ranges(Notice(text))
    assert (list(found.ranges), list(found.unread)) == ([], [text])


@given(st.integers(0, 9_998), st.integers(1, 100), st.sampled_from(["", "l-", "sn/"]))
def test_word_and_dash_mean_the_same_range(first: int, more: int, prefix: str) -> None:
    """A word or a dash between two numbers means the same range (S46)."""
    ends = [f"{prefix}{number:04}" for number in (first, min(first + more, 9_999))]
    for text in ("lots {} to {}.", "lots {} – {}", "lots {}–{};", "({}..{})"):
        assert IdentifierRange(*ends) in find_ranges(Notice(text.format(*ends))).ranges


def days(*parts: str) -> tuple[date | None, ...]:
    """Two dates from ISO texts; empty is None."""
    return tuple(date.fromisoformat(part) if part else None for part in parts)


@pytest.mark.parametrize(
    ("text", "order", "periods"),
    [
        ("sell by 05/02/27 through 05/09/27", "MDY", [("2027-05-02", "2027-05-09")]),
        ("sell by 05/02/27 through 05/09/27", "DMY", [("2027-02-05", "2027-09-05")]),
        ("sell by 05/02/27 through 05/09/27", None, [("2027-02-05", "2027-09-05"), ("2027-05-02", "2027-05-09")]),
        ("best before end 05 2027", None, [("2027-05-01", "2027-05-31")]),
        ("exp. 2027-02", None, [("2027-02-01", "2027-02-28")]),
        ("use by 2 May 2027", None, [("2027-05-02", "2027-05-02")]),
        ("MHD 31.12.2027", None, [("2027-12-31", "2027-12-31")]),
        ("expiry before 25/12/2027", None, [("", "2027-12-25")]),
        ("best by May 2, 2027 or later", None, [("2027-05-02", "")]),
        ("use by dates between 2 May 2027 and 9 May 2027", None, [("2027-05-02", "2027-05-09")]),
        ("exp 27/05/02", "YMD", [("2027-05-02", "2027-05-02")]),
        ("exp 25/12/2027", "MDY", [("2027-12-25", "2027-12-25")]),
        ("K7100 05/2027 (exp)", None, [("2027-05-01", "2027-05-31")]),
        ("notice of 2 June 2026, call 1-800-555-1234", None, []),
    ],
)
def test_dates_are_criteria_in_each_reading(text: str, order: Any, periods: list[tuple[str, str]]) -> None:
    """Expiry and best-by dates are periods; a date of two readings counts in both unless the order is known (S46)."""
    found = [tuple(period) for found in find_periods(text.lower(), order) for period in found.readings]
    assert found == [days(*ends) for ends in periods]


@pytest.mark.parametrize(
    "text",
    ["UPC 0 36000 29145 2", "036000291452", "0-36000-29145-2", "00036000291452", "0036000291452", "(01)00036000291452"],
)
def test_barcode_in_any_spelling(text: str) -> None:
    """A valid UPC-A, EAN-13 or GTIN-14 is found with its blanks and hyphens; one with a wrong digit is not (S46)."""
    assert "00036000291452" in find_gtins(Notice(text))
    assert find_gtins(Notice(text.replace("145", "146"))) == {}


@pytest.mark.parametrize(
    ("sku", "by", "limits"),
    [
        ("AB-1", "SKU", True), ("10234", "SKU", True), ("PUMP", "SKU", False), ("240", "SKU", False),
        ("AB-1", "NAME", False), ("PUMP", "BARCODE", True),
    ],
)  # fmt: skip
def test_doubtful_products_limit_nothing(sku: str, by: Any, limits: bool) -> None:
    """A name, a SKU that may be a word and one that may be a quantity limit no recall: goods could be missed (S46)."""
    assert RecognisedProduct(sku, "Drip pump", by, sku).is_limit == limits


def test_case_barcode_names_its_item() -> None:
    """The GTIN-14 of a case also names the item inside (S46)."""
    assert set(find_gtins(Notice("10036000291459"))) == {"10036000291459", "00036000291452"}


@pytest.mark.parametrize(
    ("text", "known", "unmatched"),
    [
        ("UPC 0 12345 67890 5, lot K7100", (), ["0 12345 67890 5"]),
        ("UPC 0 12345 67890 5, lot K7100", ("0 12345 67890 5",), []),
        ("lots 96385074, K7100", (), ["96385074"]),
    ],
)
def test_barcode_of_no_product_is_unmatched(text: str, known: tuple[str, ...], unmatched: list[str]) -> None:
    """A barcode that no product has is reported as a whole, and hides no lot number that looks like one (S46)."""
    assert list(parse_notice(text).unmatched(["K7100"], known)) == unmatched
