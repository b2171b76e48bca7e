"""Products that a notice names: by SKU or barcode, which limit the recall, or by name, which a user confirms."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from biip.checksums import gs1_standard_check_digit

from shared.notices import Notice
from shared.scans.gtin import to_gtin_14

_DIGIT_GROUPS = re.compile(r"(?<![0-9a-z])[0-9]+(?:[ -][0-9]+)*(?![0-9a-z])")
_GROUP = re.compile(r"[0-9]+")
MIN_SKU_DIGITS = 5
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
        """Whether it limits the recall: a SKU of letters only may be a word, one of few digits a quantity."""
        is_plain = self.sku.isalpha() or (self.sku.isdigit() and len(self.sku) < MIN_SKU_DIGITS)
        return self.by == "BARCODE" or (self.by == "SKU" and not is_plain)


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
    gtin = to_gtin_14(digits)
    if gtin is None:
        return
    yield gtin
    if gtin[0] != "0":
        item = f"0{gtin[1:13]}"
        yield f"{item}{gs1_standard_check_digit(item)}"


def recognise(notice: Notice, candidates: Iterable[RecognisedProduct]) -> list[RecognisedProduct]:
    """Return the products that the notice names; a SKU has to be spelt exactly."""
    return [product for product in candidates if product.by != "SKU" or product.sku in notice.text]
