"""From what somebody names or pastes to the products a recall is about, and what of each it touches (S46).

Lots of counted products are resolved here, where they are known; lots and serials of serialised products are looked for
by the registry, product by product. A lot that is named with its product need not be known yet: what arrives of it
later is held too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.lots.recalls.domain.notice import Notice, Range, read
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.envelope import MAX_UNITS, CloudEvent
from shared.contracts.lots import MAX_RANGES, RecallOpened, RecallRange
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import Tracking

WIDE, A_PRODUCT = 1_000_000, 100
"""How many names are looked for at once in all products with serials; asking about one costs as much as so many."""


class Asked(NamedTuple):
    """A request with its notice read: what the store looks for among the lots it knows."""

    event: CloudEvent[OpenRecall]
    notice: Notice

    @classmethod
    def by(cls, event: CloudEvent[OpenRecall]) -> "Asked":
        """Read the notice of a request."""
        return cls(event, read(event.data.text))

    @property
    def named(self) -> set[str]:
        """Products that it names."""
        wish = self.event.data
        lots = {one.sku for one in wish.lots if one.sku}
        return {*wish.skus, *lots, *(one.sku for one in wish.serials if one.sku), *(one.sku for one in wish.ranges)}

    @property
    def anywhere(self) -> bool:
        """Whether it may be about any product."""
        wish = self.event.data
        vague = any(one.sku is None for one in wish.lots) or any(one.sku is None for one in wish.serials)
        return vague or (not wish.skus and bool(self.notice.words or self.notice.ranges))

    def ranges_of(self, sku: str) -> dict[Range, None]:
        """All ranges that may be of a product: those named with it, and those of the text."""
        named = (Range(one.first, one.last) for one in self.event.data.ranges if one.sku == sku)
        return dict.fromkeys([*named, *self.notice.ranges])

    @property
    def room(self) -> int:
        """In how many products with serials all that it names can be looked for."""
        wish = self.event.data
        names = len(self.notice.words) + len(self.notice.ranges) + len(wish.lots) + len(wish.serials)
        return WIDE // (A_PRODUCT + names)


@dataclass(slots=True)
class Touched:
    """What a recall touches of a product."""

    lots: dict[str, None] = field(default_factory=dict)
    serials: dict[str, None] = field(default_factory=dict)
    ranges: dict[Range, None] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lots or self.serials or self.ranges or self.words)


Products = Mapping[str, Tracking]


def resolve(
    asked: Asked, products: Products, serialised: Collection[str], known: Iterable[tuple[str, str]]
) -> dict[str, Touched] | Refusal:
    """Give what is touched by product; `known` are the lots that fit its words, ranges and lots without a product."""
    if no := _unfit(asked, products, serialised):
        return no
    found = touching(asked, products, serialised, known)
    return _too_wide(found) or found or Refusal(code=Code.RECALL_EMPTY, detail="nothing we have is called so")


def touching(
    asked: Asked, products: Products, serialised: Collection[str], known: Iterable[tuple[str, str]]
) -> dict[str, Touched]:
    """Give what is touched of the products, which need not be all that it names."""
    wish = asked.event.data
    touched: dict[str, Touched] = {}
    for sku, lot in [*known, *((one.sku, one.lot) for one in wish.lots if one.sku)]:
        touched.setdefault(sku, Touched()).lots[lot] = None
    about = [sku for sku in wish.skus if products.get(sku) == "SERIAL"] if wish.skus else serialised
    _touch_serialised(touched, asked, products, about)
    return {sku: of for sku, of in touched.items() if of}


def _touch_serialised(touched: dict[str, Touched], asked: Asked, products: Products, about: Collection[str]) -> None:
    """Have the registry look for what may be serials or lots of serialised products, `about` where no one is named."""
    wish = asked.event.data
    for one in wish.serials:
        for sku in (one.sku,) if one.sku else about:
            touched.setdefault(sku, Touched()).serials[one.serial] = None
    for span in wish.ranges:
        if products.get(span.sku) == "SERIAL":
            touched.setdefault(span.sku, Touched()).ranges[Range(span.first, span.last)] = None
    for sku in about:
        of = touched.setdefault(sku, Touched())
        of.lots.update((one.lot, None) for one in wish.lots if one.sku is None)
        of.words = asked.notice.words
        of.ranges.update(dict.fromkeys(asked.notice.ranges))


def _unfit(asked: Asked, products: Products, serialised: Collection[str]) -> Refusal | None:
    wish = asked.event.data
    if unknown := sorted(asked.named - products.keys()):
        return Refusal(code=Code.UNKNOWN_PRODUCT, detail=f"not known: {', '.join(unknown[:10])}", ids=unknown[:100])
    counted = sorted({one.sku for one in wish.serials if one.sku and products[one.sku] != "SERIAL"})
    if counted:
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=f"{', '.join(counted)} have no serials", ids=counted)
    if asked.notice.too_long:
        return Refusal(code=Code.RECALL_TOO_WIDE, detail="the text names more than 2000 words or 100 ranges")
    # However it is tracked today: one that gets serials later is asked about by the same ranges.
    if wide := sorted({one.sku for one in wish.ranges if len(asked.ranges_of(one.sku)) > MAX_RANGES}):
        detail = f"more than {MAX_RANGES} ranges of {wide[0]}, those of the text included"
        return Refusal(code=Code.RECALL_TOO_WIDE, detail=detail, ids=wide)
    if asked.anywhere and len(serialised) > asked.room:
        detail = (
            f"more than {asked.room} products have serials, too many for so many numbers at once: name those"
            " it is about in `skus`, or open a recall for each part of the numbers"
        )
        return Refusal(code=Code.RECALL_TOO_WIDE, detail=detail)
    return None


def _too_wide(touched: Mapping[str, Touched]) -> Refusal | None:
    wide = sorted(sku for sku, of in touched.items() if len(of.lots) > MAX_UNITS)
    if not wide:
        return None
    return Refusal(code=Code.RECALL_TOO_WIDE, detail=f"more than {MAX_UNITS} lots of {wide[0]} are touched", ids=wide)


def said(event: CloudEvent[OpenRecall], touched: Mapping[str, Touched], products: Products) -> list[RecallOpened]:
    """Ask the owner of each product; its hold is called as the recall is."""
    wish = event.data
    return [
        RecallOpened(
            actor=event.actor,
            cause=event.cause,
            recall=wish.recall,
            sku=sku,
            tracking=products[sku],
            lots=list(of.lots),
            serials=list(of.serials),
            ranges=[RecallRange(first=span.first, last=span.last) for span in of.ranges],
            words=list(of.words),
            mock=wish.mock,
            hold=wish.recall,
            reason=wish.reason,
        )
        for sku, of in sorted(touched.items())
    ]
