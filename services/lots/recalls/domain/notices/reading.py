"""What is read in a notice: numbers, ranges, periods and the recall of whole products."""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from services.lots.recalls.domain.notices.dates import DateOrder
from services.lots.recalls.domain.notices.periods import FoundPeriod, Period, PeriodKind, find_periods
from services.lots.recalls.domain.notices.products import find_gtins
from services.lots.recalls.domain.notices.ranges import FoundRanges, find_ranges
from shared.notices import Notice, squeeze

_ALL_LOTS = re.compile(
    r"\b(?:all|any|every|alle) (?:(?:remaining|other|known) )?"
    r"(?:lots?|batch(?:es)?|serial numbers?|serials?|lot numbers?|(?:date )?codes?|chargen|units?)\b"
    r"(?! (?:\w+ ){0,2}(?:listed|below|above|following|between|from|with|numbered|starting|beginning|ending|in the))"
)
_TOKEN = re.compile(r"[^\s,;|]+(?:,[0-9]{3}(?![0-9])[^\s,;|]*)*")
_NUMBER = re.compile(r"[^\s&+/()\[\]{}<>\"':;,!?=#]*[0-9][^\s&+/()\[\]{}<>\"':;,!?=#]*")
_LABEL = re.compile(r"(?:lote?s?|batch(?:es)?|codes?|serials?|sn|numbers?|charge|no)\b")
_LABEL_DISTANCE, _MIN_DIGITS = 60, 3
MIN_GTIN_DIGITS = 12
"""Digits of a barcode that is reported as a whole; shorter ones may be a lot number by chance."""


class ParsedNotice(NamedTuple):
    """The text of a notice with the criteria that are read in it."""

    notice: Notice
    ranges: FoundRanges
    periods: tuple[FoundPeriod, ...]
    gtins: dict[str, str]
    all_lots: str
    """Text that recalls all lots; empty if there is none."""

    @property
    def criteria(self) -> list[tuple[PeriodKind, Period]]:
        """The periods in every reading; an unlimited one recalls all lots."""
        periods = [(found.kind, period) for found in self.periods for period in found.readings]
        return [*periods, ("EXPIRY", Period(None, None))] if self.all_lots else periods

    @property
    def ambiguous_dates(self) -> list[str]:
        """Texts of dates that can be read in several ways."""
        return [found.text for found in self.periods if len(set(found.readings)) > 1]

    def unmatched(self, matched: Collection[str], product_texts: Iterable[str] = ()) -> Iterator[str]:
        """Return the texts that look like numbers and are part of nothing that was matched or understood."""
        notice = self.notice
        squeezed = {squeeze(number) for number in matched}
        used_ranges = [text for found, text in self.ranges.ranges.items() if any(map(found.holds, squeezed))]
        texts = [
            *(number for number in matched if squeeze(number) in notice.spans),
            *used_ranges,
            *product_texts,
        ]
        covered = {index for text in texts for place in notice.places(text) for index in range(*place)}
        covered |= {index for found in self.periods for index in range(found.start, found.end)}
        seen: set[str] = set()
        for text in self._unknown_gtins(covered):
            seen.add(text)
            yield text
        for token in _TOKEN.finditer(notice.text):
            shown = "".join(
                " " if token.start() + offset in covered else char for offset, char in enumerate(token.group())
            )
            is_whole = " " not in shown
            for number in [token.group()] if is_whole and _has_digit(shown) else _NUMBER.findall(shown):
                text = number.strip("()[]{}<>\"'.,:;!?*#-/&+=_")
                if text and text not in seen and _looks_like_number(text, notice.folded[: token.start()]):
                    seen.add(text)
                    yield text

    def _unknown_gtins(self, covered: set[int]) -> Iterator[str]:
        """Return the barcodes that nothing covers, and cover them; a short one may be a lot number."""
        for text in dict.fromkeys(self.gtins.values()):
            places = [set(range(*place)) for place in self.notice.places(text)]
            if sum(map(str.isdigit, text)) >= MIN_GTIN_DIGITS and not any(place & covered for place in places):
                covered.update(*places)
                yield text


@lru_cache(maxsize=16)
def parse_notice(text: str, order: DateOrder | None = None) -> ParsedNotice:
    """Read a notice, which takes milliseconds; the last ones are kept."""
    notice = Notice(text)
    all_lots = _ALL_LOTS.search(notice.folded)
    return ParsedNotice(
        notice, find_ranges(notice), tuple(find_periods(notice.folded, order)), find_gtins(notice),
        all_lots.group() if all_lots else "",
    )  # fmt: skip


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _looks_like_number(text: str, before: str) -> bool:
    """Whether a text has a digit and is long enough, or follows a label; percentages and amounts are none."""
    if not _has_digit(text) or text[0] in "$€£" or text[-1] == "%":
        return False
    return len(text) >= _MIN_DIGITS or not text.isdigit() or bool(_LABEL.search(before[-_LABEL_DISTANCE:]))
