"""Completes commands by what was scanned, before locks are acquired; without scans nothing is read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain.carton_scans import (
    KnownCarton,
    carton_names,
    named_cartons,
    sscc_of,
    with_cartons,
)
from services.fulfillment.orders.domain.scans import ScannedOrder, read_order_scans
from shared.contracts.envelope import CloudEvent
from shared.identifiers import fold_lot
from shared.inventory.scan_enricher import BARCODES_OF_REPLICA
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct, classify_all, codes_of, texts_of
from shared.persistence.database import Transaction

Events = Sequence[CloudEvent[Any]]
MAX_ALTERNATIVES = 5
"""Number of units of a product that a rejection suggests."""
# Uses the primary key of carton, and carton_sscc.
SELECT_KNOWN_CARTONS = text("""
    SELECT carton, sscc FROM carton
    WHERE carton = ANY(CAST(:cartons AS text[])) OR sscc = ANY(CAST(:ssccs AS text[]))
    ORDER BY sscc_assigned_at NULLS FIRST
""")


async def resolve_cartons(tx: Transaction, events: Events) -> Events:
    """Replace scanned carton labels by the numbers of their cartons."""
    texts = {carton for event in events for carton in named_cartons(event.data)}
    ssccs = {carton: sscc for carton in texts if (sscc := sscc_of(carton))}
    if not ssccs:
        return events
    parameters = {"cartons": sorted({*ssccs, *ssccs.values()}), "ssccs": sorted(set(ssccs.values()))}
    rows = await tx.fetch_all(SELECT_KNOWN_CARTONS, parameters)
    names = carton_names(ssccs, (KnownCarton(row.carton, row.sscc) for row in rows))
    return [event.model_copy(update={"data": with_cartons(event.data, names)}) for event in events]


# Units are found by the primary key, alternatives by allocated_unit_order, and the lots of an order are few.
SELECT_SCANNED = text(f"""
    WITH requested AS (
        SELECT DISTINCT order_id, sku FROM order_line WHERE order_id = ANY(CAST(:orders AS text[]))
    ), named AS (
        SELECT 'BARCODE' AS kind, code AS id, sku, quantity, NULL AS order_id FROM ({BARCODES_OF_REPLICA}) AS barcode
        UNION ALL SELECT 'SKU', sku, sku, NULL, NULL FROM product WHERE sku = ANY(CAST(:texts AS text[]))
        UNION ALL SELECT 'LINE', sku, sku, NULL, order_id FROM requested
        UNION ALL
        SELECT 'SERIAL', serial, sku, NULL, u.order_id FROM (SELECT DISTINCT sku FROM requested) AS r
        JOIN allocated_unit u USING (sku) WHERE serial = ANY(CAST(:serials AS text[])) AND shipment = ''
        UNION ALL
        SELECT DISTINCT 'LOT', lot, sku, CAST(NULL AS integer), order_id FROM allocated_lot
        WHERE order_id = ANY(CAST(:orders AS text[])) AND shipment = ''
        UNION ALL
        SELECT 'ALTERNATIVE', u.serial, r.sku, NULL, r.order_id FROM requested r CROSS JOIN LATERAL (
            SELECT serial FROM allocated_unit u
            WHERE (u.order_id, u.sku, u.status) = (r.order_id, r.sku, 'ALLOCATED') LIMIT {MAX_ALTERNATIVES}
        ) u
    )
    SELECT n.*, p.tracking FROM named n LEFT JOIN product p USING (sku)
""")  # noqa: S608 - constants


async def read_scans(tx: Transaction, events: Events) -> Events:
    """Read the raw scans of commands by the pick lists of their orders, in one statement for all."""
    scanned = [event.data for event in events if event.data.scans]
    if not scanned:
        return events
    scans = classify_all((scan for command in scanned for scan in command.scans), tx.now.year).values()
    texts = texts_of(scans)
    serials = texts | {scan.contents.serial for scan in scans if scan.contents.serial}
    orders = sorted({command.order for command in scanned})
    parameters = {
        "orders": orders,
        "codes": sorted(codes_of(scans)),
        "texts": sorted(texts),
        "serials": sorted(serials),
    }
    rows = await tx.fetch_all(SELECT_SCANNED, parameters)
    by_order = {order: _to_order(order, rows) for order in orders}
    return [
        event.model_copy(update={"data": read_order_scans(event.data, by_order[event.data.order], tx.now.year)})
        if event.data.scans
        else event
        for event in events
    ]


async def read_packing_scans(tx: Transaction, events: Events) -> Events:
    """Read the raw scans of commands, and the labels of their cartons."""
    return await read_scans(tx, await resolve_cartons(tx, events))


def _to_order(order_id: str, rows: Sequence[Row[Any]]) -> ScannedOrder:
    """Return what the rows say of an order and the scans on it."""
    own = [row for row in rows if row.order_id == order_id]
    skus = frozenset(row.sku for row in own if row.kind == "LINE")
    named = [
        row
        for row in rows
        if row.kind in {"BARCODE", "SKU"}
        or (row.kind == "SERIAL" and row.sku in skus)
        or (row.kind == "LOT" and row.order_id == order_id and row.id)
    ]
    names = (KnownName(row.kind, row.id, row.sku, row.quantity, row.order_id) for row in named if row.tracking)
    products = (KnownProduct(row.sku, row.tracking) for row in rows if row.tracking)
    return ScannedOrder(
        order_id, Catalogue(products, names), skus,
        frozenset((row.sku, fold_lot(row.id) if row.kind == "LOT" else row.id) for row in own if row.kind != "LINE"),
        tuple((row.sku, row.id) for row in own if row.kind == "ALTERNATIVE"),
    )  # fmt: skip
