"""Recalls with their products, answers, units and contact lines."""

import json
from collections.abc import Iterable

from sqlalchemy import text

from services.lots.recalls.domain.close import OpenItemCounts
from services.lots.recalls.domain.query import RecallQuery
from services.lots.recalls.domain.records import ContactLine, OpenRecallRequest
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from services.lots.recalls.store.tables import RECALL
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import SerialRecalled
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.records import load_records

SELECT_RECALLS = text(f"SELECT {RECALL.columns()} FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))")  # noqa: S608
UPDATE_ANSWERED = text("""
    UPDATE recall_product AS p SET answered_at = :now
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS answer (recall, sku)
    WHERE p.recall = answer.recall AND p.sku = answer.sku
        AND p.answered_at IS NULL AND (p.tracking = 'SERIAL') = :is_serial
""")
INSERT_UNITS = text("""
    INSERT INTO recall_unit AS u (recall, sku, serial, lot, status, adjustment, on_hold, location, order_id, shipment,
                                  customer, customer_name, contact, ship_to, shipped_at)
    SELECT recall, sku, serial, lot, status, adjustment, on_hold, location, order_id, shipment, customer, customer_name,
           contact, ship_to, shipped_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS reported (
        recall text, sku text, serial text, lot text, status text, adjustment text, on_hold boolean, location text,
        order_id text, shipment text, customer text, customer_name text, contact text,
        ship_to text, shipped_at timestamptz
    )
    ON CONFLICT (recall, sku, serial) DO UPDATE SET
        lot = excluded.lot, status = excluded.status, adjustment = excluded.adjustment, on_hold = excluded.on_hold,
        location = excluded.location, order_id = excluded.order_id, shipment = excluded.shipment,
        customer = excluded.customer, customer_name = excluded.customer_name,
        contact = excluded.contact, ship_to = excluded.ship_to,
        shipped_at = excluded.shipped_at
""")
SELECT_RECALLED_SKUS = text(
    "SELECT recall, sku FROM recall_product WHERE recall = ANY(CAST(:recalls AS text[])) ORDER BY sku"
)
SELECT_ANSWERED = text("""
    SELECT r.recall FROM unnest(CAST(:recalls AS text[])) AS r (recall)
    WHERE NOT EXISTS (SELECT FROM recall_product AS p WHERE p.recall = r.recall AND p.answered_at IS NULL)
""")
SELECT_OPEN_REQUESTS = text("""
    SELECT CAST(r.request AS text) AS request, ARRAY(
        SELECT p.sku FROM recall_product AS p WHERE p.recall = r.recall AND p.sku = ANY(CAST(:skus AS text[]))
    ) AS skus
    FROM recall AS r WHERE r.closed_at IS NULL AND r.request IS NOT NULL ORDER BY r.recall
""")
SELECT_OPEN_ITEM_COUNTS = text("""
    SELECT r.recall, r.mock,
        (SELECT count(*) FROM recall_product AS p WHERE p.recall = r.recall AND p.answered_at IS NULL) AS unanswered,
        (SELECT count(*) FROM recall_stock AS s WHERE s.recall = r.recall AND s.on_hold) AS stock,
        (SELECT count(*) FROM recall_order AS o WHERE o.recall = r.recall AND o.on_hold) AS orders,
        unsettled.contacts, ARRAY(SELECT DISTINCT unnest(unsettled.customers) ORDER BY 1 LIMIT 10) AS customers
    FROM recall AS r CROSS JOIN LATERAL (
        SELECT count(*) AS contacts, array_agg(c.customer) AS customers FROM recall_contact_status AS c
        WHERE c.recall = r.recall AND c.quantity > c.returned AND coalesce(c.outcome, 'NOTIFIED') = 'NOTIFIED'
    ) AS unsettled WHERE r.recall = ANY(CAST(:recalls AS text[]))
""")
SELECT_CONTACT_LINES = text(f"""
    SELECT c.recall, c.customer, c."order", c.shipment, c.sku, c.lot_or_serial, named.lot_or_serial AS named
    FROM contact_line AS c JOIN unnest(
        CAST(:recalls AS text[]), CAST(:customers AS text[]), CAST(:orders AS text[]), CAST(:shipments AS text[]),
        CAST(:skus AS text[]), CAST(:lot_or_serials AS text[])
    ) AS named (recall, customer, "order", shipment, sku, lot_or_serial)
    USING (recall, customer, "order", shipment, sku)
    WHERE c.recall = ANY(CAST(:recalls AS text[])) AND (
        c.lot_or_serial = named.lot_or_serial
        OR {fold_lot_sql("c.lot_or_serial")} = {fold_lot_sql("named.lot_or_serial")} AND EXISTS (
            SELECT FROM recall_lot AS l WHERE l.recall = c.recall AND l.sku = c.sku AND l.lot = c.lot_or_serial
        )
    )
""")  # noqa: S608


async def load_recalls(tx: Transaction, uow: RecallsUnitOfWork, recalls: Iterable[str]) -> None:
    """Load recalls by id."""
    uow.recalls.load(RECALL.load(await tx.fetch_all(SELECT_RECALLS, {"recalls": sorted(set(recalls))})))


async def load_recalls_and_dry_runs(tx: Transaction, uow: RecallsUnitOfWork, recalls: Iterable[str]) -> None:
    """Load recalls by id, but answered dry runs by their id only: these may be replaced."""
    await load_recalls(tx, uow, recalls)
    if dry_runs := [recall.recall for recall in uow.recalls if recall.dry_run]:
        uow.answered_dry_runs |= {row.recall for row in await tx.fetch_all(SELECT_ANSWERED, {"recalls": dry_runs})}


async def find_open_requests(tx: Transaction, skus: Iterable[str]) -> list[OpenRecallRequest]:
    """Return the queries of the open recalls, and which of the given products each includes."""
    rows = await tx.fetch_all(SELECT_OPEN_REQUESTS, {"skus": list(skus)})
    commands = [OpenRecall.model_validate_json(row.request) for row in rows]
    return [
        OpenRecallRequest(RecallQuery.from_command(command), row.skus)
        for command, row in zip(commands, rows, strict=True)
    ]


async def mark_answered(tx: Transaction, answers: Iterable[RecallOpened | SerialRecalled], *, is_serial: bool) -> None:
    """Mark products as answered; only an answer of the service that owns the product counts."""
    pairs = sorted({(answer.recall, answer.sku) for answer in answers})
    if pairs:
        recalls, skus = zip(*pairs, strict=True)
        await tx.execute(UPDATE_ANSWERED, {"recalls": recalls, "skus": skus, "now": tx.now, "is_serial": is_serial})


async def save_units(tx: Transaction, answers: Iterable[SerialRecalled]) -> None:
    """Save the latest state of the units in answers of the serials service."""
    latest_units = {(answer.recall, answer.sku, unit.serial): unit for answer in answers for unit in answer.units}
    if latest_units:
        rows = [
            unit.model_dump(mode="json") | {"recall": recall, "sku": sku, "order_id": unit.order, "on_hold": unit.held}
            for (recall, sku, _), unit in latest_units.items()
        ]
        await tx.execute(INSERT_UNITS, {"rows": json.dumps(rows)})


async def find_recalled_skus(tx: Transaction, recalls: Iterable[str]) -> dict[str, list[str]]:
    """Return the products of recalls."""
    skus_by_recall: dict[str, list[str]] = {}
    for row in await tx.fetch_all(SELECT_RECALLED_SKUS, {"recalls": sorted(set(recalls))}):
        skus_by_recall.setdefault(row.recall, []).append(row.sku)
    return skus_by_recall


async def count_open_items(tx: Transaction, recalls: Iterable[str]) -> dict[str, OpenItemCounts]:
    """Count the open items of each recall."""
    rows = await tx.fetch_all(SELECT_OPEN_ITEM_COUNTS, {"recalls": sorted(set(recalls))})
    counts = load_records(OpenItemCounts, rows, extra_columns=("recall",))
    return {row.recall: open_counts for row, open_counts in zip(rows, counts, strict=True)}


async def find_contact_lines(tx: Transaction, lines: Iterable[ContactLine]) -> dict[ContactLine, ContactLine]:
    """Return the stored line of each named one: exactly, or the only one whose lot is spelt otherwise."""
    columns = zip(*sorted(set(lines)), strict=True)
    values = {f"{name}s": column for name, column in zip(ContactLine._fields, columns, strict=True)}
    found: dict[ContactLine, set[ContactLine]] = {}
    rows = await tx.fetch_all(SELECT_CONTACT_LINES, values)
    for row, line in zip(rows, load_records(ContactLine, rows, extra_columns=("named",)), strict=True):
        found.setdefault(line._replace(lot_or_serial=row.named), set()).add(line)
    exact = {line: line for line, spellings in found.items() if line in spellings}
    return {line: next(iter(spellings)) for line, spellings in found.items() if len(spellings) == 1} | exact
