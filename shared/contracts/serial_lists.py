"""Serial numbers as people type or paste them: a list, ranges such as `A001-A120` and `SN100 + 20`, or both."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.serial_ranges import find_span
from shared.identifiers import SERIAL_PATTERN
from shared.scans import ScanKind, classify

MAX_PASTED_CHARACTERS = 100_000
MAX_PROBLEMS = 20
"""Number of problems that are named."""
_SHOWN = 64
"""Number of characters of an entry that are shown."""
_MAX_ENTRY = 2 * 64 + 12
"""Number of characters of a range."""
_SERIAL = re.compile(SERIAL_PATTERN)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_COUNTED = re.compile(r"(?P<first>\S[^+]*?)\s+\+\s*(?P<count>[0-9]{1,18})")
_SPACED = re.compile(r"(?P<first>\S.*?)(?:\s+[-–]\s+|\s*(?:–|\.\.+)\s*|\s+(?:to|TO)\s+)(?P<last>\S.*)")
_MAY_BE_RANGE = re.compile(r"[0-9]+-[0-9]+|[^+\s]*[0-9]\+[0-9]+")
_LABELS = frozenset({ScanKind.GS1_ELEMENT_STRING, ScanKind.GS1_DIGITAL_LINK, ScanKind.URL})


class ListProblemCode(StrEnum):
    """What is wrong with typed or pasted serial numbers."""

    NOTHING = "nothing"
    NO_SERIAL = "no_serial"
    WRONG_RANGE = "wrong_range"
    DUPLICATE = "duplicate"
    TOO_MANY = "too_many"
    SEVERAL_SEPARATORS = "several_separators"
    UNEQUAL_LENGTHS = "unequal_lengths"
    MAY_BE_RANGE = "may_be_range"
    OTHER_FORMAT = "other_format"


class ListProblem(NamedTuple):
    """A problem of typed or pasted serial numbers."""

    code: ListProblemCode
    detail: str
    """What is wrong, and what to do."""
    entry: str = ""
    """The part of the text concerned, if it is one."""

    @property
    def is_tolerated(self) -> bool:
        """Whether the list may be right all the same."""
        return self.code in {ListProblemCode.UNEQUAL_LENGTHS, ListProblemCode.MAY_BE_RANGE}


class SerialList(NamedTuple):
    """What typed or pasted text stands for."""

    size: int
    """Number of different serial numbers."""
    first: str | None
    last: str | None
    serials: Sequence[str]
    """The serial numbers in their order; none if they are too many for one command."""
    problems: Sequence[ListProblem]


class _Entry(NamedTuple):
    first: str
    last: str
    size: int
    serials: Sequence[str] = ()
    """The serial numbers; none if they are too many."""


def read_serial_list(text: str) -> SerialList:
    """Read serial numbers and ranges, separated by line breaks, commas, semicolons or tabs."""
    entries: list[_Entry] = []
    problems: list[ListProblem] = []
    serials: dict[str, None] = {}
    for part in _split(text):
        try:
            entry = _read_entry(part)
        except _UnfitEntryError as error:
            problems.append(ListProblem(error.code, str(error), part[:_SHOWN]))
            continue
        entries.append(entry)
        if repeated := [serial for serial in entry.serials if serial in serials]:
            detail = f"{_name(repeated)} stands twice in the list; it counts once"
            problems.append(ListProblem(ListProblemCode.DUPLICATE, detail, part))
        if _MAY_BE_RANGE.fullmatch(part):
            detail = f"{part} counts as one serial number; write a range as A001..A120 or SN100 + 20"
            problems.append(ListProblem(ListProblemCode.MAY_BE_RANGE, detail, part))
        serials.update(dict.fromkeys(entry.serials))
    if not entries and not problems:
        detail = "The text has no serial number; type or paste at least one"
        problems.append(ListProblem(ListProblemCode.NOTHING, detail))
    size = len(serials) + sum(entry.size for entry in entries if not entry.serials)
    problems = [*_problems_of_all(text, entries, size), *problems][:MAX_PROBLEMS]
    listed = list(serials) if size <= MAX_ITEMS_PER_MESSAGE else []
    first, last = (entries[0].first, entries[-1].last) if entries else (None, None)
    return SerialList(size, first, last, listed, problems)


def _split(text: str) -> Iterator[str]:
    """Split text into entries; a line that is GS1 data stays whole, as its values may hold separators."""
    for line in re.split(r"[\r\n]+", text):
        parts = [line] if classify(line).kind in _LABELS else re.split(r"[,;\t]", line)
        yield from (part.strip() for part in parts if part.strip())


class _UnfitEntryError(ValueError):
    """An entry that is neither a serial number nor a range."""

    def __init__(self, code: ListProblemCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _read_entry(part: str) -> _Entry:
    scan = classify(part)
    if scan.kind in _LABELS or scan.symbology:
        detail = f"{part[:_SHOWN]!r} is {scan.description} as a scanner sends it; scan the labels one by one"
        raise _UnfitEntryError(ListProblemCode.NO_SERIAL, detail)
    if len(part) > _MAX_ENTRY:
        _require_serials([part])
    if match := _COUNTED.fullmatch(part):
        return _read_range(match["first"], None, int(match["count"]))
    if match := _SPACED.fullmatch(part):
        return _read_range(match["first"], match["last"], 0)
    if scan.kind is ScanKind.RANGE:
        return _read_range(scan.values[0], scan.values[1], 0)
    _require_serials([part])
    return _Entry(part, part, 1, [part])


def _read_range(first: str, last: str | None, count: int) -> _Entry:
    _require_serials([first, last or first])
    try:
        if last is None and not count:
            raise ValueError(f"{first} + 0 is no serial number")  # noqa: TRY301 - one problem for all
        span = find_span(first, last, count)
    except ValueError as error:
        detail = f"{error}; write a range as A001-A120 or SN100 + 20"
        raise _UnfitEntryError(ListProblemCode.WRONG_RANGE, detail) from None
    return _Entry(first, span.last, span.size, span.expand() if span.size <= MAX_ITEMS_PER_MESSAGE else ())


def _require_serials(texts: Iterable[str]) -> None:
    for text in texts:
        if not _SERIAL.fullmatch(text):
            detail = f"{text[:_SHOWN]!r} is no serial number; use 1 to 64 printable ASCII characters"
            raise _UnfitEntryError(ListProblemCode.NO_SERIAL, detail)


def _problems_of_all(text: str, entries: Sequence[_Entry], size: int) -> Iterator[ListProblem]:
    """Find the problems of all entries together."""
    if size > MAX_ITEMS_PER_MESSAGE:
        detail = f"{size} serial numbers; a command takes at most {MAX_ITEMS_PER_MESSAGE}, so send several, or a file"
        yield ListProblem(ListProblemCode.TOO_MANY, detail)
    found = [name for separator, name in _SEPARATORS.items() if separator in text]
    if len(found) > 1:
        detail = (
            f"{' and '.join(found)} all separate serial numbers; use one, and send serial numbers with another alone"
        )
        yield ListProblem(ListProblemCode.SEVERAL_SEPARATORS, detail)
    lengths = sorted({len(end) for entry in entries for end in (entry.first, entry.last)})
    if len(lengths) > 1:
        detail = f"The serial numbers have {lengths[0]} to {lengths[-1]} characters; check that none lacks a part"
        yield ListProblem(ListProblemCode.UNEQUAL_LENGTHS, detail)


def _name(serials: Sequence[str]) -> str:
    return serials[0] if len(serials) == 1 else f"{serials[0]} and {len(serials) - 1} more"
