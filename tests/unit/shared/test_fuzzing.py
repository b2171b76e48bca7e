"""Fuzzing of scans and of import files: documented errors only, and none takes long.

`make fuzz SECONDS=60` spends so many seconds on each test.
"""

import io
import json
import time
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile, ZipInfo

from hypothesis import strategies as st

from services.receiving import imports as receiving_imports
from services.serials import imports as serials_imports
from shared.contracts.serial_lists import read_serial_list
from shared.imports import ImportKind
from shared.imports.files import FileError, FileOptions
from shared.imports.kinds import ReadRow
from shared.imports.rows import read_rows
from shared.scans import ScanKind, classify, misread_as
from shared.scans.gtin import to_gtin_14
from tests.support.fuzzing import damaged, fuzz
from tests.support.wrong_files import build_workbook

KINDS = (*receiving_imports.KINDS, *serials_imports.KINDS)
MAX_SECONDS = 2.0
"""Processor time that an example may take; a usual one takes a thousandth."""
TEMPLATE = build_workbook()
with ZipFile(io.BytesIO(TEMPLATE)) as template:
    PARTS = {name: template.read(name) for name in template.namelist()}
GTIN = "09521234543213"

EXAMPLES = [
    line.split("\t")[1].replace("^", "\x1d")
    for path in sorted((Path(__file__).parent / "gs1_examples").glob("*.txt"))
    for line in path.read_text().splitlines()
    if "\t" in line
]
pieces = st.sampled_from(
    [
        "]C1", "]d2", "]Q3", "]e0", "]C0", "]", "\x1d", "<GS>", "{GS}", "Ctrl+]", "^", "(01)", "(21)", "(10)", "(3103)",
        "(", ")", "\\(", "\\", "01", "02", "17", "21", "00", "10", "3103", "3922", "4326", "7007", "7011", "8003",
        GTIN, GTIN[1:], "04252614", "095212345600000012", "271300", "999999", "https://id.gs1.org", "HTTP://a", "/01/",
        "/21/", "/gtin/", "?17=", "&", "%2F", "%", "%ZZ", "#", "//", "www.", "A001-A120", "SN100 + 20", "..", " - ",
        ",", ";", "\t", "\r\n", "\0", "\u0663", "\u00bd", "\u0130", "\ud800", "\uff19", "\U0001f984",
    ]
)  # fmt: skip
scans = st.lists(pieces | st.text(max_size=8) | st.sampled_from(EXAMPLES), max_size=8).map("".join)
cells = st.sampled_from(
    [
        "", " ", "R1", "EAST", "EAST/A-1", "PUMP", "0007", "1.2E+13", "=1+1", "'=A", "''", "1", "-1", "0", "999999999",
        "12,5", "1.5", "true", "nein", "2026-02-30", "31.12.2090", "DOCK", "Europe/Berlin", "9" * 70, "Müller", "a b",
        "\0", '"', '"a\nb"', ",", ";", "\t", "\ufeff", "\u2028", "İ", "error_line",
    ]
) | st.text(max_size=12)  # fmt: skip


class File(NamedTuple):
    """A file of a kind with what its sender declares."""

    kind: ImportKind
    content: bytes
    options: FileOptions


@st.composite
def csv_files(draw: st.DrawFn) -> File:
    """Draw a file that is a table of its kind, or nearly one."""
    kind = draw(st.sampled_from(KINDS))
    names = [name for column in kind.columns for name in (column.name, *column.aliases)]
    header = draw(st.permutations([column.name for column in kind.columns]) | st.lists(st.sampled_from(names) | cells))
    rows = draw(st.lists(st.lists(cells, max_size=len(header) + 1), max_size=4))
    delimiter, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(delimiter.join(row) for row in [header, *rows])
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]))
    content = draw(damaged(st.just(text.encode(encoding, errors="replace"))))
    return File(kind, content, draw(options))


options = st.builds(
    FileOptions,
    encoding=st.sampled_from([None, "utf-8", "utf-16", "windows-1252"]),
    delimiter=st.sampled_from([None, "comma", "semicolon", "tab"]),
    date_format=st.sampled_from(["YYYY-MM-DD", "DD.MM.YYYY"]),
    decimal=st.sampled_from([".", ","]),
    guard=st.sampled_from([None, True, False]),
    headers=st.sampled_from([(), (("R1", "serial"), ("EAST", ""))]),
)


@st.composite
def workbooks(draw: st.DrawFn) -> File:
    """Draw a workbook of which a part, or the archive, is damaged."""
    parts = dict(PARTS)
    name = draw(st.sampled_from(sorted(parts)))
    parts[name] = draw(damaged(st.just(parts[name])))
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for part, value in parts.items():
            archive.writestr(ZipInfo(part), value)
    content = draw(st.just(buffer.getvalue()) | damaged(st.just(TEMPLATE)))
    return File(KINDS[3], content, FileOptions())


def check_scan(text: str) -> None:
    """Check that a text is classified as it should be, soon."""
    started = time.process_time()
    for fnc1 in ("", "^", "{GS}"):
        scan = classify(text, fnc1=fnc1)
        assert scan.text == text
        assert all(";" in problem.detail and len(problem.detail) < 500 for problem in scan.problems)
        assert scan.gtin is None or to_gtin_14(scan.gtin) == scan.gtin
        assert scan.is_sound or scan.elements or scan.problems
        assert (scan.kind is ScanKind.RANGE) <= (len(scan.values) == 2)
    misread_as(text)
    preview = read_serial_list(text)
    assert preview.size or preview.problems
    assert time.process_time() - started < MAX_SECONDS


def read(path: Path, file: File) -> tuple[list[ReadRow], str]:
    """Read a file; return its rows, or why it is refused."""
    path.write_bytes(file.content)
    try:
        return list(read_rows(path, file.kind, file.options)), ""
    except FileError as error:
        return [], str(error)


def check_file(path: Path, file: File) -> None:
    """Check that a file gives rows that can be stored, or a documented error, soon."""
    started = time.process_time()
    rows, reason = read(path, file)
    assert not reason or (reason.endswith(".") and len(reason) < 1000)
    for row in rows:
        assert all(problem.problem and problem.help for problem in row.problems)
        assert "\\u0000" not in json.dumps([row.key, row.fields, [problem.to_json() for problem in row.problems]])
        json.dumps(row.fields, ensure_ascii=False).encode()
        assert row.problems or file.kind.key_of(row.fields) is not None
    assert time.process_time() - started < MAX_SECONDS


def test_scans() -> None:
    """S13: no text fails or takes long; what is wrong with it says what to do."""
    fuzz(check_scan, scans, 300)


def test_csv_files(tmp_path: Path) -> None:
    """S45: any bytes give rows that can be stored, or a documented error; none takes long."""
    fuzz(lambda file: check_file(tmp_path / "file.csv", file), csv_files(), 200)


def test_workbooks(tmp_path: Path) -> None:
    """S45: a damaged workbook gives rows, or a documented error; none takes long."""
    fuzz(lambda file: check_file(tmp_path / "file.xlsx", file), workbooks(), 6)
