"""Parser of pasted recall notices: terms and ranges that may be lots or serials.

Notices list lots as free text (`Lots 0042/A, 0043 to 0049 and LX-7`). Every token with a digit is a search term,
case-insensitively; only existing numbers match. Words without a digit are left out, because a lot named `A` would match
every sentence: such a lot is listed explicitly.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE

MAX_TERM_LENGTH = 64
MAX_TERMS = 2_000
_SEPARATORS = re.compile(r"[\s,;|]+")
_LABEL_SEPARATOR = re.compile(r"[:#=]")
"""Separates a label from a number (`Lot:0042`) or is part of the number; both variants are searched."""
_PUNCTUATION = "()[]{}<>\"'`.:!?*•\u201c\u201d\u201e\u2018\u2019\u201a«»\u2039\u203a®™†‡¹²³"
_CHARACTER_MAP = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\ufeff", "")
)
"""Maps typographic hyphens to ASCII and removes invisible characters."""
_RANGE_WORDS = {"to", "through", "thru", "until", "bis", "-", "..", "...", "…"}
_RANGE_SIGNS = re.compile(r"\.{2,3}|[-…]")
_TRAILING_DIGITS = re.compile(r"\d+$")


class IdentifierRange(NamedTuple):
    """All identifiers of the same format from first to last, inclusive."""

    first: str
    last: str


class RecallNotice(NamedTuple):
    """Terms and ranges of a notice."""

    search_terms: tuple[str, ...]
    ranges: tuple[IdentifierRange, ...]

    @property
    def is_too_long(self) -> bool:
        """Whether the notice exceeds the limits of one recall."""
        return len(self.search_terms) > MAX_TERMS or len(self.ranges) > MAX_ITEMS_PER_MESSAGE // 5


def parse_notice(text: str) -> RecallNotice:
    """Return the distinct terms and ranges of a notice in text order."""
    search_terms: dict[str, None] = {}
    ranges: dict[IdentifierRange, None] = {}
    for line in text.translate(_CHARACTER_MAP).splitlines():
        for variant in (line, _LABEL_SEPARATOR.sub(" ", line)):
            tokens = [
                stripped for token in _SEPARATORS.split(variant) if (stripped := token.strip(_PUNCTUATION) or token)
            ]
            ranges.update(dict.fromkeys(_parse_ranges(tokens)))
            search_terms.update(dict.fromkeys(filter(_looks_like_identifier, [*tokens, variant.strip()])))
    return RecallNotice(tuple(search_terms), tuple(ranges))


def _looks_like_identifier(term: str) -> bool:
    return (
        len(term) <= MAX_TERM_LENGTH
        and term.isascii()
        and term.isprintable()
        and any(character.isdigit() for character in term)
    )


def _parse_ranges(tokens: list[str]) -> Iterator[IdentifierRange]:
    for first, connector, last in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if connector.lower() in _RANGE_WORDS and (identifier_range := parse_range(first, last)):
            yield identifier_range
    for token in tokens:
        for dash in _RANGE_SIGNS.finditer(token):
            if identifier_range := parse_range(token[: dash.start()], token[dash.end() :]):
                yield identifier_range


def parse_range(first: str, last: str) -> IdentifierRange | None:
    """Return the range of two identifiers with the same prefix and number of trailing digits, or None."""
    first_digits, last_digits = _TRAILING_DIGITS.search(first), _TRAILING_DIGITS.search(last)
    if first_digits is None or last_digits is None or len(first) != len(last) or first.lower() >= last.lower():
        return None
    prefix_length = min(first_digits.start(), last_digits.start())
    return (
        IdentifierRange(first, last)
        if first[:prefix_length].lower() == last[:prefix_length].lower() and first_digits.start() == last_digits.start()
        else None
    )
