"""Text of a recall notice, in which existing lot and serial numbers are found.

A number is found wherever the text holds its characters from one boundary to another, whatever blanks and line breaks
stand between them, ignoring case. A boundary lies beside every sign and blank, and behind an attached label (LOT5H42).
So a notice may find more than it means, but misses no number that it holds.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

MAX_NUMBER_LENGTH = 64
MAX_SPANS = 100_000
_REPLACEMENTS = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\ufeff\u2060", "")
    | dict.fromkeys("®™†‡¹²³⁴⁵⁶⁷⁸⁹⁰•", " ")
    | dict.fromkeys("\u2018\u2019\u201a\u2039\u203a", "'")
    | dict.fromkeys("\u201c\u201d\u201e«»", '"')
)
"""Typographic signs as ASCII; footnote and trade marks as blanks; invisible characters removed."""
_WRAPPED = re.compile(r"(\S+)-[ \t]*\r?\n\s*(\S+)")
_LABEL = re.compile(
    r"(?<![a-z0-9])(?:lote?s?|lotto|batch(?:es)?|codes?|sn|ser(?:ial)?s?|nos?|nr|charge|los|l)(?=[a-z0-9]*[0-9])"
)
_LABEL_BEHIND = re.compile(r"(?<=[0-9])(?=(?:exp|bbe?|lot|batch|use|mfg|sn|qty)(?![a-z]))")


def squeeze(number: str) -> str:
    """Return the characters of a number without blanks and case."""
    return "".join(number.split()).lower()


def is_in_range(number: str, first: str, last: str) -> bool:
    """Whether a number is in a range of numbers of its length, all without blanks and case."""
    return len(number) == len(first) and first <= number <= last


class Place(NamedTuple):
    """Start and end of a number in the text of a notice."""

    start: int
    end: int


class Notice:
    """A notice: its text on one line, and the spans between boundaries that may be numbers."""

    def __init__(self, text: str) -> None:
        replaced = text.translate(_REPLACEMENTS)
        self.text = _to_line(replaced)
        """The notice on one line."""
        rejoined = (_to_line("".join(match.groups())) for match in _WRAPPED.finditer(replaced))
        searched = " , ".join([self.text, *rejoined])  # a hyphen at the end of a line may be part of a number or not
        self.folded = "".join(char.lower() if len(char.lower()) == 1 else char for char in searched)
        """The text without case, of the same length, followed by the words that a line break divides."""
        self._positions = [index for index, char in enumerate(self.folded) if char != " "]
        self._squeezed = self.folded.replace(" ", "")

    @cached_property
    def _boundaries(self) -> set[int]:
        """Positions before which a number may start; a number may also end there."""
        text = self.folded
        inner = (index + 1 for index, pair in enumerate(pairwise(text)) if not all(map(str.isalnum, pair)))
        return {0, len(text), *inner}

    @cached_property
    def _starts(self) -> set[int]:
        return self._boundaries | {match.end() for match in _LABEL.finditer(self.folded)}

    @cached_property
    def _ends(self) -> set[int]:
        return self._boundaries | {match.start() for match in _LABEL_BEHIND.finditer(self.folded)}

    @cached_property
    def spans(self) -> frozenset[str]:
        """Every text between two boundaries, without blanks, that is short enough for a number."""
        spans: set[str] = set()
        positions, squeezed = self._positions, self._squeezed
        ends = [index for index, position in enumerate(positions, start=1) if position + 1 in self._ends]
        first_end = 0
        for start, position in enumerate(positions):
            while first_end < len(ends) and ends[first_end] <= start:
                first_end += 1
            if position in self._starts:
                for end in ends[first_end:]:
                    if end - start > MAX_NUMBER_LENGTH or len(spans) > MAX_SPANS:
                        break
                    spans.add(squeezed[start:end])
        return frozenset(spans)

    @property
    def is_too_long(self) -> bool:
        """Whether the notice has too many spans to search for."""
        return len(self.spans) > MAX_SPANS

    def has(self, number: str) -> bool:
        """Whether the notice holds a number."""
        return next(self.places(number), None) is not None

    def places(self, number: str) -> Iterator[Place]:
        """Find the places of a number in the text."""
        wanted, found = squeeze(number), -1
        while wanted and (found := self._squeezed.find(wanted, found + 1)) >= 0:
            start, end = self._positions[found], self._positions[found + len(wanted) - 1] + 1
            if start in self._starts and end in self._ends:
                yield Place(start, end)


def _to_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
