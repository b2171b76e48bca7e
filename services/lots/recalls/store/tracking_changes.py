"""Requests of open recalls, and their repetition for products whose tracking changed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from services.lots.recalls.domain.tracking_changes import OpenRecallRequest
from services.lots.recalls.store.criteria import INSERT_LOTS
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.recalls import RecallOpened
from shared.persistence.database import Transaction

SELECT_OPEN_REQUESTS = text("""
    SELECT CAST(r.request AS text) AS request, ARRAY(
        SELECT p.sku FROM recall_product AS p WHERE p.recall = r.recall AND p.sku = ANY(CAST(:skus AS text[]))
    ) AS skus
    FROM recall AS r WHERE r.closed_at IS NULL AND r.request IS NOT NULL ORDER BY r.recall
""")
INSERT_QUERIES = text("""
    INSERT INTO recall_product (recall, sku, tracking)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:trackings AS text[]))
    ON CONFLICT (recall, sku) DO UPDATE SET tracking = excluded.tracking, answered_at = NULL
""")


async def find_open_requests(tx: Transaction, skus: Iterable[str]) -> list[OpenRecallRequest]:
    """Return the open recalls, and which of the given products each includes."""
    rows = await tx.fetch_all(SELECT_OPEN_REQUESTS, {"skus": list(skus)})
    return [OpenRecallRequest(OpenRecall.model_validate_json(row.request), row.skus) for row in rows]


async def save_queries(tx: Transaction, reissued: Sequence[RecallOpened]) -> None:
    """Reset the answers of the products, and insert the lots now owned by this service."""
    if reissued:
        values = {"recalls": [event.recall for event in reissued], "skus": [event.sku for event in reissued]}
        await tx.execute(INSERT_QUERIES, values | {"trackings": [event.tracking for event in reissued]})
    lots = [(event.recall, event.sku, lot) for event in reissued if event.tracking != "SERIAL" for lot in event.lots]
    if lots:
        recalls, skus, lot_numbers = zip(*lots, strict=True)
        await tx.execute(INSERT_LOTS, {"recalls": recalls, "skus": skus, "lots": lot_numbers})
