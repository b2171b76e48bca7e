"""Limits of a recall: unknown or wrong products, too much stock, or no stock at all (S46)."""

from collections.abc import Collection, Mapping

from services.lots.recalls.domain.matches import RecallMatch, TrackingBySku, match_lookup
from services.lots.recalls.domain.query import RecallLookup, RecallQuery
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import MAX_RANGES

MAX_LOTS, MAX_LIMITS = 20_000, 100
"""Lots and limiting products of one recall."""


def resolve(lookup: RecallLookup) -> dict[str, RecallMatch] | ProblemDetail:
    """Return the matches by product, or a violation."""
    query = lookup.query
    if violation := _query_violation(query, lookup.products, lookup.serial_skus):
        return violation
    matches = match_lookup(lookup)
    return _breadth_violation(lookup, matches) or _absence_violation(lookup, matches) or matches


def _query_violation(query: RecallQuery, products: TrackingBySku, serial_skus: Collection[str]) -> ProblemDetail | None:
    command = query.command
    if unknown_skus := sorted(query.named_skus - products.keys()):
        detail = f"Products not found: {', '.join(unknown_skus[:10])}"
        return ProblemDetail(code=Code.PRODUCT_NOT_FOUND, detail=detail, ids=unknown_skus[:100])
    non_serial_skus = sorted({entry.sku for entry in command.serials if entry.sku and products[entry.sku] != "SERIAL"})
    if non_serial_skus:
        detail = f"Products {', '.join(non_serial_skus)} are not serial-tracked"
        return ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=non_serial_skus)
    return _size_violation(query, serial_skus)


def _size_violation(query: RecallQuery, serial_skus: Collection[str]) -> ProblemDetail | None:
    command = query.command
    if query.notice.notice.is_too_long or len(query.notice.ranges.ranges) > MAX_RANGES:
        detail = f"The text contains too many terms or more than {MAX_RANGES} ranges"
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail)
    # For every tracking: a product that becomes serial-tracked later is queried with the same ranges.
    if broad_skus := sorted({entry.sku for entry in command.ranges if len(query.ranges_of(entry.sku)) > MAX_RANGES}):
        detail = f"More than {MAX_RANGES} ranges for {broad_skus[0]}, including those of the text"
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail, ids=broad_skus)
    if len(command.skus) > MAX_LIMITS:
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=f"The text names more than {MAX_LIMITS} products")
    if query.is_unrestricted and len(serial_skus) > query.max_products:
        detail = (
            f"More than {query.max_products} serial-tracked products, too many for a text of this length: "
            "list the affected products in `skus`, or split the text over several recalls"
        )
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail)
    return None


def _breadth_violation(lookup: RecallLookup, matches: Mapping[str, RecallMatch]) -> ProblemDetail | None:
    broad_skus = sorted(sku for sku, match in matches.items() if len(match.lots) > MAX_ITEMS_PER_MESSAGE)
    if broad_skus:
        detail = f"More than {MAX_ITEMS_PER_MESSAGE} lots of {broad_skus[0]} match"
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=detail, ids=broad_skus)
    if sum(lot.is_within_limits for lot in lookup.known_lots) > MAX_LOTS:
        return ProblemDetail(code=Code.RECALL_TOO_BROAD, detail=f"More than {MAX_LOTS} lots match")
    return None


def _absence_violation(lookup: RecallLookup, matches: Mapping[str, RecallMatch]) -> ProblemDetail | None:
    query = lookup.query
    names_lots = any(match.lots for match in matches.values()) or query.command.serials
    needs_products = not query.command.skus and query.notice.criteria and not names_lots
    if needs_products and not query.command.dry_run:
        names = sorted({product.sku for product in lookup.recognised})
        detail = "The notice recalls by date or all lots, and names no product: list the products in `skus`"
        found = f"; it may mean {', '.join(names[:10])}" if names else ""
        return ProblemDetail(code=Code.RECALL_NEEDS_PRODUCTS, detail=f"{detail}{found}", ids=names[:100])
    if not matches and not query.command.dry_run:
        return ProblemDetail(code=Code.RECALL_NO_MATCH, detail="No lot or serial matches")
    return None
