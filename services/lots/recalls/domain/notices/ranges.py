"""Ranges of lot and serial numbers in a notice: closed, shortened, open at one end, or unreadable."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.notices import MAX_NUMBER_LENGTH, Notice, is_in_range, squeeze

MAX_WORDS = 4
"""Words of one number with blanks inside."""
_WORD = r"[^\s,;:()\"']*[^\s,;:()\"'.]"
_WORDS_BEFORE = re.compile(rf"(?:{_WORD} ){{0,{MAX_WORDS - 1}}}{_WORD}$")
_WORDS_BEHIND = re.compile(rf"{_WORD}(?: {_WORD}){{0,{MAX_WORDS - 1}}}")
_BETWEEN = re.compile(
    r" \(?(?:through|thru|to|until|till|up to|bis(?: einschließlich)?|à|-+|~|→|\.{2,3})"
    r"(?: and including)?(?: (?:lots?|batch|serials?|no\.?|numbers?|codes?)){0,2}\)? "
)
_BETWEEN_AND = re.compile(
    rf"\b(?:between|zwischen|(?:starting|beginning) (?:at|from|with)) ({_WORD}(?: {_WORD}){{0,2}}?)"
    r" (?:and|und)(?: (?:ending|ends) (?:at|on|with))? "
)
_SIGN = re.compile(r"\.{2,3}|[-~→]")
_DOWN = re.compile(r" (?:and|or|und|oder|&) (?:lower|less|below|earlier|under|older|before|prior|smaller|früher)\b")
_UP = re.compile(
    r"(?: (?:and|or|und|oder|&) (?:higher|above|later|greater|newer|after|over|up|on|später)| (?:and )?onwards?)\b"
)
_BELOW = r"(?:up to(?: and including)?|prior to|before|below|lower than|less than)"
_UP_TO = re.compile(
    rf"\b(?:{_BELOW} (?:lot|batch|serial|code)(?: (?:numbers?|no\.?))?"
    rf"|(?:lots?|batch(?:es)?|serials?|codes?)(?: (?:numbers?|nos?\.?))? {_BELOW}) "
)
_ATTACHED_LABEL = re.compile(
    r"(?:(?:lote?s?|lotto|batch(?:es)?|codes?|sn|ser(?:ial)?s?|nos?|nr|charge|los)[.:=#]*|#)(?=[a-z0-9]*[0-9])"
)
_DIGITS_BEHIND = re.compile(r"[0-9]+$")
_LABEL_SIGN = re.compile(r"(?<=[a-z])[:=](?=[a-z0-9#])")
LONGER_NUMBERS = 3
"""Additional digits of the numbers above a number."""


class IdentifierRange(NamedTuple):
    """All numbers of equal length from first to last, inclusive, without blanks and case."""

    first: str
    last: str

    def holds(self, squeezed: str) -> bool:
        """Whether a number without blanks and case is in the range."""
        return is_in_range(squeezed, self.first, self.last)


class FoundRanges(NamedTuple):
    """Ranges of a notice by their text, and texts that look like a range and are not read."""

    ranges: dict[IdentifierRange, str]
    unread: dict[str, None]


def find_ranges(notice: Notice) -> FoundRanges:
    """Find the ranges of a notice; each reading of an ambiguous text counts."""
    found = FoundRanges({}, {})
    text = _LABEL_SIGN.sub("#", notice.folded)
    for match in _BETWEEN.finditer(text):
        _add_ends(found, text, match.start(), match.end(), text[match.start() : match.end()])
    for match in _BETWEEN_AND.finditer(text):
        _add_ends(found, text, match.end(1), match.end(), " and ")
    for word in text.split():
        for sign in _SIGN.finditer(word):
            first, last = word[: sign.start()].strip("([\"'.,"), word[sign.end() :].strip(")].,;:\"'")
            for identifier_range in read_ends(first, last, is_spaced=False):
                found.ranges.setdefault(identifier_range, f"{first}{sign.group()}{last}")
    _add_open_ranges(found, text)
    return found


def _add_ends(found: FoundRanges, text: str, start: int, end: int, connector: str) -> None:
    before, behind = _words_before(text, start), _WORDS_BEHIND.match(text, end)
    if before is None or behind is None:
        return
    first_words, last_words = before.group().split(), behind.group().split()
    is_read = False
    for first_count in range(1, len(first_words) + 1):
        for last_count in range(1, len(last_words) + 1):
            first, last = " ".join(first_words[-first_count:]), " ".join(last_words[:last_count])
            for identifier_range in read_ends(squeeze(first), squeeze(last), is_spaced=True):
                found.ranges.setdefault(identifier_range, f"{first}{connector}{last}")
                is_read = True
    if not is_read and _has_digit(first_words[-1]) and _has_digit(last_words[0]):
        found.unread[f"{first_words[-1]}{connector}{last_words[0]}"] = None


def _add_open_ranges(found: FoundRanges, text: str) -> None:
    for pattern, is_upward in ((_DOWN, False), (_UP, True)):
        for match in pattern.finditer(text):
            if before := _words_before(text, match.start()):
                words = before.group().split()
                _add_open(found, words[-1], f"{' '.join(words[-2:])}{match.group()}", is_upward=is_upward)
    for match in _UP_TO.finditer(text):
        if behind := _WORDS_BEHIND.match(text, match.end()):
            word = behind.group().split()[0]
            _add_open(found, word, f"{match.group()}{word}", is_upward=False)


def _add_open(found: FoundRanges, number: str, text: str, *, is_upward: bool) -> None:
    if (bare := _without_label(number)) != number:
        _add_open(found, bare, text, is_upward=is_upward)
    digits = _DIGITS_BEHIND.search(number)
    if digits is None:
        if _has_digit(number):
            found.unread[text] = None
        return
    prefix, length = number[: digits.start()], len(digits.group())
    lengths = range(length + 1, length + 1 + LONGER_NUMBERS) if is_upward else range(1, length)
    ends = (prefix + "9" * length) if is_upward else (prefix + "0" * length)
    first, last = sorted((number, ends))
    found.ranges.setdefault(IdentifierRange(first, last), text)
    for other in lengths:
        found.ranges.setdefault(IdentifierRange(prefix + "0" * other, prefix + "9" * other), text)


def read_ends(first: str, last: str, *, is_spaced: bool) -> Iterator[IdentifierRange]:
    """Read two squeezed ends, with and without attached labels (#100-#120).

    Ends without blanks around their sign may also be one number with a sign inside.
    """
    if not (_has_digit(first) and _has_digit(last)):
        return
    yield from _read_bare_ends(first, last, is_spaced=is_spaced)
    bare_first, bare_last = _without_label(first), _without_label(last)
    if (bare_first, bare_last) != (first, last):
        yield from _read_bare_ends(bare_first, bare_last, is_spaced=is_spaced)


def _without_label(number: str) -> str:
    return _ATTACHED_LABEL.sub("", number, count=1) if _ATTACHED_LABEL.match(number) else number


def _read_bare_ends(first: str, last: str, *, is_spaced: bool) -> Iterator[IdentifierRange]:
    digits, last_digits = _DIGITS_BEHIND.search(first), _DIGITS_BEHIND.search(last)
    if len(first) == len(last):
        index = next((i for i, (one, other) in enumerate(zip(first, last, strict=True)) if one != other), None)
        if index is not None and first < last and _is_countable(first, last, index):
            yield IdentifierRange(first, last)
    if digits is None or last_digits is None:
        return
    prefix, low, high = first[: digits.start()], digits.group(), last_digits.group()
    last_prefix = last[: last_digits.start()]
    if last_prefix == "" and len(high) <= len(low) and (prefix or len(high) < len(low)):
        full = prefix + low[: len(low) - len(high)] + high
        if first < full:
            yield IdentifierRange(first, full)
    is_counted = last_prefix in (prefix, "") and len(low) < len(high) and high[0] != "0" and low[0] != "0"
    if is_counted and (is_spaced or prefix):
        yield IdentifierRange(first, prefix + "9" * len(low))
        for length in range(len(low) + 1, len(high)):
            yield IdentifierRange(f"{prefix}1{'0' * (length - 1)}", prefix + "9" * length)
        yield IdentifierRange(f"{prefix}1{'0' * (len(high) - 1)}", prefix + high)


def _is_countable(first: str, last: str, index: int) -> bool:
    """Whether the ends differ first in digits, or in letters, behind a common start; or are digits only."""
    is_same_kind = (first[index].isdigit(), first[index].isalpha()) == (last[index].isdigit(), last[index].isalpha())
    return is_same_kind and (index > 0 or (first.isdigit() and last.isdigit()))


def _words_before(text: str, end: int) -> re.Match[str] | None:
    """Match the words before a position; a window, as a search of the whole text would take quadratic time."""
    return _WORDS_BEFORE.search(text[max(0, end - MAX_WORDS * (MAX_NUMBER_LENGTH + 1)) : end])


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)
