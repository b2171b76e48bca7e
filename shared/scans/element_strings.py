"""GS1 element strings, as scanners send them or in brackets as people read them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from shared.scans.associations import Elements, association_problems
from shared.scans.gtin import has_check_digit, to_gtin_14
from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.values import Identifier, find_identifier, value_problem

GS1_SYMBOLOGIES = frozenset({"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"})
"""Symbology identifiers of GS1-128, DataBar and composites, DataMatrix, QR Code and DotCode."""
FNC1 = "\x1d"
_FNC1_SPELLINGS = re.compile(r"<GS>|\{GS\}|<FNC1>|\{FNC1\}|Ctrl\+\]|Alt\+029|\^\]|\\x1d|\\u001d|[␝↔]", re.IGNORECASE)
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)")
_SSCC_LENGTH = 18
MAX_PROBLEMS = 20
"""Number of problems that are named."""


class Reading(NamedTuple):
    """Elements of GS1 data and what is wrong with them."""

    elements: Elements = ()
    problems: tuple[ScanProblem, ...] = ()


def read_element_string(value: str, symbology: str, fnc1: str = "") -> Reading | None:
    """Read a GS1 element string; None if the text is something else."""
    if FNC1 not in value:
        value = _FNC1_SPELLINGS.sub(FNC1, value)
    if symbology in GS1_SYMBOLOGIES or FNC1 in value:
        return _read(value.replace(fnc1, FNC1) if fnc1 else value)
    if fnc1 and fnc1 in value and is_sound(reading := _read(value.replace(fnc1, FNC1))):
        return reading
    if (match := _BRACKETED.match(value)) and _is_application_identifier(match[1]):
        return _read_bracketed(value)
    return _read_unmarked(value)


def judge(elements: Iterable[tuple[Identifier, str]], problems: Iterable[ScanProblem] = ()) -> Reading:
    """Judge the values of elements, and the elements among each other."""
    found, valid = list(problems), []
    for identifier, value in elements:
        if problem := value_problem(identifier, value):
            found.append(problem)
        else:
            valid.append((identifier.ai, value))
    if not any(not problem.is_tolerated for problem in found):
        found.extend(association_problems(tuple(valid)))
    return Reading(tuple(valid), tuple(found[:MAX_PROBLEMS]))


def _read(value: str) -> Reading:
    """Read elements; a value of variable length ends at FNC1."""
    elements: list[tuple[Identifier, str]] = []
    position, end = 0, len(value)
    while position < end:
        if value[position] == FNC1:
            position += 1
            continue
        identifier = find_identifier(value[position : position + 4])
        if identifier is None:
            return judge(elements, [_unknown(value[position : position + 4])])
        start = position + len(identifier.ai)
        stop = value.find(FNC1, start)
        stop = end if stop < 0 else stop
        if identifier.length is not None:
            stop = min(stop, start + identifier.length)
        elements.append((identifier, value[start:stop]))
        position = stop
    return judge(elements, () if elements else [_NO_ELEMENTS])


def _read_bracketed(value: str) -> Reading:
    r"""Read bracketed text; brackets around anything but an application identifier belong to the value, as do `\(`."""
    elements: list[tuple[Identifier, str]] = []
    marks = [
        (match, identifier)
        for match in _BRACKETED.finditer(value)
        if value[match.start() - 1 : match.start()] != "\\"
        and (identifier := find_identifier(match[1]))
        and identifier.ai == match[1]
    ]
    stops = [match.start() for match, _ in marks[1:]] + [len(value)]
    for (match, identifier), stop in zip(marks, stops, strict=True):
        content = value[match.end() : stop].strip().replace("\\(", "(")
        elements.append((identifier, "".join(content.split()) if identifier.is_numeric else content))
    return judge(elements)


def _read_unmarked(value: str) -> Reading | None:
    """Read text without mark, as scanners send it that drop the symbology: an SSCC, or a GTIN and further elements."""
    if len(value) < 19 or not value.isascii() or not value[:16].isdecimal():
        return None
    if is_sscc(value[2:]) and value.startswith("00"):
        return Reading((("00", value[2:]),))
    if not (value.startswith("01") and to_gtin_14(value[:16])):
        return None
    reading = _read(value)
    return reading if is_sound(reading) else None


def is_sound(reading: Reading) -> bool:
    """Whether the elements are valid, be it that another code of the label holds required ones."""
    return all(problem.code is ScanProblemCode.MISSING_AI for problem in reading.problems)


def is_sscc(text: str) -> bool:
    """Whether a text is the 18 digits of an SSCC."""
    return len(text) == _SSCC_LENGTH and text.isascii() and text.isdecimal() and has_check_digit(text)


def _is_application_identifier(digits: str) -> bool:
    identifier = find_identifier(digits)
    return identifier is not None and identifier.ai == digits


def _unknown(text: str) -> ScanProblem:
    detail = (
        f"No application identifier of GS1 starts with {text!r}; "
        "check that the scanner sends FNC1 after values of variable length"
    )
    return ScanProblem(ScanProblemCode.UNKNOWN_AI, detail, text)


_NO_ELEMENTS = ScanProblem(
    ScanProblemCode.NO_ELEMENTS, "The code holds no application identifier; scan it again, or have it replaced"
)
