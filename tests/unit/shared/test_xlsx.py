"""Workbooks: types of cells, full sheets and memory."""

import tracemalloc
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from shared.http import xlsx
from shared.http.problems import ProblemError
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


async def test_rows_beyond_a_sheet_are_available_as_csv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of more rows than a sheet has is refused with the address of its CSV, with the same filters."""

    async def write_too_much(*_: object) -> AsyncGenerator[bytes]:
        workbook = Workbook(Path(mkdtemp()) / "x.xlsx", ["n"])
        workbook.write([[0], [1], [2]])
        yield b""

    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    monkeypatch.setattr(xlsx, "_stream_xlsx", write_too_much)
    app = FastAPI()
    app.state.report_files = None
    scope = {
        "type": "http", "method": "GET", "path": "/reports/expiring.xlsx", "query_string": b"sku=A%2F1", "headers": [],
        "server": ("lots", 80), "scheme": "http", "app": app,
    }  # fmt: skip
    with pytest.raises(ProblemError) as raised:
        await xlsx.xlsx_response(Request(scope), "expiring", ["n"], text("SELECT 1"), {})
    assert raised.value.problem.ids == ["/reports/expiring.csv?sku=A%2F1"]


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
