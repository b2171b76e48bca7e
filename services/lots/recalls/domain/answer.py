"""The answer of a recall: what it reads in its notice, and which numbers match nothing (S46)."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Literal, NamedTuple

from pydantic import Field

from services.lots.recalls.domain.matches import unmatched_lots
from services.lots.recalls.domain.notices.products import RecognisedProduct
from services.lots.recalls.domain.query import KnownLot, RecallQuery
from shared.contracts.model import KnownFieldsModel

MAX_ELSEWHERE = 100


class ProductInNotice(KnownFieldsModel):
    """A product that the notice names."""

    sku: str
    name: str
    by: Literal["SKU", "BARCODE", "NAME"] = Field(description="How the notice names the product.")
    text: str
    limits: bool = Field(description="Whether the recall is limited to it and other such products.")


class RangeInNotice(KnownFieldsModel):
    """A range of numbers, without blanks and case."""

    first: str
    last: str
    text: str


class PeriodInNotice(KnownFieldsModel):
    """A reading of a date or period; null at an open end."""

    kind: Literal["EXPIRY", "MANUFACTURED"]
    first_day: date | None
    last_day: date | None
    text: str
    applies: bool = Field(description="Whether it is a criterion: only if products limit the recall.")


class LotElsewhere(KnownFieldsModel):
    """A lot number of the notice that a product outside the recall has; it is not held."""

    sku: str
    lot: str


class NoticeReading(KnownFieldsModel):
    """What was recognised in a notice, and what of it matches nothing."""

    products: list[ProductInNotice] = Field(description="Products that the notice names.")
    ranges: list[RangeInNotice]
    unread_ranges: list[str] = Field(description="Texts that look like ranges and hold nothing: check each.")
    dates: list[PeriodInNotice] = Field(description="Dates and periods of the notice, in each reading.")
    ambiguous_dates: list[str] = Field(description="Dates of several readings: send `date_order` to choose one.")
    all_lots: str = Field(description="Text that recalls all lots of the products; empty if there is none.")
    elsewhere: list[LotElsewhere] = Field(description="Lots of products outside the recall; they are not held.")
    unmatched: list[str] = Field(description="Texts and listed numbers that look like numbers and match nothing.")


class Recognised(NamedTuple):
    """What is looked up for a notice when the recall opens, kept with it."""

    products: Sequence[ProductInNotice]
    elsewhere: Sequence[LotElsewhere]

    @classmethod
    def from_lookup(
        cls, query: RecallQuery, recognised: Iterable[RecognisedProduct], known_lots: Iterable[KnownLot]
    ) -> "Recognised":
        """Collect the products of a notice and the lots outside the limits."""
        products = [
            ProductInNotice(**product._asdict(), limits=product.sku in query.command.skus) for product in recognised
        ]
        outside = [LotElsewhere(sku=lot.sku, lot=lot.lot) for lot in known_lots if not lot.is_within_limits]
        return cls(products, outside[:MAX_ELSEWHERE])

    @classmethod
    def from_json(cls, text: str) -> "Recognised":
        """Read what was kept."""
        kept = json.loads(text) or {}
        return cls(
            [ProductInNotice.model_validate(product) for product in kept.get("products", ())],
            [LotElsewhere.model_validate(lot) for lot in kept.get("elsewhere", ())],
        )

    def to_json(self) -> str:
        """Return what is kept."""
        return json.dumps({name: [item.model_dump() for item in items] for name, items in self._asdict().items()})


def read_answer(
    query: RecallQuery, recognised: Recognised, lots: Collection[tuple[str, str]], serials: Collection[str] | None
) -> NoticeReading:
    """Return what the notice says and which numbers match neither a lot nor a serial; without serials, only lots."""
    notice, command = query.notice, query.command
    listed = [lot for _, lot in unmatched_lots(query, lots) if lot]
    if serials is not None:
        listed += [entry.serial for entry in command.serials if entry.serial not in serials]
        listed = [number for number in listed if number not in serials]
    numbers = {lot for _, lot in lots if lot}
    texts = [product.text for product in recognised.products if product.limits or product.by == "NAME"]
    return NoticeReading(
        products=list(recognised.products), elsewhere=list(recognised.elsewhere),
        ranges=[
            RangeInNotice(first=found.first, last=found.last, text=text)
            for found, text in notice.ranges.ranges.items()
        ],
        unread_ranges=list(notice.ranges.unread),
        dates=[
            PeriodInNotice(
                kind=found.kind, first_day=period.first, last_day=period.last, text=found.text,
                applies=bool(command.skus),
            )
            for found in notice.periods
            for period in found.readings
        ],
        ambiguous_dates=notice.ambiguous_dates, all_lots=notice.all_lots,
        unmatched=list(dict.fromkeys([*listed, *notice.unmatched({*numbers, *(serials or ())}, texts)])),
    )  # fmt: skip
