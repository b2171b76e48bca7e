"""Typed and pasted serial numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.serial_lists import MAX_PASTED_CHARACTERS, read_serial_list
from shared.contracts.serial_ranges import SerialNumberRange

GTIN = "09521234543213"


@pytest.mark.parametrize(
    ("text", "count", "first", "last"),
    [
        ("A001-A120", 120, "A001", "A120"),
        ("A001..A120", 120, "A001", "A120"),
        ("001 - 120", 120, "001", "120"),
        ("A001 to A120", 120, "A001", "A120"),
        ("SN100 + 20", 20, "SN100", "SN119"),
        ("A1\r\nA2\r\nA3\r\n", 3, "A1", "A3"),
        ("A1, A2,A3", 3, "A1", "A3"),
        ("A001-A003; B7; SN100 + 2", 6, "A001", "SN101"),
        ("00012\t00013", 2, "00012", "00013"),
        ("A0001-A9999", 9999, "A0001", "A9999"),
        ("1 + 999999999999999999", 999999999999999999, "1", "999999999999999999"),
        ("2026-0012", 1, "2026-0012", "2026-0012"),
        ("A/1 x", 1, "A/1 x", "A/1 x"),
    ],
)
def test_lists_and_ranges_are_counted(text: str, count: int, first: str, last: str) -> None:
    """S13: what people type or paste is previewed with its count and ends; zeros stay."""
    found = read_serial_list(text)
    assert (found.size, found.first, found.last) == (count, first, last)
    assert len(found.serials) == (count if count <= 500 else 0)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (" \n;", "nothing", "at least one"),
        ("A0001-A9999", "too_many", "9999 serial numbers"),
        ("A1,A2;A3", "several_separators", "commas and semicolons"),
        ("A1,A22", "unequal_lengths", "2 to 3 characters"),
        ("A1,A2,A1", "duplicate", "A1 stands twice"),
        ("A1-A5,A2-A9", "duplicate", "A2 and 3 more"),
        ("A9 - A1", "wrong_range", "A1 precedes A9"),
        ("A001 - B120", "wrong_range", "differ in one number only"),
        ("A1..A012", "wrong_range", "leading zeros"),
        ("ABC + 3", "wrong_range", "no number"),
        ("A1 + 0", "wrong_range", "no serial number"),
        ("A" + "9" * 63 + " + 2", "wrong_range", "exceed 64"),
        ("Ä1", "no_serial", "printable ASCII"),
        ("A" * 65, "no_serial", "1 to 64"),
        (f"A1\n(01){GTIN}(21)A,2", "no_serial", "GS1 element string with GTIN"),
        ("]C0SN-1", "no_serial", "as a scanner sends it"),
        ("100-120", "may_be_range", "counts as one serial number"),
        ("SN1+20", "may_be_range", "counts as one serial number"),
    ],
)
def test_problems_are_named(text: str, code: str, words: str) -> None:
    """S13: what is wrong with a list is named with what to do; hints leave the list as it is."""
    found = next(problem for problem in read_serial_list(text).problems if problem.code == code)
    assert words in found.detail
    assert any(sign in found.detail for sign in (";", "use"))
    assert found.is_tolerated is (code in {"unequal_lengths", "may_be_range"})


@given(first=st.integers(0, 10**9), count=st.integers(1, 500), width=st.integers(1, 12))
def test_preview_and_command_agree(first: int, count: int, width: int) -> None:
    """S13: a range stands for the same serial numbers in the preview and in a command."""
    start, end = f"SN{first:0{width}}", f"SN{first + count - 1:0{width}}"
    expected = SerialNumberRange.model_validate({"from": start, "count": count}).expand()
    assert read_serial_list(f"{start} + {count}").serials == expected
    assert read_serial_list(f"{start}..{end}").serials == expected
    assert read_serial_list("\n".join(expected)).serials == expected


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["A1", "A9", "-", " + ", "..", ",", "\n", "]C1", "(01)", "9" * 70])).map("".join)
)
def test_any_text_is_previewed(text: str) -> None:
    """S13: no text fails; the list has as many different serial numbers as are counted."""
    found = read_serial_list(text)
    assert len(set(found.serials)) == len(found.serials) <= 500
    assert found.size == len(found.serials) or found.size > 500
    assert found.size or found.problems


@pytest.mark.parametrize("part", ["A1,", "A 1 ", "1-", "..", "+1 ", "to ", "(01)", "\t", " "])
def test_long_text_takes_a_bounded_time(part: str) -> None:
    """S13: text as long as it may be is read soon."""
    read_serial_list(f"1{part * MAX_PASTED_CHARACTERS}"[: MAX_PASTED_CHARACTERS - 1] + "1")
