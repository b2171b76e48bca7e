"""Open recalls as they were asked, and the products whose new owner is asked again."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from services.lots.recalls.domain.switching import Standing
from services.lots.recalls.store.sought import ADD_LOTS
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.lots import RecallOpened
from shared.database import Transaction

STANDING = text("""
    SELECT CAST(r.asked AS text) AS asked, ARRAY(
        SELECT p.sku FROM recall_product AS p WHERE p.recall = r.recall AND p.sku = ANY(CAST(:skus AS text[]))
    ) AS skus
    FROM recall AS r WHERE r.closed_at IS NULL AND r.asked IS NOT NULL ORDER BY r.recall
""")
ASK = text("""
    INSERT INTO recall_product (recall, sku, tracking)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:trackings AS text[]))
    ON CONFLICT (recall, sku) DO UPDATE SET tracking = excluded.tracking, answered_at = NULL
""")


async def standing(tx: Transaction, skus: Iterable[str]) -> list[Standing]:
    """Give the open recalls, and which of the products each asked about."""
    rows = await tx.rows(STANDING, {"skus": list(skus)})
    return [Standing(OpenRecall.model_validate_json(row.asked), row.skus) for row in rows]


async def ask(tx: Transaction, again: Sequence[RecallOpened]) -> None:
    """Write that other owners have to answer, and the lots that are ours from now on."""
    if again:
        values = {"recalls": [it.recall for it in again], "skus": [it.sku for it in again]}
        await tx.run(ASK, values | {"trackings": [it.tracking for it in again]})
    lots = [(it.recall, it.sku, lot) for it in again if it.tracking != "SERIAL" for lot in it.lots]
    if lots:
        recalls, skus, numbers = zip(*lots, strict=True)
        await tx.run(ADD_LOTS, {"recalls": recalls, "skus": skus, "lots": numbers})
