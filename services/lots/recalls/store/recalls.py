"""Recalls in the database: what they are about, who has answered, what the registry told of units, how calls went."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from services.lots.recalls.domain.closing import StillOpen
from services.lots.recalls.domain.opening import Asked, Touched
from services.lots.recalls.store.views import LINES, OPEN
from shared.contracts.commands.lots import CloseRecall, MarkRecalled
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import Tracking
from shared.contracts.serials import SerialRecalled
from shared.database import Transaction
from shared.records import load_records

STILL_OPEN, CALLED = text(OPEN), text(LINES)
KNOWN = text("SELECT recall, closed_at FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))")
TRACKINGS = text("SELECT sku, tracking FROM product WHERE sku = ANY(CAST(:skus AS text[]))")
SERIALISED = text("SELECT sku FROM product WHERE tracking = 'SERIAL' ORDER BY sku LIMIT :size")

# Words and ranges of a text fit in upper and lower case, lots that are named fit exactly. A recall is rare and lots are
# few beside movements: walking through the numbers of all lots takes some milliseconds a hundred thousand.
MATCHING = text("""
    WITH word AS (
        SELECT place, lower(word) AS word FROM unnest(CAST(:word_places AS integer[]), CAST(:words AS text[]))
            AS it (place, word)
    ), span AS (
        SELECT place, lower(first) AS first, lower(last) AS last, sku
        FROM unnest(CAST(:span_places AS integer[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                    CAST(:span_skus AS text[])) AS it (place, first, last, sku)
    ), wish AS (
        SELECT place, lot FROM unnest(CAST(:wish_places AS integer[]), CAST(:lots AS text[])) AS it (place, lot)
    ), about AS (
        SELECT place, sku FROM unnest(CAST(:about_places AS integer[]), CAST(:abouts AS text[])) AS it (place, sku)
    ), hit AS (
        SELECT w.place, l.sku, l.lot FROM lot AS l JOIN word AS w ON lower(l.lot) = w.word
        UNION
        SELECT s.place, l.sku, l.lot FROM lot AS l JOIN span AS s
            ON length(l.lot) = length(s.first) AND lower(l.lot) COLLATE "C" BETWEEN s.first AND s.last
            AND (s.sku IS NULL OR s.sku = l.sku)
        UNION
        SELECT w.place, l.sku, l.lot FROM lot AS l JOIN wish AS w ON l.lot = w.lot
    )
    SELECT h.place, h.sku, h.lot FROM hit AS h
    WHERE h.lot <> ''
        AND (NOT EXISTS (SELECT FROM about AS a WHERE a.place = h.place)
             OR EXISTS (SELECT FROM about AS a WHERE a.place = h.place AND a.sku = h.sku))
    ORDER BY h.place, h.sku, h.lot
""")

ADD = text("""
    INSERT INTO recall (recall, reason, notice, mock, opened_at, opened_by, asked)
    SELECT r, reason, notice, mock, :now, actor, asked FROM unnest(
        CAST(:recalls AS text[]), CAST(:reasons AS text[]), CAST(:notices AS text[]), CAST(:mocks AS boolean[]),
        CAST(:actors AS text[]), CAST(:asked AS jsonb[])
    ) AS it (r, reason, notice, mock, actor, asked)
""")
ADD_PRODUCTS = text("""
    INSERT INTO recall_product (recall, sku, tracking)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:trackings AS text[]))
""")
ADD_LOTS = text("""
    INSERT INTO recall_lot (recall, sku, lot)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[]))
""")
ANSWERED = text("""
    UPDATE recall_product AS p SET answered_at = :now
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS it (recall, sku)
    WHERE p.recall = it.recall AND p.sku = it.sku AND p.answered_at IS NULL AND (p.tracking = 'SERIAL') = :serialised
""")
SAVE_UNITS = text("""
    INSERT INTO recall_unit AS u (recall, sku, serial, lot, status, adjustment, held, location, order_id, shipment,
                                  customer, customer_name, contact, shipped_at)
    SELECT recall, sku, serial, lot, status, adjustment, held, location, order_id, shipment, customer, customer_name,
           contact, shipped_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS it (
        recall text, sku text, serial text, lot text, status text, adjustment text, held boolean, location text,
        order_id text, shipment text, customer text, customer_name text, contact text, shipped_at timestamptz
    )
    ON CONFLICT (recall, sku, serial) DO UPDATE SET
        lot = excluded.lot, status = excluded.status, adjustment = excluded.adjustment, held = excluded.held,
        location = excluded.location, order_id = excluded.order_id, shipment = excluded.shipment,
        customer = excluded.customer, customer_name = excluded.customer_name, contact = excluded.contact,
        shipped_at = excluded.shipped_at
""")
MARK = text("""
    INSERT INTO recall_mark (recall, shipment, sku, item, mark, note, at, actor)
    SELECT r, shipment, sku, item, mark, note, :now, actor FROM unnest(
        CAST(:recalls AS text[]), CAST(:shipments AS text[]), CAST(:skus AS text[]), CAST(:items AS text[]),
        CAST(:marks AS text[]), CAST(:notes AS text[]), CAST(:actors AS text[])
    ) AS it (r, shipment, sku, item, mark, note, actor)
""")
CLOSE = text("""
    UPDATE recall AS r SET closed_at = :now, closed_by = it.actor, closed_reason = it.reason
    FROM unnest(CAST(:recalls AS text[]), CAST(:actors AS text[]), CAST(:reasons AS text[]))
        AS it (recall, actor, reason)
    WHERE r.recall = it.recall
""")
PRODUCTS_OF = text("SELECT recall, sku FROM recall_product WHERE recall = ANY(CAST(:recalls AS text[])) ORDER BY sku")


class Known(NamedTuple):
    """What opening recalls needs to know: trackings of products, those that have serials, the lots that fit."""

    products: Mapping[str, Tracking]
    serialised: Sequence[str]
    matching: Mapping[int, Sequence[tuple[str, str]]]


async def standing(tx: Transaction, recalls: Iterable[str]) -> dict[str, bool]:
    """Give those of the recalls that are known, and whether each is closed."""
    rows = await tx.rows(KNOWN, {"recalls": sorted(set(recalls))})
    return {row.recall: row.closed_at is not None for row in rows}


async def known(tx: Transaction, asked: Sequence[Asked]) -> Known:
    """Look up the products and the lots that the requests may be about."""
    serialised: Sequence[str] = ()
    if room := max((it.room for it in asked if it.anywhere), default=0):
        serialised = [row.sku for row in await tx.rows(SERIALISED, {"size": room + 1})]
    matching: dict[int, list[tuple[str, str]]] = {}
    for row in await tx.rows(MATCHING, _wanted(asked)):
        matching.setdefault(row.place, []).append((row.sku, row.lot))
    found = {sku for pairs in matching.values() for sku, _ in pairs}
    skus = sorted({*(sku for it in asked for sku in it.named), *serialised, *found})
    # A lot may be here before its product is told of: it is ours all the same.
    products: dict[str, Tracking] = dict.fromkeys(found, "LOT")
    products |= {row.sku: row.tracking for row in await tx.rows(TRACKINGS, {"skus": skus})}
    return Known(products, serialised, matching)


def _wanted(asked: Sequence[Asked]) -> dict[str, Any]:
    words = [(place, word) for place, it in enumerate(asked) for word in it.notice.words]
    spans: list[tuple[int, str, str, str | None]] = [
        (place, span.first, span.last, None) for place, it in enumerate(asked) for span in it.notice.ranges
    ]
    spans += [
        (place, span.first, span.last, span.sku) for place, it in enumerate(asked) for span in it.event.data.ranges
    ]
    wishes = [(place, one.lot) for place, it in enumerate(asked) for one in it.event.data.lots if one.sku is None]
    abouts = [(place, sku) for place, it in enumerate(asked) for sku in it.event.data.skus]
    return {
        "word_places": [place for place, _ in words],
        "words": [word for _, word in words],
        "span_places": [place for place, *_ in spans],
        "firsts": [first for _, first, *_ in spans],
        "lasts": [last for _, _, last, _ in spans],
        "span_skus": [sku for *_, sku in spans],
        "wish_places": [place for place, _ in wishes],
        "lots": [lot for _, lot in wishes],
        "about_places": [place for place, _ in abouts],
        "abouts": [sku for _, sku in abouts],
    }


async def add(
    tx: Transaction,
    opened: Sequence[tuple[Asked, Mapping[str, Touched]]],
    products: Mapping[str, Tracking],
) -> None:
    """Write new recalls, the products they are about, and the lots of counted ones."""
    if not opened:
        return
    wishes = [asked.event for asked, _ in opened]
    values = {
        "recalls": [event.data.recall for event in wishes],
        "reasons": [event.data.reason for event in wishes],
        "notices": [event.data.text for event in wishes],
        "mocks": [event.data.mock for event in wishes],
        "actors": [event.actor for event in wishes],
        "asked": [event.data.model_copy(update={"actor": event.actor}).model_dump_json() for event in wishes],
        "now": tx.now,
    }
    await tx.run(ADD, values)
    about = [(asked.event.data.recall, sku, products[sku]) for asked, touched in opened for sku in touched]
    recalls, skus, trackings = zip(*about, strict=True)
    await tx.run(ADD_PRODUCTS, {"recalls": recalls, "skus": skus, "trackings": trackings})
    lots = [
        (asked.event.data.recall, sku, lot)
        for asked, touched in opened
        for sku, of in touched.items()
        if products[sku] != "SERIAL"
        for lot in of.lots
    ]
    if lots:
        of_recalls, of_skus, numbers = zip(*lots, strict=True)
        await tx.run(ADD_LOTS, {"recalls": of_recalls, "skus": of_skus, "lots": numbers})


async def answered(tx: Transaction, answers: Iterable[RecallOpened | SerialRecalled], *, serialised: bool) -> None:
    """Note that the owner of each product has said all it has of it; what another says of it is no answer."""
    pairs = sorted({(answer.recall, answer.sku) for answer in answers})
    if pairs:
        recalls, skus = zip(*pairs, strict=True)
        await tx.run(ANSWERED, {"recalls": recalls, "skus": skus, "now": tx.now, "serialised": serialised})


async def save_units(tx: Transaction, rows: str) -> None:
    """Write units as the registry last told of them, from a JSON array of rows, each unit once."""
    await tx.run(SAVE_UNITS, {"rows": rows})


async def mark(tx: Transaction, events: Sequence[CloudEvent[MarkRecalled]]) -> None:
    """Write how calls went; the last of a line counts, the earlier ones stay."""
    if events:
        marks = [event.data for event in events]
        values = {
            "recalls": [mark.recall for mark in marks],
            "shipments": [mark.shipment for mark in marks],
            "skus": [mark.sku for mark in marks],
            "items": [mark.item for mark in marks],
            "marks": [mark.mark for mark in marks],
            "notes": [mark.note for mark in marks],
            "actors": [event.actor for event in events],
            "now": tx.now,
        }
        await tx.run(MARK, values)


async def close(tx: Transaction, events: Sequence[CloudEvent[CloseRecall]]) -> None:
    """End recalls."""
    if events:
        values = {
            "recalls": [event.data.recall for event in events],
            "actors": [event.actor for event in events],
            "reasons": [event.data.reason for event in events],
            "now": tx.now,
        }
        await tx.run(CLOSE, values)


async def products_of(tx: Transaction, recalls: Iterable[str]) -> dict[str, list[str]]:
    """Give the products that recalls are about."""
    found: dict[str, list[str]] = {}
    for row in await tx.rows(PRODUCTS_OF, {"recalls": sorted(set(recalls))}):
        found.setdefault(row.recall, []).append(row.sku)
    return found


async def still_open(tx: Transaction, recalls: Iterable[str]) -> dict[str, StillOpen]:
    """Count what is open of each recall."""
    rows = await tx.rows(STILL_OPEN, {"recalls": sorted(set(recalls))})
    found = load_records(StillOpen, rows, besides=("recall",))
    return {row.recall: still for row, still in zip(rows, found, strict=True)}


async def called(tx: Transaction, marks: Iterable[MarkRecalled]) -> set[tuple[str, str, str, str]]:
    """Give those lines that are on the call lists, by recall, shipment, product and lot or serial."""
    lines = sorted({(mark.recall, mark.shipment, mark.sku, mark.item) for mark in marks})
    recalls, shipments, skus, items = zip(*lines, strict=True)
    rows = await tx.rows(CALLED, {"recalls": recalls, "shipments": shipments, "skus": skus, "items": items})
    return {(row.recall, row.shipment, row.sku, row.item) for row in rows}
