"""Products that a notice names: by SKU or barcode, which limit the recall, or by name, which a user confirms."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from shared.notices import Notice

_DIGIT_GROUPS = re.compile(r"(?<![0-9a-z])[0-9]+(?:[ -][0-9]+)*(?![0-9a-z])")
_GROUP = re.compile(r"[0-9]+")
GTIN_LENGTHS = frozenset({8, 12, 13, 14})
MAX_GROUPS = 6
"""Groups of digits in which one barcode is printed."""


class RecognisedProduct(NamedTuple):
    """A product that a notice names, how, and the text of it."""

    sku: str
    name: str
    by: Literal["SKU", "BARCODE", "NAME"]
    text: str

    @property
    def is_limit(self) -> bool:
        """Whether it limits the recall; a SKU of letters only may be a word, so it counts as a name."""
        return self.by == "BARCODE" or (self.by == "SKU" and not self.sku.isalpha())


def to_gtin(code: str) -> str:
    """Return the 14 digits that all spellings of a barcode share; other codes unchanged."""
    return code.zfill(14) if code.isdecimal() and len(code) in GTIN_LENGTHS and has_check_digit(code) else code


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of the digits before it."""
    weighted = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def find_gtins(notice: Notice) -> dict[str, str]:
    """Find the valid GTINs of a notice with their texts, in any grouping; also the item in a case of a GTIN-14."""
    found: dict[str, str] = {}
    for run in _DIGIT_GROUPS.finditer(notice.folded):
        groups = list(_GROUP.finditer(run.group()))
        for start in range(len(groups)):
            for end in range(start, min(start + MAX_GROUPS, len(groups))):
                text = run.group()[groups[start].start() : groups[end].end()]
                for gtin in _spellings("".join(_GROUP.findall(text))):
                    found.setdefault(gtin, text)
    return found


def _spellings(digits: str) -> Iterator[str]:
    if len(digits) == 16 and digits.startswith("01"):  # with its application identifier
        digits = digits[2:]
    if len(digits) not in GTIN_LENGTHS or not has_check_digit(digits):
        return
    yield digits.zfill(14)
    if len(digits) == 14 and digits[0] != "0":
        item = f"0{digits[1:13]}"
        yield next(f"{item}{check}" for check in range(10) if has_check_digit(f"{item}{check}"))


def recognise(notice: Notice, candidates: Iterable[RecognisedProduct]) -> list[RecognisedProduct]:
    """Return the products that the notice names; a SKU has to be spelt exactly."""
    return [product for product in candidates if product.by != "SKU" or product.sku in notice.text]
