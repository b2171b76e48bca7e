"""Recalls with their products, lots, units, answers and customer contacts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from services.lots.recalls.domain.close import OpenItemCounts
from services.lots.recalls.domain.open import RecallMatch, RecallQuery
from shared.contracts.commands.lots import CloseRecall, RecordCustomerContact
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import Tracking
from shared.contracts.serials import SerialRecalled
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

SELECT_EXISTING = text("SELECT recall, closed_at FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))")
SELECT_TRACKINGS = text("SELECT sku, tracking FROM product WHERE sku = ANY(CAST(:skus AS text[]))")
SELECT_SERIAL_SKUS = text("SELECT sku FROM product WHERE tracking = 'SERIAL' ORDER BY sku LIMIT :size")

# Terms and ranges of the notice match case-insensitively, listed lots exactly. A full scan of the lots is acceptable:
# recalls are rare, and 100 000 lots take some milliseconds.
SELECT_MATCHES = text("""
    WITH term AS (
        SELECT query_index, lower(term) AS term FROM unnest(CAST(:term_indexes AS integer[]), CAST(:terms AS text[]))
            AS parameter (query_index, term)
    ), lot_range AS (
        SELECT query_index, lower(first) AS first, lower(last) AS last, sku
        FROM unnest(CAST(:range_indexes AS integer[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                    CAST(:range_skus AS text[])) AS parameter (query_index, first, last, sku)
    ), listed_lot AS (
        SELECT query_index, lot
        FROM unnest(CAST(:lot_indexes AS integer[]), CAST(:lots AS text[])) AS parameter (query_index, lot)
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
        SELECT d.query_index, l.sku, l.lot FROM lot AS l JOIN listed_lot AS d ON l.lot = d.lot
    )
    SELECT m.query_index, m.sku, m.lot FROM matching AS m
    WHERE m.lot <> ''
        AND (NOT EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index)
             OR EXISTS (SELECT FROM scope AS s WHERE s.query_index = m.query_index AND s.sku = m.sku))
    ORDER BY m.query_index, m.sku, m.lot
""")

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


class RecallLookup(NamedTuple):
    """Product trackings, serial-tracked products and, by query index, the matching lots."""

    products: Mapping[str, Tracking]
    serial_skus: Sequence[str]
    matching_lots: Mapping[int, Sequence[tuple[str, str]]]


async def find_existing(tx: Transaction, recalls: Iterable[str]) -> dict[str, bool]:
    """Return the existing recalls, and whether each is closed."""
    rows = await tx.fetch_all(SELECT_EXISTING, {"recalls": sorted(set(recalls))})
    return {row.recall: row.closed_at is not None for row in rows}


async def look_up(tx: Transaction, queries: Sequence[RecallQuery]) -> RecallLookup:
    """Look up the products and lots that the queries may match."""
    serial_skus: Sequence[str] = ()
    if max_products := max((query.max_products for query in queries if query.is_unrestricted), default=0):
        serial_skus = [row.sku for row in await tx.fetch_all(SELECT_SERIAL_SKUS, {"size": max_products + 1})]
    matching_lots: dict[int, list[tuple[str, str]]] = {}
    for row in await tx.fetch_all(SELECT_MATCHES, _match_parameters(queries)):
        matching_lots.setdefault(row.query_index, []).append((row.sku, row.lot))
    matching_skus = {sku for lot_keys in matching_lots.values() for sku, _ in lot_keys}
    skus = sorted({*(sku for query in queries for sku in query.named_skus), *serial_skus, *matching_skus})
    # A lot may arrive before its product; it belongs to this service in any case.
    products: dict[str, Tracking] = dict.fromkeys(matching_skus, "LOT")
    products |= {row.sku: row.tracking for row in await tx.fetch_all(SELECT_TRACKINGS, {"skus": skus})}
    return RecallLookup(products, serial_skus, matching_lots)


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
        for identifier_range in query.event.data.ranges
    ]
    named_lots = [
        (index, entry.lot)
        for index, query in enumerate(queries)
        for entry in query.event.data.lots
        if entry.sku is None
    ]
    scoped_skus = [(index, sku) for index, query in enumerate(queries) for sku in query.event.data.skus]
    return {
        "term_indexes": [index for index, _ in terms],
        "terms": [term for _, term in terms],
        "range_indexes": [index for index, *_ in ranges],
        "firsts": [first for _, first, *_ in ranges],
        "lasts": [last for _, _, last, _ in ranges],
        "range_skus": [sku for *_, sku in ranges],
        "lot_indexes": [index for index, _ in named_lots],
        "lots": [lot for _, lot in named_lots],
        "scope_indexes": [index for index, _ in scoped_skus],
        "scope_skus": [sku for _, sku in scoped_skus],
    }


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
