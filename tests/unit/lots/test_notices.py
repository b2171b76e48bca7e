"""Pasted recall notices: what is looked for in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lots.recalls.domain.notice import Range, read

REAL = """URGENT: Voluntary recall of infusion sets.
Affected: lot numbers 00392/174, LX-0043 to LX-0049 and (A17B).
Serials SN0001-SN0099; also 1000–1003.
BATCH 42 A
"""


def test_a_notice_names_lots_as_free_text() -> None:
    """Lots and ranges are found between words, brackets and full stops, zeros and slashes kept (S46)."""
    notice = read(REAL)
    assert {"00392/174", "LX-0043", "LX-0049", "A17B"} <= set(notice.words)
    assert set(notice.ranges) == {Range("LX-0043", "LX-0049"), Range("SN0001", "SN0099"), Range("1000", "1003")}


def test_a_line_is_a_word_too() -> None:
    """A lot number with spaces is found on a line of its own (S46)."""
    assert "BATCH 42 A" in read(REAL).words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Lot:", ""), ("LOT#", ","), ("Lot No.=", ""), ("\u201c", "\u201d"), ("\u2018", "\u2019."),
        ("\u00bb", "\u00ab"), ("", "\u200b"), ("", "\u00ae"),
    ],
)  # fmt: skip
def test_signs_around_a_number(before: str, after: str) -> None:
    """Typographic quotes, invisible signs, a label glued to it: what word processors make of a number (S46)."""
    assert "00392/174" in read(f"{before}00392/174{after}").words


@pytest.mark.parametrize("hyphen", "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d")
def test_any_hyphen_is_one(hyphen: str) -> None:
    """A number that was pasted with another hyphen than the label's is found, also as the end of a range (S46)."""
    notice = read(f"lots LX{hyphen}0043 to LX{hyphen}0049, and\u00a0LX{hyphen}0051")
    assert {"LX-0043", "LX-0049", "LX-0051"} <= set(notice.words)
    assert Range("LX-0043", "LX-0049") in notice.ranges


def test_words_without_a_digit_are_not_looked_for() -> None:
    """Or a lot called A would be in every sentence (S46)."""
    assert read("a recall of lots A and B").words == ()


@pytest.mark.parametrize("text", ["A10 to A9", "A1 to B9", "A001 to A10", "9 to 1", "A1 and A9"])
def test_what_is_no_range(text: str) -> None:
    """Two identifiers of different forms, or the wrong way round, are two words (S46)."""
    assert read(text).ranges == ()


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    """Whatever is pasted, each word is one that can be a name, once (S46)."""
    notice = read(text)
    assert all(word.isascii() and 0 < len(word) <= 64 for word in notice.words)
    assert len(set(notice.words)) == len(notice.words)


@given(st.integers(0, 9_998), st.integers(1, 100), st.sampled_from(["", "L-", "SN/"]))
def test_a_range_is_found_however_it_is_written(first: int, more: int, prefix: str) -> None:
    """With a word between or a dash, the same range (S46)."""
    last = min(first + more, 9_999)
    one, other = f"{prefix}{first:04}", f"{prefix}{last:04}"
    for text in (f"lots {one} to {other}.", f"lots {one} – {other}", f"lots {one}–{other};", f"({one}..{other})"):
        assert Range(one, other) in read(text).ranges
