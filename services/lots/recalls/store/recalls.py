"""Recalls with their products, lots, units, answers and customer contacts."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from services.lots.recalls.domain.close import OpenItemCounts
from services.lots.recalls.domain.open import RecallMatch
from services.lots.recalls.domain.query import RecallQuery
from shared.contracts.commands.lots import CloseRecall, RecordCustomerContact
from shared.contracts.envelope import CloudEvent
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import Tracking
from shared.contracts.serials import SerialRecalled
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

SELECT_EXISTING = text("SELECT recall, closed_at FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))")


INSERT_RECALLS = text("""
    INSERT INTO recall (recall, reason, notice, mock, opened_at, opened_by, request)
    SELECT recall, reason, notice, mock, :now, actor, request FROM unnest(
        CAST(:recalls AS text[]), CAST(:reasons AS text[]), CAST(:notices AS text[]), CAST(:mocks AS boolean[]),
        CAST(:actors AS text[]), CAST(:requests AS jsonb[])
    ) AS new (recall, reason, notice, mock, actor, request)
""")
INSERT_PRODUCTS = text("""
    INSERT INTO recall_product (recall, sku, tracking)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:trackings AS text[]))
""")
INSERT_LOTS = text("""
    INSERT INTO recall_lot (recall, sku, lot)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[]))
""")
UPDATE_ANSWERED = text("""
    UPDATE recall_product AS p SET answered_at = :now
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS answer (recall, sku)
    WHERE p.recall = answer.recall AND p.sku = answer.sku
        AND p.answered_at IS NULL AND (p.tracking = 'SERIAL') = :is_serial
""")
INSERT_UNITS = text("""
    INSERT INTO recall_unit AS u (recall, sku, serial, lot, status, adjustment, on_hold, location, order_id, shipment,
                                  customer, customer_name, contact, shipped_at)
    SELECT recall, sku, serial, lot, status, adjustment, on_hold, location, order_id, shipment, customer, customer_name,
           contact, shipped_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS reported (
        recall text, sku text, serial text, lot text, status text, adjustment text, on_hold boolean, location text,
        order_id text, shipment text, customer text, customer_name text, contact text, shipped_at timestamptz
    )
    ON CONFLICT (recall, sku, serial) DO UPDATE SET
        lot = excluded.lot, status = excluded.status, adjustment = excluded.adjustment, on_hold = excluded.on_hold,
        location = excluded.location, order_id = excluded.order_id, shipment = excluded.shipment,
        customer = excluded.customer, customer_name = excluded.customer_name, contact = excluded.contact,
        shipped_at = excluded.shipped_at
""")
INSERT_CONTACTS = text("""
    INSERT INTO recall_contact (recall, shipment, sku, lot_or_serial, outcome, note, contacted_at, contacted_by)
    SELECT recall, shipment, sku, lot_or_serial, outcome, note, :now, actor FROM unnest(
        CAST(:recalls AS text[]), CAST(:shipments AS text[]), CAST(:skus AS text[]), CAST(:lots_or_serials AS text[]),
        CAST(:outcomes AS text[]), CAST(:notes AS text[]), CAST(:actors AS text[])
    ) AS new (recall, shipment, sku, lot_or_serial, outcome, note, actor)
""")
UPDATE_CLOSED = text("""
    UPDATE recall AS r SET closed_at = :now, closed_by = closing.actor, closed_reason = closing.reason
    FROM unnest(CAST(:recalls AS text[]), CAST(:actors AS text[]), CAST(:reasons AS text[]))
        AS closing (recall, actor, reason)
    WHERE r.recall = closing.recall
""")
SELECT_RECALLED_SKUS = text(
    "SELECT recall, sku FROM recall_product WHERE recall = ANY(CAST(:recalls AS text[])) ORDER BY sku"
)
SELECT_OPEN_ITEM_COUNTS = text("""
    SELECT r.recall, r.mock,
        (SELECT count(*) FROM recall_product AS p WHERE p.recall = r.recall AND p.answered_at IS NULL) AS unanswered,
        (SELECT count(*) FROM recall_stock AS s WHERE s.recall = r.recall AND s.on_hold) AS stock,
        (SELECT count(*) FROM recall_order AS o WHERE o.recall = r.recall AND o.on_hold) AS orders,
        (SELECT count(*) FROM recall_contact_status AS c WHERE c.recall = r.recall
            AND c.quantity > c.returned AND coalesce(c.outcome, 'NOTIFIED') = 'NOTIFIED') AS contacts
    FROM recall AS r WHERE r.recall = ANY(CAST(:recalls AS text[]))
""")
SELECT_CONTACT_LINES = text("""
    SELECT recall, shipment, sku, lot_or_serial FROM recall_contact_status
    WHERE recall = ANY(CAST(:recalls AS text[])) AND (recall, shipment, sku, lot_or_serial) IN (SELECT * FROM unnest(
        CAST(:recalls AS text[]), CAST(:shipments AS text[]), CAST(:skus AS text[]), CAST(:lots_or_serials AS text[])
    ))
""")


async def find_existing(tx: Transaction, recalls: Iterable[str]) -> dict[str, bool]:
    """Return the existing recalls, and whether each is closed."""
    rows = await tx.fetch_all(SELECT_EXISTING, {"recalls": sorted(set(recalls))})
    return {row.recall: row.closed_at is not None for row in rows}


async def insert_recalls(
    tx: Transaction,
    new_recalls: Sequence[tuple[RecallQuery, Mapping[str, RecallMatch]]],
    products: Mapping[str, Tracking],
) -> None:
    """Insert recalls, their products and the lots of products without serials."""
    if not new_recalls:
        return
    events = [query.event for query, _ in new_recalls]
    values = {
        "recalls": [event.data.recall for event in events],
        "reasons": [event.data.reason for event in events],
        "notices": [event.data.text for event in events],
        "mocks": [event.data.mock for event in events],
        "actors": [event.actor for event in events],
        "requests": [event.data.model_copy(update={"actor": event.actor}).model_dump_json() for event in events],
        "now": tx.now,
    }
    await tx.execute(INSERT_RECALLS, values)
    product_rows = [(query.event.data.recall, sku, products[sku]) for query, matches in new_recalls for sku in matches]
    recalls, skus, trackings = zip(*product_rows, strict=True)
    await tx.execute(INSERT_PRODUCTS, {"recalls": recalls, "skus": skus, "trackings": trackings})
    lots = [
        (query.event.data.recall, sku, lot)
        for query, matches in new_recalls
        for sku, match in matches.items()
        if products[sku] != "SERIAL"
        for lot in match.lots
    ]
    if lots:
        lot_recalls, lot_skus, lot_numbers = zip(*lots, strict=True)
        await tx.execute(INSERT_LOTS, {"recalls": lot_recalls, "skus": lot_skus, "lots": lot_numbers})


async def mark_answered(tx: Transaction, answers: Iterable[RecallOpened | SerialRecalled], *, is_serial: bool) -> None:
    """Mark products as answered; only an answer of the service that owns the product counts."""
    pairs = sorted({(answer.recall, answer.sku) for answer in answers})
    if pairs:
        recalls, skus = zip(*pairs, strict=True)
        await tx.execute(UPDATE_ANSWERED, {"recalls": recalls, "skus": skus, "now": tx.now, "is_serial": is_serial})


async def save_units(tx: Transaction, rows: str) -> None:
    """Save the latest state of units from a JSON array with one row per unit."""
    await tx.execute(INSERT_UNITS, {"rows": rows})


async def insert_contacts(tx: Transaction, events: Sequence[CloudEvent[RecordCustomerContact]]) -> None:
    """Insert outcomes of customer contacts; the last of a line is in force."""
    if events:
        commands = [event.data for event in events]
        values = {
            "recalls": [command.recall for command in commands],
            "shipments": [command.shipment for command in commands],
            "skus": [command.sku for command in commands],
            "lots_or_serials": [command.lot_or_serial for command in commands],
            "outcomes": [command.outcome for command in commands],
            "notes": [command.note for command in commands],
            "actors": [event.actor for event in events],
            "now": tx.now,
        }
        await tx.execute(INSERT_CONTACTS, values)


async def mark_closed(tx: Transaction, events: Sequence[CloudEvent[CloseRecall]]) -> None:
    """Mark recalls as closed."""
    if events:
        values = {
            "recalls": [event.data.recall for event in events],
            "actors": [event.actor for event in events],
            "reasons": [event.data.reason for event in events],
            "now": tx.now,
        }
        await tx.execute(UPDATE_CLOSED, values)


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


async def find_contact_lines(
    tx: Transaction, commands: Iterable[RecordCustomerContact]
) -> set[tuple[str, str, str, str]]:
    """Return the existing contact lines: (recall, shipment, sku, lot_or_serial)."""
    lines = sorted({(command.recall, command.shipment, command.sku, command.lot_or_serial) for command in commands})
    recalls, shipments, skus, items = zip(*lines, strict=True)
    rows = await tx.fetch_all(
        SELECT_CONTACT_LINES, {"recalls": recalls, "shipments": shipments, "skus": skus, "lots_or_serials": items}
    )
    return {(row.recall, row.shipment, row.sku, row.lot_or_serial) for row in rows}
