"""Recall criteria: stored when a recall opens and matched with every received lot, also after the recall closes.

Opening or closing a recall takes an advisory lock exclusively; receipts and tracking changes of products share it.
Without it, a lot could arrive while a recall that matches it is being written, and neither transaction would see the
other.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import text

from services.lots.recalls.domain.query import RecallQuery
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

LOCK_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(hashtext('tracelot.recalls'))")
LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtext('tracelot.recalls'))")
INSERT_CRITERIA = text("""
    INSERT INTO recall_criterion (recall, kind, first, last, skus)
    SELECT recall, kind, first, last, CASE WHEN skus = '' THEN '{}' ELSE string_to_array(skus, chr(10)) END
    FROM unnest(CAST(:recalls AS text[]), CAST(:kinds AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                CAST(:skus AS text[])) AS new (recall, kind, first, last, skus)
""")
SELECT_MATCHING_CRITERIA = text("""
    WITH incoming AS (
        SELECT sku, lot FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[])) AS received (sku, lot)
    ), matching AS (
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'TERM' AND s.first = lower(c.lot)
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'LOT' AND s.first = c.lot
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'RANGE' AND s.first <= lower(c.lot) AND s.last >= lower(c.lot)
            AND length(s.first) = length(c.lot)
    )
    SELECT DISTINCT h.recall, h.sku, h.lot, r.reason FROM matching AS h JOIN recall AS r USING (recall)
    WHERE (h.skus = '{}' OR h.sku = ANY(h.skus))
        AND NOT EXISTS (
            SELECT FROM recall_lot AS l WHERE l.recall = h.recall AND l.sku = h.sku AND l.lot = h.lot
        )
    ORDER BY h.recall, h.sku, h.lot
""")
INSERT_PRODUCTS = text("""
    INSERT INTO recall_product (recall, sku, tracking, answered_at)
    SELECT DISTINCT recall, sku, 'LOT', CAST(:now AS timestamptz)
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS new (recall, sku)
    ON CONFLICT DO NOTHING
""")
INSERT_LOTS = text("""
    INSERT INTO recall_lot (recall, sku, lot)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) ON CONFLICT DO NOTHING
""")


class CriteriaMatch(NamedTuple):
    """A received lot that matches a recall."""

    recall: str
    sku: str
    lot: str
    reason: str


async def lock_exclusive(tx: Transaction) -> None:
    """Block receipts between the search for existing lots and the storage of the criteria."""
    await tx.execute(LOCK_EXCLUSIVE)


async def lock_shared(tx: Transaction) -> None:
    """Block the opening of recalls, so that every open recall is visible."""
    await tx.execute(LOCK_SHARED)


async def store_criteria(tx: Transaction, queries: Sequence[RecallQuery]) -> None:
    """Store the criteria of recalls, but not of mock recalls, which place no holds."""
    rows = [row for query in queries if not query.event.data.mock for row in _criteria_rows(query)]
    if rows:
        recalls, kinds, firsts, lasts, skus = zip(*rows, strict=True)
        await tx.execute(
            INSERT_CRITERIA, {"recalls": recalls, "kinds": kinds, "firsts": firsts, "lasts": lasts, "skus": skus}
        )


def _criteria_rows(query: RecallQuery) -> Iterator[tuple[str, str, str, str, str]]:
    command, scoped_skus = query.event.data, "\n".join(query.event.data.skus)
    for term in query.notice.search_terms:
        yield command.recall, "TERM", term.lower(), "", scoped_skus
    for identifier_range in query.notice.ranges:
        yield command.recall, "RANGE", identifier_range.first.lower(), identifier_range.last.lower(), scoped_skus
    for named_range in command.ranges:
        yield command.recall, "RANGE", named_range.first.lower(), named_range.last.lower(), named_range.sku
    for entry in command.lots:
        if entry.sku is None:
            yield command.recall, "LOT", entry.lot, "", scoped_skus


async def match_incoming(tx: Transaction, incoming: Iterable[tuple[str, str]]) -> list[CriteriaMatch]:
    """Return the recalls that match received lots, (sku, lot), and add these lots to them."""
    keys = sorted({(sku, lot) for sku, lot in incoming if lot})
    if not keys:
        return []
    await lock_shared(tx)
    values = {"skus": [sku for sku, _ in keys], "lots": [lot for _, lot in keys]}
    matches = load_records(CriteriaMatch, await tx.fetch_all(SELECT_MATCHING_CRITERIA, values))
    if matches:
        affected = {"recalls": [match.recall for match in matches], "skus": [match.sku for match in matches]}
        await tx.execute(INSERT_PRODUCTS, affected | {"now": tx.now})
        await tx.execute(INSERT_LOTS, affected | {"lots": [match.lot for match in matches]})
    return matches
