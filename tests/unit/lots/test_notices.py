"""Search terms and ranges in pasted recall notices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lots.recalls.domain.notice import IdentifierRange, parse_notice

EXAMPLE_NOTICE = """URGENT: Voluntary recall of infusion sets.
Affected: lot numbers 00392/174, LX-0043 to LX-0049 and (A17B).
Serials SN0001-SN0099; also 1000–1003.
BATCH 42 A
"""


def test_lots_in_free_text() -> None:
    """Lots and ranges are found between words, brackets and full stops; zeros and slashes are kept (S46)."""
    notice = parse_notice(EXAMPLE_NOTICE)
    assert {"00392/174", "LX-0043", "LX-0049", "A17B"} <= set(notice.search_terms)
    assert set(notice.ranges) == {
        IdentifierRange("LX-0043", "LX-0049"),
        IdentifierRange("SN0001", "SN0099"),
        IdentifierRange("1000", "1003"),
    }


def test_whole_line_is_a_search_term() -> None:
    """A lot number with spaces is found on a line of its own (S46)."""
    assert "BATCH 42 A" in parse_notice(EXAMPLE_NOTICE).search_terms


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Lot:", ""), ("LOT#", ","), ("Lot No.=", ""), ("\u201c", "\u201d"), ("\u2018", "\u2019."),
        ("\u00bb", "\u00ab"), ("", "\u200b"), ("", "\u00ae"),
    ],
)  # fmt: skip
def test_punctuation_around_a_number(before: str, after: str) -> None:
    """Typographic quotes, invisible characters and attached labels do not hide a number (S46)."""
    assert "00392/174" in parse_notice(f"{before}00392/174{after}").search_terms


@pytest.mark.parametrize("hyphen", "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
def test_hyphen_variants_are_normalised(hyphen: str) -> None:
    """A number pasted with another hyphen than its label's is found, also as the end of a range (S46)."""
    notice = parse_notice(f"lots LX{hyphen}0043 to LX{hyphen}0049, and\u00a0LX{hyphen}0051")
    assert {"LX-0043", "LX-0049", "LX-0051"} <= set(notice.search_terms)
    assert IdentifierRange("LX-0043", "LX-0049") in notice.ranges


def test_words_without_digits_are_ignored() -> None:
    """Words without digits are no search terms; a lot named A would match every sentence (S46)."""
    assert parse_notice("a recall of lots A and B").search_terms == ()


@pytest.mark.parametrize("text", ["A10 to A9", "A1 to B9", "A001 to A10", "9 to 1", "A1 and A9"])
def test_invalid_ranges_are_ignored(text: str) -> None:
    """Two identifiers of different forms or in reverse order are two terms (S46)."""
    assert parse_notice(text).ranges == ()


@given(st.text(max_size=400))
def test_any_text_can_be_parsed(text: str) -> None:
    """Every search term of any text is unique and a valid identifier (S46)."""
    notice = parse_notice(text)
    assert all(term.isascii() and 0 < len(term) <= 64 for term in notice.search_terms)
    assert len(set(notice.search_terms)) == len(notice.search_terms)


@given(st.integers(0, 9_998), st.integers(1, 100), st.sampled_from(["", "L-", "SN/"]))
def test_range_notations(first: int, more: int, prefix: str) -> None:
    """A word or a dash between two identifiers means the same range (S46)."""
    last = min(first + more, 9_999)
    first_number, last_number = f"{prefix}{first:04}", f"{prefix}{last:04}"
    for text in (
        f"lots {first_number} to {last_number}.",
        f"lots {first_number} – {last_number}",
        f"lots {first_number}–{last_number};",
        f"({first_number}..{last_number})",
    ):
        assert IdentifierRange(first_number, last_number) in parse_notice(text).ranges
