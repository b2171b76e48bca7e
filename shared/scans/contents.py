"""What GS1 elements say about goods: identifiers, dates, quantities and measures."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from shared.scans.associations import Elements
from shared.scans.values import find_identifier, to_date

_TEXTS = {"01": "gtin", "00": "sscc", "21": "serial", "10": "lot", "02": "content_gtin"}
_DATES = {"17": "expiry", "7003": "expiry", "15": "best_before", "11": "manufactured_on"}
_COUNTS = {"30": "quantity", "37": "content_count"}
_MEASURES = ("31", "32", "33", "34", "35", "36")


class Contents(NamedTuple):
    """What the elements of a label say; values that contradict each other are left out."""

    gtin: str | None = None
    sscc: str | None = None
    serial: str | None = None
    lot: str | None = None
    expiry: date | None = None
    best_before: date | None = None
    manufactured_on: date | None = None
    quantity: int | None = None
    content_gtin: str | None = None
    """GTIN of what a logistic unit contains."""
    content_count: int | None = None
    """Number of trade items that a logistic unit contains."""
    measures: Mapping[str, Decimal] = {}
    """Measures by GS1's title, such as `NET WEIGHT (kg)`."""
    others: Elements = ()
    """Other application identifiers."""


NOTHING = Contents()


def to_contents(elements: Elements, year: int) -> Contents:
    """Return what elements say, as of a current year."""
    values: dict[str, str] = {}
    contradicting = {ai for ai, value in elements if values.setdefault(ai, value) != value}
    fields: dict[str, object] = {}
    measures: dict[str, Decimal] = {}
    others = []
    for ai, value in values.items():
        if ai in contradicting:
            continue
        if ai in _TEXTS:
            fields[_TEXTS[ai]] = value
        elif ai in _DATES:
            fields.setdefault(_DATES[ai], to_date(value, year))
        elif ai in _COUNTS:
            fields[_COUNTS[ai]] = int(value)
        elif ai.startswith(_MEASURES) and (identifier := find_identifier(ai)):
            measures[identifier.title] = Decimal(value).scaleb(-int(ai[3]))
        else:
            others.append((ai, value))
    return Contents(**fields, measures=measures, others=tuple(others))  # type: ignore[arg-type]
