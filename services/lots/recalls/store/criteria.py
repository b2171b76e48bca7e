"""Recall criteria: stored when a recall opens and matched with every received lot, also after the recall closes.

Opening or closing a recall takes an advisory lock exclusively; receipts and tracking changes of products share it.
Without it, a lot could arrive while a recall that matches it is being written, and neither transaction would see the
other.
"""

from collections.abc import Collection

from sqlalchemy import text

from services.lots.balances.domain.dates import LotDates
from services.lots.balances.domain.records import LotKey
from services.lots.recalls.domain.records import CriteriaMatch
from shared.identifiers import fold_lot
from shared.notices import squeeze
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

LOCK_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(hashtext('tracelot.recalls'))")
LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtext('tracelot.recalls'))")
SELECT_MATCHING_CRITERIA = text("""
    WITH incoming AS (
        SELECT sku, lot, key COLLATE "C" AS key, lot_key COLLATE "C" AS lot_key, expiry, best_before, manufactured_on
        FROM unnest(
            CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:keys AS text[]), CAST(:lot_keys AS text[]),
            CAST(:expiries AS date[]), CAST(:best_befores AS date[]), CAST(:manufactured AS date[])
        ) AS received (sku, lot, key, lot_key, expiry, best_before, manufactured_on)
    ), matching AS (
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'TERM' AND s.first = c.key
        UNION ALL
        SELECT c.sku, c.lot, s.recall, '{}' FROM incoming AS c
        JOIN recall_lot AS s ON s.lot_key = c.lot_key AND s.sku = c.sku AND s.lot <> c.lot
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'RANGE' AND s.first <= c.key AND s.last >= c.key
            AND length(s.first) = length(c.key)
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'EXPIRY' AND c.sku = ANY(s.skus) AND (
            (c.expiry IS NULL AND c.best_before IS NULL)
            OR c.expiry BETWEEN CAST(coalesce(nullif(s.first, ''), '-infinity') AS date)
                AND CAST(coalesce(nullif(s.last, ''), 'infinity') AS date)
            OR c.best_before BETWEEN CAST(coalesce(nullif(s.first, ''), '-infinity') AS date)
                AND CAST(coalesce(nullif(s.last, ''), 'infinity') AS date)
        )
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM incoming AS c
        JOIN recall_criterion AS s ON s.kind = 'MANUFACTURED' AND c.sku = ANY(s.skus) AND coalesce(
            c.manufactured_on BETWEEN CAST(coalesce(nullif(s.first, ''), '-infinity') AS date)
                AND CAST(coalesce(nullif(s.last, ''), 'infinity') AS date), true)
    )
    SELECT DISTINCT h.recall, h.sku, h.lot, r.reason FROM matching AS h JOIN recall AS r USING (recall)
    WHERE NOT r.mock AND (h.skus = '{}' OR h.sku = ANY(h.skus))
        AND NOT EXISTS (
            SELECT FROM recall_lot AS l WHERE l.recall = h.recall AND l.sku = h.sku AND l.lot = h.lot
        )
    ORDER BY h.recall, h.sku, h.lot
""")


async def lock_exclusive(tx: Transaction) -> None:
    """Block receipts between the search for existing lots and the storage of the criteria."""
    await tx.execute(LOCK_EXCLUSIVE)


async def lock_shared(tx: Transaction) -> None:
    """Block the opening of recalls, so that every open recall is visible."""
    await tx.execute(LOCK_SHARED)


async def match_incoming(tx: Transaction, received: Collection[tuple[LotKey, LotDates]]) -> list[CriteriaMatch]:
    """Return the recalls that match received lots and their dates, and do not have these lots yet."""
    if not received:
        return []
    keys, lots = zip(*received, strict=True)
    await lock_shared(tx)
    values = {
        "skus": [sku for sku, _ in keys], "lots": [lot for _, lot in keys], "keys": [squeeze(lot) for _, lot in keys],
        "lot_keys": [fold_lot(lot) for _, lot in keys],
        "expiries": [lot.expiry for lot in lots], "best_befores": [lot.best_before for lot in lots],
        "manufactured": [lot.manufactured_on for lot in lots],
    }  # fmt: skip
    return load_records(CriteriaMatch, await tx.fetch_all(SELECT_MATCHING_CRITERIA, values))
