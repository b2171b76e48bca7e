"""A recall notice as it was pasted: the words and ranges in it that may be lots or serials.

Notices name lots as free text (`Lots 0042/A, 0043 to 0049 and LX-7`). Nothing is guessed away: whatever looks like an
identifier is looked for, upper and lower case alike, and only what exists is found. A word without a digit is not
looked for, or a lot called `A` would be found in every sentence; name such a lot by itself.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.contracts.envelope import MAX_UNITS

LONGEST = 64
MANY_WORDS = 2_000
_APART = re.compile(r"[\s,;|]+")
_LABEL = re.compile(r"[:#=]")
"""What glues a number to the word before it, `Lot:0042`; or is part of the number, so that both are looked for."""
_AROUND = "()[]{}<>\"'`.:!?*•\u201c\u201d\u201e\u2018\u2019\u201a«»\u2039\u203a®™†‡¹²³"
_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\ufeff", "")
)
"""Word processors' hyphens and dashes, and signs that nobody sees, as somebody would have typed them."""
_TO = {"to", "through", "thru", "until", "bis", "-", "..", "...", "…"}
_DASHES = re.compile(r"\.{2,3}|[-…]")
_TAIL = re.compile(r"\d+$")


class Range(NamedTuple):
    """All of one form from the first to the last, both included."""

    first: str
    last: str


class Notice(NamedTuple):
    """What may be meant."""

    words: tuple[str, ...]
    ranges: tuple[Range, ...]

    @property
    def too_long(self) -> bool:
        """Whether it is more than one recall is meant for."""
        return len(self.words) > MANY_WORDS or len(self.ranges) > MAX_UNITS // 5


def read(text: str) -> Notice:
    """Find every word and range of a notice, each once, in the order of the text."""
    words: dict[str, None] = {}
    ranges: dict[Range, None] = {}
    for line in text.translate(_TYPED).splitlines():
        for shape in (line, _LABEL.sub(" ", line)):
            tokens = [bare for token in _APART.split(shape) if (bare := token.strip(_AROUND) or token)]
            ranges.update(dict.fromkeys(_ranges(tokens)))
            words.update(dict.fromkeys(filter(_like_an_identifier, [*tokens, shape.strip()])))
    return Notice(tuple(words), tuple(ranges))


def _like_an_identifier(word: str) -> bool:
    return len(word) <= LONGEST and word.isascii() and word.isprintable() and any(sign.isdigit() for sign in word)


def _ranges(tokens: list[str]) -> Iterator[Range]:
    for first, between, last in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if between.lower() in _TO and (found := between_two(first, last)):
            yield found
    for token in tokens:
        for dash in _DASHES.finditer(token):
            if found := between_two(token[: dash.start()], token[dash.end() :]):
                yield found


def between_two(first: str, last: str) -> Range | None:
    """A range from two identifiers of one form: the same beginning, and as many digits at the end."""
    one, other = _TAIL.search(first), _TAIL.search(last)
    if one is None or other is None or len(first) != len(last) or first.lower() >= last.lower():
        return None
    common = min(one.start(), other.start())
    return (
        Range(first, last) if first[:common].lower() == last[:common].lower() and one.start() == other.start() else None
    )
