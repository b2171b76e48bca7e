"""Files of imports: their format, encoding and delimiter; everything is read as text in bounded memory."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_COLUMNS = 200
MAX_BLANK_ROWS = 10_000
"""Blank rows one after another that are skipped."""
BLOCK_BYTES = 1024 * 1024

Encoding = Literal["utf-8", "utf-16", "windows-1252"]
Delimiter = Literal["comma", "semicolon", "tab"]
DateFormat = Literal["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"]
DELIMITERS: dict[Delimiter, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}


class FileError(Exception):
    """A file that cannot be read as a table; the message says why and what would help."""


class BadCell(NamedTuple):
    """A cell of a workbook that has no text: a formula or an error."""

    value: str
    problem: str
    help: str


class Number(str):
    """A cell of a workbook that is a number; its text has a decimal point, whatever the file declares."""

    __slots__ = ()


Cell = str | BadCell
Line = tuple[int, Sequence[Cell]]
"""The line of a record in its file, and its cells."""


@dataclass(frozen=True)
class FileOptions:
    """What the sender declares about a file."""

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    date_format: DateFormat = "YYYY-MM-DD"
    decimal: Literal[".", ","] = "."
    guard: bool | None = None
    """Whether apostrophes guard texts that a spreadsheet would read as formulas."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers with the name of their column, where it differs."""
    is_error_list: bool = False
    """Whether the file is a list of errors: it has our headers, and quantities with a decimal point."""

    def of_error_list(self) -> "FileOptions":
        """Return what these options mean for a list of errors, which has our own headers."""
        return replace(self, delimiter=None, headers=(), is_error_list=True)


def is_zip(path: Path) -> bool:
    """Whether a file is a ZIP archive, like a workbook."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(bytes.fromhex("D0CF11E0")):
        raise FileError("An old or password-protected Excel file. Save it as .xlsx without a password, or as CSV.")
    if not start.strip():
        raise FileError("The file is empty. Send a header row and at least one row.")
    return start.startswith(b"PK")


ERROR_LIST_HEADER = "error_line"
"""Header of the column that a list of errors has."""


def is_error_list(path: Path) -> bool:
    """Whether a text file is a list of errors that is sent again."""
    with path.open("rb") as file:
        header = file.read(BLOCK_BYTES // 16).replace(b"\0", b"").split(b"\n")[0]
    return ERROR_LIST_HEADER.encode() in header


def find_own_encoding(path: Path, declared: Encoding | None) -> str:
    """Return the encoding of a list of errors: ours, or that of the program that has saved it."""
    try:
        return find_encoding(path, None)
    except FileError:
        return find_encoding(path, declared)


def find_encoding(path: Path, declared: Encoding | None) -> str:
    """Return the Python name of the encoding; raises FileError if the file is binary or does not have it."""
    with path.open("rb") as file:
        start = file.read(4)
    encoding: str = declared or "utf-8"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif start.startswith(codecs.BOM_UTF8):
        encoding = "utf-8"
    elif encoding == "utf-16":
        raise FileError("The file is not utf-16: it lacks the byte order mark. Save it as UTF-8, or as Unicode text.")
    name = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252"}[encoding]
    _check_text(path, name, encoding)
    return name


def _check_text(path: Path, name: str, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(name)("strict")
    lines = 1
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if encoding != "utf-16" and b"\0" in block:
                raise FileError("The file is binary. Send CSV or XLSX.")
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                line = lines + block[: error.start].count(b"\n")
                raise FileError(
                    f"Line {line} is not {encoding}. Save the file in one encoding, and declare which, such as "
                    "windows-1252."
                ) from None
            if "\0" in text:
                raise FileError("The file is binary. Send CSV or XLSX.")
            lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise FileError(f"The end of the file is not {encoding}; it seems to be cut off.") from None


def skip_blank_rows(lines: Iterator[Line]) -> Iterator[Line]:
    """Leave blank rows out; raises FileError if there are too many one after another."""
    blank = 0
    for line, cells in lines:
        if any(cell.strip() if isinstance(cell, str) else True for cell in cells):
            blank = 0
            yield line, cells
        else:
            blank += 1
            if blank > MAX_BLANK_ROWS:
                raise FileError(f"More than {MAX_BLANK_ROWS} blank rows before line {line}. Delete them.")
