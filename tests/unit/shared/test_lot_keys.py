"""Comparison keys of lot numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identifiers import fold_lot


@pytest.mark.parametrize("spelling", ["AB 10", "ab 10", "Ab  10", " AB 10 ", "aB   10"])
def test_case_and_blanks_do_not_count(spelling: str) -> None:
    """Spellings that differ in case, outer or doubled blanks are the same lot (S25)."""
    assert fold_lot(spelling) == "ab 10"


@pytest.mark.parametrize("other", ["AB10", "AB-10", "AB 010", "AB 1O", "AB 10.", "0AB 10", "AB/10", "+AB 10"])
def test_everything_else_counts(other: str) -> None:
    """Zeros, hyphens, signs and single blanks tell lots apart (S25)."""
    assert fold_lot(other) != fold_lot("AB 10")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=64))
def test_keys_are_stable(lot: str) -> None:
    """The key of a key is the key, and case and blanks around it never matter."""
    key = fold_lot(lot)
    assert fold_lot(key) == key == fold_lot(f" {lot.swapcase()}  ") == fold_lot(lot.replace(" ", "  "))
