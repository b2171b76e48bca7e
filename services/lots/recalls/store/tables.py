"""The tables of recalls."""

from sqlalchemy import text

from services.lots.recalls.domain.records import (
    CustomerContact,
    Recall,
    RecallCriterion,
    RecalledLot,
    RecalledProduct,
)
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

RECALL = RecordTable(
    "recall", Recall, "recall", "closed_at closed_by closed_reason", types={"request": "jsonb", "recognised": "jsonb"}
)
PRODUCT = RecordTable("recall_product", RecalledProduct, "recall sku")
LOT = RecordTable("recall_lot", RecalledLot, "recall sku lot")
CRITERION = RecordTable("recall_criterion", RecallCriterion, "", types={"skus": "text[]"})
CONTACT = RecordTable("recall_contact", CustomerContact, "")
DO_NOTHING = "ON CONFLICT DO NOTHING"
RESET_ANSWER = "ON CONFLICT (recall, sku) DO UPDATE SET tracking = excluded.tracking, answered_at = NULL"
"""A product that was queried before has to be answered again, by its new owner."""


DELETE_DRY_RUNS = text(f"""
    WITH {
    ", ".join(
        f"{table}_gone AS (DELETE FROM {table} WHERE recall = ANY(CAST(:recalls AS text[])))"
        for table in ("recall_product", "recall_lot", "recall_unit")
    )
}
    DELETE FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))
""")  # noqa: S608 - constant names


INSERT_SPANS = text("""
    WITH opened AS MATERIALIZED (
        SELECT recall, ARRAY(SELECT jsonb_array_elements_text(request -> 'skus')) AS skus FROM recall
        WHERE recall = ANY(CAST(:recalls AS text[]))
    )
    INSERT INTO recall_criterion (recall, kind, first, last, skus)
    SELECT recall, 'TERM', span, '', skus
    FROM unnest(CAST(:recalls AS text[]), CAST(:spans AS text[])) AS input (recall, span) JOIN opened USING (recall)
""")


async def save(tx: Transaction, uow: RecallsUnitOfWork) -> None:
    """Save recalls with their products and lots, criteria and customer contacts."""
    if uow.replaced_dry_runs:
        await tx.execute(DELETE_DRY_RUNS, {"recalls": sorted(uow.replaced_dry_runs)})
        uow.replaced_dry_runs.clear()
    await RECALL.save(tx, uow.recalls)
    await PRODUCT.insert_rows(tx, uow.recalled_products, RESET_ANSWER)
    await LOT.insert_rows(tx, uow.recalled_lots, DO_NOTHING)
    joined = uow.joined_lots
    products = {RecalledProduct(match.recall, match.sku, "LOT", uow.now) for match in joined}
    await PRODUCT.insert_rows(tx, sorted(products), DO_NOTHING)
    await LOT.insert_rows(tx, [RecalledLot(match.recall, match.sku, match.lot) for match in joined], DO_NOTHING)
    await CRITERION.insert_rows(tx, uow.criteria)
    if uow.spans:
        recalls, spans = zip(*uow.spans, strict=True)
        await tx.execute(INSERT_SPANS, {"recalls": recalls, "spans": spans})
    await CONTACT.insert_rows(tx, uow.contacts)
    for rows in (uow.recalled_products, uow.recalled_lots, joined, uow.criteria, uow.spans, uow.contacts):
        rows.clear()
