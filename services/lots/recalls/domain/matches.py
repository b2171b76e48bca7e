"""Resolves the lots, serials, ranges and notice of a recall to products (S46).

Lots of lot-tracked products are matched here. Lots and serials of serial-tracked products are matched by the serials
service, product by product. A listed lot matches in every spelling. Listed with its product, it need not exist: later
receipts are put on hold.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from services.lots.recalls.domain.notice import IdentifierRange
from services.lots.recalls.domain.query import RecallLookup, RecallQuery
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import MAX_RANGES
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot


@dataclass(slots=True)
class RecallMatch:
    """Lots, serials and ranges of a product that a recall may affect."""

    lots: dict[str, None] = field(default_factory=dict)
    serials: dict[str, None] = field(default_factory=dict)
    ranges: dict[IdentifierRange, None] = field(default_factory=dict)
    search_terms: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lots or self.serials or self.ranges or self.search_terms)


TrackingBySku = Mapping[str, Tracking]


def resolve(lookup: RecallLookup) -> dict[str, RecallMatch] | ProblemDetail:
    """Return the matches by product, or a violation."""
    query, products, serial_skus, known_lots = lookup
    if violation := _query_violation(query, products, serial_skus):
        return violation
    matches = match_products(query, products, serial_skus, known_lots)
    return (
        _breadth_violation(matches)
        or matches
        or ProblemDetail(code=Code.RECALL_NO_MATCH, detail="No lot or serial matches")
    )


def match_products(
    query: RecallQuery, products: TrackingBySku, serial_skus: Collection[str], known_lots: Collection[tuple[str, str]]
) -> dict[str, RecallMatch]:
    """Return the matches by product; `products` may be a part of the listed products."""
    command = query.command
    matches: dict[str, RecallMatch] = {}
    for sku, lot in [*known_lots, *unmatched_lots(query, known_lots)]:
        if sku:
            matches.setdefault(sku, RecallMatch()).lots[lot] = None
    candidate_skus = [sku for sku in command.skus if products.get(sku) == "SERIAL"] if command.skus else serial_skus
    _delegate_serials(matches, query, products, candidate_skus)
    return {sku: match for sku, match in matches.items() if match}


def unmatched_lots(query: RecallQuery, known_lots: Iterable[tuple[str, str]]) -> list[tuple[str | None, str]]:
    """Return the listed lots that fit no known lot, with their product if it is named."""
    known: set[tuple[str | None, str]] = {(sku, fold_lot(lot)) for sku, lot in known_lots}
    known |= {(None, key) for _, key in known}
    return [(entry.sku, entry.lot) for entry in query.command.lots if (entry.sku, fold_lot(entry.lot)) not in known]


def _delegate_serials(
    matches: dict[str, RecallMatch], query: RecallQuery, products: TrackingBySku, candidate_skus: Collection[str]
) -> None:
    """Add what the serials service matches: listed serials and ranges, and all terms for the candidate products."""
    command = query.command
    for entry in command.serials:
        for sku in (entry.sku,) if entry.sku else candidate_skus:
            matches.setdefault(sku, RecallMatch()).serials[entry.serial] = None
    for serial_range in command.ranges:
        if products.get(serial_range.sku) == "SERIAL":
            matches.setdefault(serial_range.sku, RecallMatch()).ranges[
                IdentifierRange(serial_range.first, serial_range.last)
            ] = None
    for sku in candidate_skus:
        match = matches.setdefault(sku, RecallMatch())
        match.lots.update((entry.lot, None) for entry in command.lots if entry.sku is None)
        match.search_terms = query.notice.search_terms
        match.ranges.update(dict.fromkeys(query.notice.ranges))


def _query_violation(query: RecallQuery, products: TrackingBySku, serial_skus: Collection[str]) -> ProblemDetail | None:
    command = query.command
    if unknown_skus := sorted(query.named_skus - products.keys()):
        return ProblemDetail(
            code=Code.PRODUCT_NOT_FOUND,
            detail=f"Products not found: {', '.join(unknown_skus[:10])}",
            ids=unknown_skus[:100],
        )
    non_serial_skus = sorted({entry.sku for entry in command.serials if entry.sku and products[entry.sku] != "SERIAL"})
    if non_serial_skus:
        return ProblemDetail(
            code=Code.NOT_SERIAL_TRACKED,
            detail=f"Products {', '.join(non_serial_skus)} are not serial-tracked",
            ids=non_serial_skus,
        )
    if query.notice.is_too_long:
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail="The text contains more than 2000 terms or 100 ranges")
    # For every tracking: a product that becomes serial-tracked later is queried with the same ranges.
    if broad_skus := sorted({entry.sku for entry in command.ranges if len(query.ranges_of(entry.sku)) > MAX_RANGES}):
        detail = f"More than {MAX_RANGES} ranges for {broad_skus[0]}, including those of the text"
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail, ids=broad_skus)
    if query.is_unrestricted and len(serial_skus) > query.max_products:
        detail = (
            f"More than {query.max_products} serial-tracked products, too many for this number of terms: "
            "list the affected products in `skus`, or split the terms over several recalls"
        )
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail)
    return None


def _breadth_violation(matches: Mapping[str, RecallMatch]) -> ProblemDetail | None:
    broad_skus = sorted(sku for sku, match in matches.items() if len(match.lots) > MAX_ITEMS_PER_MESSAGE)
    if not broad_skus:
        return None
    return ProblemDetail(
        code=Code.RECALL_TOO_BROAD,
        detail=f"More than {MAX_ITEMS_PER_MESSAGE} lots of {broad_skus[0]} match",
        ids=broad_skus,
    )
