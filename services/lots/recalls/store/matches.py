"""Products and lots that match the query of a recall."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.lots.recalls.domain.query import RecallLookup, RecallQuery
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot
from shared.persistence.database import Transaction

SELECT_TRACKINGS = text("SELECT sku, tracking FROM product WHERE sku = ANY(CAST(:skus AS text[]))")
SELECT_SERIAL_SKUS = text("SELECT sku FROM product WHERE tracking = 'SERIAL' ORDER BY sku LIMIT :size")
# Terms and ranges of the notice match case-insensitively, listed lots in every spelling. A full scan of the lots is
# acceptable: recalls are rare, and 100 000 lots take some milliseconds.
SELECT_MATCHES = text("""
    WITH term AS (
        SELECT query_index, lower(term) AS term FROM unnest(CAST(:term_indexes AS integer[]), CAST(:terms AS text[]))
            AS parameter (query_index, term)
    ), lot_range AS (
        SELECT query_index, lower(first) AS first, lower(last) AS last, sku
        FROM unnest(CAST(:range_indexes AS integer[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                    CAST(:range_skus AS text[])) AS parameter (query_index, first, last, sku)
    ), listed_lot AS (
        SELECT query_index, sku, lot_key
        FROM unnest(CAST(:lot_indexes AS integer[]), CAST(:lot_skus AS text[]), CAST(:lot_keys AS text[]))
            AS parameter (query_index, sku, lot_key)
    ), scope AS (
        SELECT query_index, sku
        FROM unnest(CAST(:scope_indexes AS integer[]), CAST(:scope_skus AS text[])) AS parameter (query_index, sku)
    ), matching AS (
        SELECT t.query_index, l.sku, l.lot FROM lot AS l JOIN term AS t ON lower(l.lot) = t.term
        UNION
        SELECT r.query_index, l.sku, l.lot FROM lot AS l JOIN lot_range AS r
            ON length(l.lot) = length(r.first) AND lower(l.lot) COLLATE "C" BETWEEN r.first AND r.last
            AND (r.sku IS NULL OR r.sku = l.sku)
        UNION
        SELECT d.query_index, l.sku, l.lot FROM lot AS l JOIN listed_lot AS d USING (lot_key) WHERE d.sku IS NULL
    )
    SELECT m.query_index, m.sku, m.lot FROM matching AS m
    WHERE m.lot <> ''
        AND (NOT EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index)
             OR EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index AND s.sku = m.sku))
    UNION
    SELECT d.query_index, l.sku, l.lot FROM lot AS l JOIN listed_lot AS d USING (lot_key, sku)
    ORDER BY query_index, sku, lot
""")


async def look_up(tx: Transaction, queries: Sequence[RecallQuery]) -> list[RecallLookup]:
    """Look up the products and lots that the queries may match."""
    serial_skus: Sequence[str] = ()
    if max_products := max((query.max_products for query in queries if query.is_unrestricted), default=0):
        serial_skus = [row.sku for row in await tx.fetch_all(SELECT_SERIAL_SKUS, {"size": max_products + 1})]
    known_lots: list[list[tuple[str, str]]] = [[] for _ in queries]
    for row in await tx.fetch_all(SELECT_MATCHES, _match_parameters(queries)):
        known_lots[row.query_index].append((row.sku, row.lot))
    matching_skus = {sku for lot_keys in known_lots for sku, _ in lot_keys}
    skus = sorted({*(sku for query in queries for sku in query.named_skus), *serial_skus, *matching_skus})
    # A lot may arrive before its product; it belongs to this service in any case.
    products: dict[str, Tracking] = dict.fromkeys(matching_skus, "LOT")
    products |= {row.sku: row.tracking for row in await tx.fetch_all(SELECT_TRACKINGS, {"skus": skus})}
    return [RecallLookup(query, products, serial_skus, lots) for query, lots in zip(queries, known_lots, strict=True)]


def _match_parameters(queries: Sequence[RecallQuery]) -> dict[str, Any]:
    terms = [(index, term) for index, query in enumerate(queries) for term in query.notice.search_terms]
    ranges: list[tuple[int, str, str, str | None]] = [
        (index, identifier_range.first, identifier_range.last, None)
        for index, query in enumerate(queries)
        for identifier_range in query.notice.ranges
    ]
    ranges += [
        (index, identifier_range.first, identifier_range.last, identifier_range.sku)
        for index, query in enumerate(queries)
        for identifier_range in query.command.ranges
    ]
    listed_lots = [(index, entry) for index, query in enumerate(queries) for entry in query.command.lots]
    scoped_skus = [(index, sku) for index, query in enumerate(queries) for sku in query.command.skus]
    return {
        "term_indexes": [index for index, _ in terms],
        "terms": [term for _, term in terms],
        "range_indexes": [index for index, *_ in ranges],
        "firsts": [first for _, first, *_ in ranges],
        "lasts": [last for _, _, last, _ in ranges],
        "range_skus": [sku for *_, sku in ranges],
        "lot_indexes": [index for index, _ in listed_lots],
        "lot_skus": [entry.sku for _, entry in listed_lots],
        "lot_keys": [fold_lot(entry.lot) for _, entry in listed_lots],
        "scope_indexes": [index for index, _ in scoped_skus],
        "scope_skus": [sku for _, sku in scoped_skus],
    }
