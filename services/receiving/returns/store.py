"""Loads and saves customer returns, one batch at a time."""
# ruff: noqa: S608 - only column lists are interpolated

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.receiving.locations import store as locations
from services.receiving.products import store as products
from services.receiving.receipts import store as receipts
from services.receiving.returns.domain.records import (
    CustomerReturn,
    LotDisposition,
    ReturnLot,
    ReturnUnit,
    ShippedLot,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.envelope import CloudEvent
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotShipped
from shared.contracts.serials import SerialStateChanged
from shared.identifiers import fold_lot, warehouse_of
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.record_table import RecordTable

RETURNS = RecordTable("customer_return", CustomerReturn, "return_id")
RETURNED_UNITS = RecordTable(
    "return_unit", ReturnUnit, "return_id sku serial", "disposition disposed_reason disposed_at disposed_by",
    guard="t.disposition IS NULL",
)  # fmt: skip
SHIPPED_LOTS = RecordTable("shipped_lot", ShippedLot, "order_id customer sku lot", "shipped returned", upsert=True)
RETURNED_LOTS = RecordTable(
    "return_lot", ReturnLot, "return_id sku lot location", "quantity disposed scan", upsert=True
)
LOT_DISPOSITIONS = RecordTable("lot_disposition", LotDisposition, "return_id sku lot location")

SELECT_RETURNS, SELECT_RETURNED_UNITS, SELECT_RETURNED_LOTS = (
    text(f"SELECT {table.columns()} FROM {table.name} WHERE return_id = ANY(CAST(:returns AS text[]))")
    for table in (RETURNS, RETURNED_UNITS, RETURNED_LOTS)
)
SELECT_SHIPPED_LOTS = text(f"""
WITH shipped AS (
    SELECT s.*
    FROM unnest(CAST(:orders AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) AS k(order_id, sku, lot)
    JOIN shipped_lot s ON s.order_id = k.order_id AND s.sku = k.sku AND {fold_lot_sql("s.lot")} = k.lot
    UNION ALL
    SELECT s.* FROM unnest(CAST(:return_orders AS text[]), CAST(:return_skus AS text[])) AS k(order_id, sku)
    JOIN shipped_lot s ON s.order_id = k.order_id AND s.sku = k.sku
)
SELECT {SHIPPED_LOTS.columns("s")},
       ARRAY(SELECT DISTINCT l.return_id FROM customer_return r JOIN return_lot l ON l.return_id = r.return_id
             WHERE s.returned > 0 AND r.order_id = s.order_id AND r.customer = s.customer AND l.sku = s.sku
               AND l.lot = s.lot) AS returns
FROM shipped s
""")
"""Lots by number, and all lots of an order and product of which some come back."""


async def load_returns(tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[Any]]) -> None:
    """Load returns with their items, units, products, locations and lots; of corrections the known spellings, too."""
    messages = [event.data for event in events]
    received = [message for message in messages if isinstance(message, ReceiveReturn)]
    units = [message for message in messages if isinstance(message, ReceiveReturn | SerialStateChanged)]
    if returns := {message.return_id for message in messages if isinstance(message, ReceiveReturn | DisposeReturn)}:
        await _load_returns(tx, uow, sorted(returns))
    shipped = {
        (message.order, message.sku, fold_lot(lot.lot))
        for message in messages if isinstance(message, LotShipped) for lot in message.lots
    }  # fmt: skip
    corrections = [message for message in messages if isinstance(message, LotNumberCorrected)]
    shipped |= {
        (part.order, correction.sku, fold_lot(lot))
        for correction in corrections for part in correction.stock if part.status == "SHIPPED"
        for lot in (correction.from_lot, correction.lot)
    }  # fmt: skip
    await receipts.load_known_lots(tx, uow, {(correction.sku, correction.lot) for correction in corrections})
    returned = {(message.order, message.sku) for message in received if message.lots}
    if shipped or returned:
        await _load_shipped_lots(tx, uow, shipped, returned)
    if keys := {(message.sku, serial) for message in units for serial in message.serials}:
        uow.units.load(await receipts.find_units(tx, keys))
    if skus := {message.sku for message in received} | {returned_lot.sku for returned_lot in uow.returned_lots}:
        await products.load_products(tx, uow, skus)
    if names := {message.location for message in received}:
        await locations.load_locations(tx, uow, names)
        await locations.load_warehouses(tx, uow, {warehouse_of(name) for name in names})


async def _load_returns(tx: Transaction, uow: ReceivingUnitOfWork, return_ids: Sequence[str]) -> None:
    parameters = {"returns": return_ids}
    uow.returns.load(RETURNS.load(await tx.fetch_all(SELECT_RETURNS, parameters)))
    uow.returned_units.load(RETURNED_UNITS.load(await tx.fetch_all(SELECT_RETURNED_UNITS, parameters)))
    uow.returned_lots.load(RETURNED_LOTS.load(await tx.fetch_all(SELECT_RETURNED_LOTS, parameters)))


async def _load_shipped_lots(
    tx: Transaction, uow: ReceivingUnitOfWork, keys: set[tuple[str, str, str]], returned: set[tuple[str, str]]
) -> None:
    others = {key for key in keys if key[:2] not in returned}
    parameters = receipts.as_arrays(others, "orders", "skus", "lots")
    parameters |= receipts.as_arrays(returned, "return_orders", "return_skus")
    rows = await tx.fetch_all(SELECT_SHIPPED_LOTS, parameters)
    shipped_lots = SHIPPED_LOTS.load(rows, extra_columns=("returns",))
    uow.shipped_lots.load(shipped_lots)
    for shipped_lot, row in zip(shipped_lots, rows, strict=True):
        uow.returns_by_shipped_lot[shipped_lot.key].update(row.returns)


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save all changes of returns; their units are saved with the receipts."""
    await RETURNS.save(tx, uow.returns)
    await RETURNED_UNITS.save(tx, uow.returned_units)
    await SHIPPED_LOTS.save(tx, uow.shipped_lots)
    await RETURNED_LOTS.save(tx, uow.returned_lots)
    await LOT_DISPOSITIONS.insert_rows(tx, uow.lot_dispositions)
    uow.lot_dispositions.clear()
