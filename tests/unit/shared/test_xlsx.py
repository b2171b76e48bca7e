"""Workbooks: types of cells, several sheets and memory."""

import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from shared.http import xlsx
from shared.http.xlsx import Workbook
from tests.support.workbooks import read_sheets

TEXTS = [
    "0012",
    "=1+1",
    "+49 30 1",
    "12345678901234567890",
    "1E5",
    "2026-01-01",
    "TRUE",
    "",
    " x ",
    "ä<&>",
    "'q",
    "\x07",
]


def test_texts_stay_texts_and_values_are_typed(tmp_path: Path) -> None:
    """Identifiers keep zeros, signs and digits; numbers and dates are cells of their types, exact or text."""
    instant = datetime(2026, 3, 4, 10, 15, 30, 250_000, timezone(timedelta(hours=2)))
    values = [
        7, Decimal("2.500000"), Decimal("-0.000001"), True, date(2027, 2, 28), instant, None,
        Decimal("1234567890.1234567"), 2**60, date(1, 1, 1),
    ]  # fmt: skip
    workbook = Workbook(tmp_path / "x.xlsx", ["a"])
    workbook.write([TEXTS, values])
    workbook.close()
    ((header, texts, typed),) = read_sheets(tmp_path / "x.xlsx")
    assert header[0] == "a"
    assert [value or "" for value in texts] == [text.replace("\x07", "_x0007_") for text in TEXTS]
    assert typed[:4] == (7, 2.5, -0.000001, True)
    assert (typed[4].date(), typed[5].replace(tzinfo=UTC), typed[6]) == (date(2027, 2, 28), instant, None)
    assert typed[7:10] == ("1234567890.1234567", str(2**60), "0001-01-01")


def test_rows_beyond_a_sheet_are_on_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sheet has the header; no row is lost."""
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    workbook = Workbook(tmp_path / "x.xlsx", ["n"])
    workbook.write([[number] for number in range(5)])
    workbook.close()
    assert read_sheets(tmp_path / "x.xlsx") == [[("n",), (0,), (1,)], [("n",), (2,), (3,)], [("n",), (4,)]]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Ten thousand rows need no more memory than one thousand."""
    peaks = []
    for count in (1_000, 10_000):
        tracemalloc.start()
        workbook = Workbook(tmp_path / f"{count}.xlsx", ["serial", "quantity"])
        for number in range(count):
            workbook.write([[f"SN-{number:09}", number]])
        workbook.close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
