"""CSV files: lines of bounded length, and the delimiter that matches the known columns."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from shared.imports.files import DELIMITERS, MAX_COLUMNS, Delimiter, FileError, Line

MAX_LINE_CHARACTERS = 100_000


def read_csv(path: Path, encoding: str, delimiter: str) -> Iterator[Line]:
    """Read the records of a file, each with its first line."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_bounded_lines(file), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileError(
                    f"Line {line} is not CSV: {error}. Close every quote, and double quotes in values."
                ) from None
            if len(cells) > MAX_COLUMNS:
                raise FileError(f"Line {line} has more than {MAX_COLUMNS} columns.")
            yield line, cells


def _bounded_lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE_CHARACTERS):
        number += 1
        if len(line) == MAX_LINE_CHARACTERS and not line.endswith("\n"):
            raise FileError(f"Line {number} has more than {MAX_LINE_CHARACTERS} characters. Send one row per line.")
        yield line


def find_delimiter(path: Path, encoding: str, declared: Delimiter | None, is_known: Callable[[str], bool]) -> str:
    """Return the declared delimiter, or the one that finds the most known columns in the header."""
    if declared:
        return DELIMITERS[declared]
    counts = {delimiter: _count_known(path, encoding, delimiter, is_known) for delimiter in DELIMITERS.values()}
    best = max(counts.values())
    found = [delimiter for delimiter, count in counts.items() if count == best]
    if best <= 1:
        return found[0]
    if len(found) > 1:
        raise FileError("The delimiter is ambiguous. Declare it: comma, semicolon or tab.")
    return found[0]


def _count_known(path: Path, encoding: str, delimiter: str, is_known: Callable[[str], bool]) -> int:
    try:
        header = next(read_csv(path, encoding, delimiter), (0, []))[1]
    except FileError:
        return 0
    return sum(isinstance(cell, str) and is_known(cell) for cell in header)
