"""Loads and saves customer returns, one batch at a time."""

from collections.abc import Iterable

from sqlalchemy import text

from services.receiving.batch_statements import as_arrays, execute_exactly
from services.receiving.locations import store as location_store
from services.receiving.receipts import store as receipts
from services.receiving.receipts.domain.records import RowKey
from services.receiving.receipts.store import select_statements as sql
from services.receiving.returns.domain import (
    CustomerReturn,
    LotDisposition,
    ReturnLot,
    ReturnsUnitOfWork,
    ReturnUnit,
    ShippedLot,
)
from shared.inventory.decimals import decimals_of
from shared.persistence.database import Transaction, new_id
from shared.persistence.records import load_records

DISPOSITION_COLUMNS = ("return_id", "sku", "serial", "disposition", "disposed_reason", "disposed_at", "disposed_by")


async def load(tx: Transaction, *, returns: Iterable[str] = (), units: Iterable[RowKey] = (),
               skus: Iterable[str] = (), locations: Iterable[str] = (),
               shipped_lots: Iterable[tuple[str, str, str]] = ()) -> ReturnsUnitOfWork:  # fmt: skip
    """Load returns with their items, units, products, locations and shipped lots by (order, sku, lot)."""
    uow = ReturnsUnitOfWork(tx.now, iter(new_id, ""))
    if return_ids := sorted(set(returns)):
        for document in load_records(CustomerReturn, await tx.fetch_all(SELECT_RETURNS, {"returns": return_ids})):
            uow.returns[document.return_id] = uow.returns.original[document.return_id] = document
        for unit in load_records(ReturnUnit, await tx.fetch_all(SELECT_RETURNED_UNITS, {"returns": return_ids})):
            uow.returned_units[unit.key] = uow.returned_units.original[unit.key] = unit
        for returned_lot in load_records(ReturnLot, await tx.fetch_all(SELECT_RETURNED_LOTS, {"returns": return_ids})):
            uow.returned_lots[returned_lot.key] = uow.returned_lots.original[returned_lot.key] = returned_lot
    if shipped_keys := sorted(set(shipped_lots)):
        rows = await tx.fetch_all(SELECT_SHIPPED_LOTS, as_arrays(shipped_keys, ("orders", "skus", "lots")))
        for shipped_lot, row in zip(load_records(ShippedLot, rows, extra_columns=("returns",)), rows, strict=True):
            uow.shipped_lots.original[shipped_lot.key] = shipped_lot
            uow.put_shipped_lot(shipped_lot)
            uow.returned_with[shipped_lot.key].update(row.returns)
    if keys := set(units):
        uow.units.update((unit.key, unit) for unit in await receipts.find_units(tx, keys))
        uow.units.original.update(uow.units)
    if product_skus := sorted({*skus, *(returned_lot.sku for returned_lot in uow.returned_lots.values())}):
        rows = await tx.fetch_all(sql.SELECT_PRODUCTS, {"skus": product_skus})
        uow.trackings = {row.sku: row.tracking for row in rows}
        uow.decimals = {row.sku: decimals_of(row.tracking, row.decimals) for row in rows}
    if location_names := set(locations):
        uow.location_types = {
            name: record.type for name, record in (await location_store.load_locations(tx, location_names)).items()
        }
    return uow


async def save(tx: Transaction, uow: ReturnsUnitOfWork) -> None:
    """Save all changes."""
    if dirty_returns := uow.returns.dirty():
        await tx.execute(INSERT_RETURNS, as_arrays(dirty_returns, CustomerReturn._fields))
    await receipts.save_units(tx, uow.units)
    dirty = uow.returned_units.dirty()
    if inserted := [unit for unit in dirty if unit.key not in uow.returned_units.original]:
        await tx.execute(INSERT_RETURNED_UNITS, as_arrays(inserted, ReturnUnit._fields))
    if updated := [
        tuple(getattr(unit, name) for name in DISPOSITION_COLUMNS)
        for unit in dirty
        if unit.key in uow.returned_units.original
    ]:
        await execute_exactly(tx, UPDATE_DISPOSITIONS, as_arrays(updated, DISPOSITION_COLUMNS), len(updated))
    if dirty_shipped_lots := uow.shipped_lots.dirty():
        await tx.execute(UPSERT_SHIPPED_LOTS, as_arrays(sorted(dirty_shipped_lots), ShippedLot._fields))
    if dirty_returned_lots := uow.returned_lots.dirty():
        await tx.execute(UPSERT_RETURNED_LOTS, as_arrays(sorted(dirty_returned_lots), ReturnLot._fields))
    if uow.dispositions:
        await tx.execute(INSERT_DISPOSITIONS, as_arrays(uow.dispositions, LotDisposition._fields))


SELECT_RETURNS = text("""
SELECT return_id, order_id, customer, hold_id, received_at, received_by FROM customer_return
WHERE return_id = ANY(CAST(:returns AS text[]))
""")
SELECT_RETURNED_UNITS = text("""
SELECT return_id, sku, serial, location, reason, received_at, received_by, disposition, disposed_reason, disposed_at,
       disposed_by
FROM return_unit WHERE return_id = ANY(CAST(:returns AS text[]))
""")
INSERT_RETURNS = text("""
INSERT INTO customer_return (return_id, order_id, customer, hold_id, received_at, received_by)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:order_id AS text[]), CAST(:customer AS text[]),
                     CAST(:hold_id AS text[]), CAST(:received_at AS timestamptz[]),
                     CAST(:received_by AS text[]))
""")
INSERT_RETURNED_UNITS = text("""
INSERT INTO return_unit (return_id, sku, serial, location, reason, received_at, received_by, disposition,
                         disposed_reason, disposed_at, disposed_by)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]),
                     CAST(:location AS text[]), CAST(:reason AS text[]), CAST(:received_at AS timestamptz[]),
                     CAST(:received_by AS text[]), CAST(:disposition AS text[]), CAST(:disposed_reason AS text[]),
                     CAST(:disposed_at AS timestamptz[]), CAST(:disposed_by AS text[]))
""")
UPDATE_DISPOSITIONS = text("""
UPDATE return_unit u SET disposition = x.disposition, disposed_reason = x.disposed_reason,
                         disposed_at = x.disposed_at, disposed_by = x.disposed_by
FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:disposition AS text[]),
            CAST(:disposed_reason AS text[]), CAST(:disposed_at AS timestamptz[]), CAST(:disposed_by AS text[]))
     AS x(return_id, sku, serial, disposition, disposed_reason, disposed_at, disposed_by)
WHERE u.return_id = x.return_id AND u.sku = x.sku AND u.serial = x.serial AND u.disposition IS NULL
""")
SELECT_RETURNED_LOTS = text("""
SELECT return_id, sku, lot, location, quantity, disposed, reason, received_at, received_by
FROM return_lot WHERE return_id = ANY(CAST(:returns AS text[]))
""")
SELECT_SHIPPED_LOTS = text("""
SELECT s.order_id, s.customer, s.sku, s.lot, s.shipped, s.returned,
       ARRAY(SELECT DISTINCT l.return_id FROM customer_return r JOIN return_lot l ON l.return_id = r.return_id
             WHERE s.returned > 0 AND r.order_id = s.order_id AND r.customer = s.customer AND l.sku = s.sku
               AND l.lot = s.lot) AS returns
FROM unnest(CAST(:orders AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) AS k(order_id, sku, lot)
JOIN shipped_lot s ON s.order_id = k.order_id AND s.sku = k.sku AND s.lot = k.lot
""")
UPSERT_SHIPPED_LOTS = text("""
INSERT INTO shipped_lot (order_id, customer, sku, lot, shipped, returned)
SELECT * FROM unnest(CAST(:order_id AS text[]), CAST(:customer AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]),
                     CAST(:shipped AS numeric[]), CAST(:returned AS numeric[]))
ON CONFLICT (order_id, customer, sku, lot) DO UPDATE SET shipped = excluded.shipped, returned = excluded.returned
""")
UPSERT_RETURNED_LOTS = text("""
INSERT INTO return_lot (return_id, sku, lot, location, quantity, disposed, reason, received_at, received_by)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]),
                     CAST(:quantity AS numeric[]), CAST(:disposed AS numeric[]), CAST(:reason AS text[]),
                     CAST(:received_at AS timestamptz[]), CAST(:received_by AS text[]))
ON CONFLICT (return_id, sku, lot, location) DO UPDATE SET quantity = excluded.quantity, disposed = excluded.disposed
""")
INSERT_DISPOSITIONS = text("""
INSERT INTO lot_disposition (return_id, sku, lot, location, quantity, disposition, reason, disposed_at, disposed_by)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]),
                     CAST(:quantity AS numeric[]), CAST(:disposition AS text[]), CAST(:reason AS text[]),
                     CAST(:disposed_at AS timestamptz[]), CAST(:disposed_by AS text[]))
""")
