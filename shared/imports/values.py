"""Values of cells: texts stay as they are, dates have the declared format, numbers no grouping."""

import re
from collections.abc import Callable
from datetime import date, datetime

from shared.http.csv import FORMULA_PREFIXES
from shared.imports.files import FileOptions, Number
from shared.imports.kinds import ColumnType, RowProblem

SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
STRPTIME = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}
SWAPPED_SIGNS = str.maketrans(",.", ".,")
FLAGS = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}


def unguard(text: str, *, guard: bool | None) -> str | RowProblem:
    """Remove the apostrophe of a guarded text, if the file is declared as guarded or not."""
    if len(text) < 2 or text[0] != "'" or not text[1:].startswith(FORMULA_PREFIXES) or guard is False:
        return text
    if guard is None:
        return RowProblem(
            "an apostrophe before a formula character may be a guard of our export or a part of the value",
            "Send guard=true if the file was exported with guard=true, otherwise guard=false.",
        )
    return text[1:]


def read_value(column_type: ColumnType, text: str, options: FileOptions) -> str | RowProblem:
    """Return the normalised text of a cell, or what is wrong with it."""
    if column_type == "quantity":
        return text if isinstance(text, Number) else _read_quantity(text.strip(), options)
    if column_type == "date":
        return _read_date(text.strip(), options)
    return READERS[column_type](text.strip())


def _read_text(text: str) -> str | RowProblem:
    if any(SCIENTIFIC.fullmatch(part) for part in text.split()):
        return RowProblem(
            "a spreadsheet has replaced the digits by a rounded number",
            "Format the column as text in the source, and export it again.",
        )
    return text


def _read_list(text: str) -> str | RowProblem:
    return _read_text(" ".join(text.split()))


def _read_integer(text: str) -> str | RowProblem:
    if re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        return text
    return RowProblem("not a whole number", "Write digits alone, such as 25.")


def _read_integers(text: str) -> str | RowProblem:
    if re.fullmatch(r"\d{1,9}(\s+\d{1,9})*", text, re.ASCII):
        return " ".join(text.split())
    return RowProblem("not whole numbers", "Write digits with a blank between the numbers, such as 1 12.")


def _read_flag(text: str) -> str | RowProblem:
    return FLAGS.get(text.casefold()) or RowProblem("neither yes nor no", "Write true or false.")


READERS: dict[ColumnType, Callable[[str], str | RowProblem]] = {
    "identifier": _read_text, "text": _read_text, "list": _read_list, "integer": _read_integer,
    "integers": _read_integers, "flag": _read_flag, "choice": str.upper,
}  # fmt: skip


def _read_quantity(text: str, options: FileOptions) -> str | RowProblem:
    """Read a quantity with the declared decimal sign; a list of errors also has our own point."""
    is_swapped = options.decimal == "," and not (options.is_error_list and "," not in text)
    plain = text.translate(SWAPPED_SIGNS) if is_swapped else text
    if re.fullmatch(r"\d{1,7}(\.\d{1,6})?", plain, re.ASCII):
        return plain
    return RowProblem("not a quantity", f"Write it without grouping, with the decimal sign {options.decimal}")


def _read_date(text: str, options: FileOptions) -> str | RowProblem:
    """Read a date in the declared format; ISO dates are unambiguous."""
    is_padded = len(text) == len(options.date_format)
    for form, is_allowed in ((options.date_format, is_padded), ("YYYY-MM-DD", len(text) == 10)):
        try:
            if is_allowed:
                return _parse(text, form).isoformat()
        except ValueError:
            continue
    return RowProblem(
        f"not a date in the format {options.date_format}", "Declare the format of the dates with date_format."
    )


def _parse(text: str, form: str) -> date:
    return datetime.strptime(text, STRPTIME[form]).date()  # noqa: DTZ007 - a calendar day
