"""Resolves the lots, serials, ranges and notice of a recall to products (S46).

Lots of lot-tracked products are matched here. Lots and serials of serial-tracked products are matched by the serials
service, product by product. A listed lot matches in every spelling. Listed with its product, it need not exist: later
receipts are put on hold.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from services.lots.recalls.domain.notices.periods import Period, PeriodKind
from services.lots.recalls.domain.notices.ranges import IdentifierRange
from services.lots.recalls.domain.query import KnownLot, RecallLookup, RecallQuery
from shared.contracts.reference import Tracking
from shared.notices import squeeze


@dataclass(slots=True)
class RecallMatch:
    """Lots, serials, ranges and periods of a product that a recall may affect, and the notice to search."""

    lots: dict[str, None] = field(default_factory=dict)
    serials: dict[str, None] = field(default_factory=dict)
    ranges: dict[IdentifierRange, None] = field(default_factory=dict)
    periods: dict[tuple[PeriodKind, Period], None] = field(default_factory=dict)
    notice: str = ""

    def __bool__(self) -> bool:
        return bool(self.lots or self.serials or self.ranges or self.periods or self.notice)


TrackingBySku = Mapping[str, Tracking]


def match_products(
    query: RecallQuery, products: TrackingBySku, serial_skus: Collection[str], known_lots: Iterable[KnownLot]
) -> dict[str, RecallMatch]:
    """Return the matches by product; `products` may be a part of the listed products."""
    command = query.command
    matches: dict[str, RecallMatch] = {}
    known = [(lot.sku, lot.lot) for lot in known_lots if lot.is_within_limits]
    for sku, lot in [*known, *unmatched_lots(query, known)]:
        if sku:
            matches.setdefault(sku, RecallMatch()).lots[lot] = None
    candidate_skus = [sku for sku in command.skus if products.get(sku) == "SERIAL"] if command.skus else serial_skus
    _delegate_serials(matches, query, products, candidate_skus)
    return {sku: match for sku, match in matches.items() if match}


def unmatched_lots(query: RecallQuery, known_lots: Iterable[tuple[str, str]]) -> list[tuple[str | None, str]]:
    """Return the listed lots that fit no known lot, with their product if it is named."""
    known: set[tuple[str | None, str]] = {(sku, squeeze(lot)) for sku, lot in known_lots}
    known |= {(None, key) for _, key in known}
    return [(entry.sku, entry.lot) for entry in query.command.lots if (entry.sku, squeeze(entry.lot)) not in known]


def match_lookup(lookup: RecallLookup) -> dict[str, RecallMatch]:
    """Return the matches by product of what was looked up."""
    return match_products(lookup.query, lookup.products, lookup.serial_skus, lookup.known_lots)


def _delegate_serials(
    matches: dict[str, RecallMatch], query: RecallQuery, products: TrackingBySku, candidate_skus: Collection[str]
) -> None:
    """Add what the serials service matches: listed serials and ranges, and the notice for the candidate products."""
    command = query.command
    for entry in command.serials:
        for sku in (entry.sku,) if entry.sku else candidate_skus:
            matches.setdefault(sku, RecallMatch()).serials[entry.serial] = None
    for sku in {entry.sku for entry in command.ranges if products.get(entry.sku) == "SERIAL"}:
        matches.setdefault(sku, RecallMatch()).ranges.update(query.ranges_of(sku))
    for sku in candidate_skus:
        match = matches.setdefault(sku, RecallMatch())
        match.lots.update((entry.lot, None) for entry in command.lots if entry.sku is None)
        match.notice = command.text
        match.ranges.update(dict.fromkeys(query.notice.ranges.ranges))
        match.periods.update(dict.fromkeys(query.periods))
