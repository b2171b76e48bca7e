"""Products and lots that match the query of a recall."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.lots.recalls.domain.limits import MAX_LOTS
from services.lots.recalls.domain.notices.products import RecognisedProduct, recognise
from services.lots.recalls.domain.query import KnownLot, RecallLookup, RecallQuery
from shared.contracts.reference import Tracking
from shared.notices import squeeze
from shared.persistence.arrays import to_arrays
from shared.persistence.database import Transaction

SELECT_TRACKINGS = text("SELECT sku, tracking FROM product WHERE sku = ANY(CAST(:skus AS text[]))")
SELECT_SERIAL_SKUS = text("SELECT sku FROM product WHERE tracking = 'SERIAL' ORDER BY sku LIMIT :size")
MIN_NAME_LENGTH = 3

# The hash of the spans is probed once per product; 10 000 products take some milliseconds. A SKU that is also a lot
# number counts as a name. Names limit nothing, so they come last.
SELECT_RECOGNISED = text(f"""
    WITH span AS (
        SELECT query_index, span FROM unnest(CAST(:span_indexes AS integer[]), CAST(:spans AS text[]))
            AS parameter (query_index, span)
    ), gtin AS (
        SELECT query_index, gtin, shown
        FROM unnest(CAST(:gtin_indexes AS integer[]), CAST(:gtins AS text[]), CAST(:gtin_texts AS text[]))
            AS parameter (query_index, gtin, shown)
    )
    SELECT * FROM (
        SELECT s.query_index, p.sku, p.name,
            CASE WHEN EXISTS (SELECT FROM lot AS l WHERE l.lot_key = lower(p.sku)) THEN 'NAME' ELSE 'SKU' END AS "by",
            p.sku AS text
        FROM product AS p JOIN span AS s ON s.span = lower(p.sku)
        UNION
        SELECT s.query_index, p.sku, p.name, 'NAME', p.name
        FROM product AS p JOIN span AS s ON s.span = replace(lower(p.name), ' ', '')
        WHERE length(p.name) >= {MIN_NAME_LENGTH}
        UNION
        SELECT g.query_index, p.sku, p.name, 'BARCODE', g.shown
        FROM product AS p CROSS JOIN jsonb_to_recordset(p.barcodes) AS b (code text)
        JOIN gtin AS g ON g.gtin = lpad(regexp_replace(b.code, '^01([0-9]{{14}})$', '\\1'), 14, '0')
        WHERE b.code ~ '^([0-9]{{8}}|[0-9]{{12,14}}|01[0-9]{{14}})$'
    ) AS recognised ORDER BY query_index, "by" = 'NAME', sku, "by", text LIMIT 1000
""")  # noqa: S608 - constant

# Numbers are compared without blanks and case. The lots are scanned once: a million lots take about a second.
# Lots outside the limits are listed last: they are shown, not held.
SELECT_MATCHES = text("""
    WITH span AS (
        SELECT query_index, span FROM unnest(CAST(:span_indexes AS integer[]), CAST(:spans AS text[]))
            AS parameter (query_index, span)
    ), lot_range AS (
        SELECT query_index, first, last, sku
        FROM unnest(CAST(:range_indexes AS integer[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                    CAST(:range_skus AS text[])) AS parameter (query_index, first, last, sku)
    ), listed_lot AS (
        SELECT query_index, lot, sku
        FROM unnest(CAST(:lot_indexes AS integer[]), CAST(:lots AS text[]), CAST(:lot_skus AS text[]))
            AS parameter (query_index, lot, sku)
    ), period AS (
        SELECT query_index, kind, first, last
        FROM unnest(CAST(:period_indexes AS integer[]), CAST(:kinds AS text[]), CAST(:first_days AS date[]),
                    CAST(:last_days AS date[])) AS parameter (query_index, kind, first, last)
    ), scope AS (
        SELECT query_index, sku
        FROM unnest(CAST(:scope_indexes AS integer[]), CAST(:scope_skus AS text[])) AS parameter (query_index, sku)
    ), numbered AS (
        SELECT sku, lot, replace(lower(lot), ' ', '') COLLATE "C" AS squeezed FROM lot WHERE lot <> ''
    ), matching AS (
        SELECT s.query_index, l.sku, l.lot, false AS is_named FROM numbered AS l JOIN span AS s ON l.squeezed = s.span
        UNION
        SELECT r.query_index, l.sku, l.lot, r.sku IS NOT NULL FROM numbered AS l JOIN lot_range AS r
            ON length(l.squeezed) = length(r.first) AND l.squeezed BETWEEN r.first AND r.last
            AND (r.sku IS NULL OR r.sku = l.sku)
        UNION
        SELECT d.query_index, l.sku, l.lot, d.sku IS NOT NULL FROM numbered AS l JOIN listed_lot AS d
            ON l.squeezed = d.lot AND (d.sku IS NULL OR d.sku = l.sku)
        UNION
        SELECT p.query_index, l.sku, l.lot, true FROM period AS p
        JOIN scope AS s USING (query_index) JOIN lot AS l ON l.sku = s.sku
        WHERE CASE WHEN p.kind = 'MANUFACTURED'
            THEN l.manufactured_on IS NULL
                OR l.manufactured_on BETWEEN coalesce(p.first, '-infinity') AND coalesce(p.last, 'infinity')
            ELSE (l.expiry IS NULL AND l.best_before IS NULL)
                OR l.expiry BETWEEN coalesce(p.first, '-infinity') AND coalesce(p.last, 'infinity')
                OR l.best_before BETWEEN coalesce(p.first, '-infinity') AND coalesce(p.last, 'infinity')
            END
    )
    SELECT query_index, sku, lot, bool_or(is_within_limits) AS is_within_limits FROM (
        SELECT m.*, m.is_named OR NOT EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index)
            OR EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index AND s.sku = m.sku)
            AS is_within_limits
        FROM matching AS m
    ) AS scoped GROUP BY query_index, sku, lot ORDER BY 4 DESC, query_index, sku, lot LIMIT :size
""")


async def look_up(tx: Transaction, queries: Sequence[RecallQuery]) -> list[RecallLookup]:
    """Look up the products and lots that the queries may match."""
    recognised = await _recognise(tx, queries)
    queries = [
        query.limited_to([product.sku for product in products if product.is_limit])
        for query, products in zip(queries, recognised, strict=True)
    ]
    serial_skus: Sequence[str] = ()
    if max_products := max((query.max_products for query in queries if query.is_unrestricted), default=0):
        serial_skus = [row.sku for row in await tx.fetch_all(SELECT_SERIAL_SKUS, {"size": max_products + 1})]
    known_lots: list[list[KnownLot]] = [[] for _ in queries]
    for row in await tx.fetch_all(SELECT_MATCHES, _match_parameters(queries)):
        known_lots[row.query_index].append(KnownLot(row.sku, row.lot, row.is_within_limits))
    matching_skus = {lot.sku for lots in known_lots for lot in lots}
    skus = sorted({*(sku for query in queries for sku in query.named_skus), *serial_skus, *matching_skus})
    # A lot may arrive before its product; it belongs to this service in any case.
    products: dict[str, Tracking] = dict.fromkeys(matching_skus, "LOT")
    products |= {row.sku: row.tracking for row in await tx.fetch_all(SELECT_TRACKINGS, {"skus": skus})}
    return [
        RecallLookup(query, products, serial_skus, lots, found)
        for query, lots, found in zip(queries, known_lots, recognised, strict=True)
    ]


async def _recognise(tx: Transaction, queries: Sequence[RecallQuery]) -> list[list[RecognisedProduct]]:
    gtins = [(index, *found) for index, query in enumerate(queries) for found in query.notice.gtins.items()]
    values = _span_parameters(queries) | to_arrays(gtins, "gtin_indexes", "gtins", "gtin_texts")
    products: list[list[RecognisedProduct]] = [[] for _ in queries]
    for row in await tx.fetch_all(SELECT_RECOGNISED, values):
        products[row.query_index].append(RecognisedProduct(row.sku, row.name, row.by, row.text))
    return [recognise(query.notice.notice, found) for query, found in zip(queries, products, strict=True)]


def _span_parameters(queries: Sequence[RecallQuery]) -> dict[str, Any]:
    spans = [(index, span) for index, query in enumerate(queries) for span in query.notice.notice.spans]
    return to_arrays(spans, "span_indexes", "spans")


def _match_parameters(queries: Sequence[RecallQuery]) -> dict[str, Any]:
    ranges: list[tuple[int, str, str, str | None]] = []
    for index, query in enumerate(queries):
        ranges += [(index, found.first, found.last, None) for found in query.notice.ranges.ranges]
        ranges += [(index, squeeze(named.first), squeeze(named.last), named.sku) for named in query.command.ranges]
    lots = [
        (index, squeeze(entry.lot), entry.sku) for index, query in enumerate(queries) for entry in query.command.lots
    ]
    periods = [(index, kind, *days) for index, query in enumerate(queries) for kind, days in query.periods]
    scopes = [(index, sku) for index, query in enumerate(queries) for sku in query.command.skus]
    return _span_parameters(queries) | {
        **to_arrays(ranges, "range_indexes", "firsts", "lasts", "range_skus"),
        **to_arrays(lots, "lot_indexes", "lots", "lot_skus"),
        **to_arrays(periods, "period_indexes", "kinds", "first_days", "last_days"),
        **to_arrays(scopes, "scope_indexes", "scope_skus"),
        "size": len(queries) * (MAX_LOTS + 1),
    }
