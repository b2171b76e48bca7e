"""Loads what picks, short picks, unpicks, swaps and holds need; stores copies of holds and corrected expiry dates."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from services.fulfillment.orders.domain import FulfillmentUnitOfWork, UnitKey
from services.fulfillment.orders.store import (
    load_local_dates,
    load_orders,
    load_products,
    order_ids,
    skus_of_lot_selectors,
)
from services.fulfillment.orders.store.tables import LOTS
from shared.contracts.commands.fulfillment import ItemsCommand, PickItems, SwapUnit, UnpickItems
from shared.contracts.envelope import CloudEvent
from shared.contracts.lot_corrections import LotDatesCorrected, LotNumberCorrected
from shared.contracts.lots import LotAllocationsRevoked, LotHoldPlaced, LotHoldReleased, LotStockMissing
from shared.contracts.serials import (
    SerialAllocationsRevoked,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialStockMissing,
)
from shared.inventory import reference_data
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

# Shipped items keep their expiry date. Uses the primary key of allocated_unit, and allocated_lot_order.
UPDATE_UNIT_EXPIRY = text("""
    UPDATE allocated_unit u SET expiry = n.expiry
    FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:orders AS text[]), CAST(:expiries AS date[]))
         AS n (sku, serial, order_id, expiry)
    WHERE (u.sku, u.serial, u.order_id) = (n.sku, n.serial, n.order_id) AND u.shipment = ''
""")
UPDATE_LOT_EXPIRY = text("""
    UPDATE allocated_lot a SET expiry = n.expiry
    FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:orders AS text[]), CAST(:expiries AS date[]))
         AS n (sku, lot, order_id, expiry)
    WHERE (a.sku, a.lot, a.order_id) = (n.sku, n.lot, n.order_id) AND a.shipment = ''
""")
DUPLICATES = "ON CONFLICT DO NOTHING"
"""Holds are immutable, so a conflict is a duplicate."""


class UnitHold(NamedTuple):
    """A copy of a hold on a unit of an order."""

    sku: str
    serial: str
    hold_id: str
    reason: str


class LotHold(NamedTuple):
    """A copy of a hold on a lot, in the whole warehouse or at one location."""

    sku: str
    lot: str
    location: str
    hold_id: str
    reason: str


UNIT_HOLDS = RecordTable("unit_hold", UnitHold, "sku serial hold_id")
LOT_HOLDS = RecordTable("lot_hold", LotHold, "sku lot location hold_id")


async def load_picking(tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[Any]]) -> None:
    """Load orders with the listed units, locations, products and the local dates of dated items to pick."""
    if locations := {event.data.location for event in events if isinstance(event.data, PickItems | UnpickItems)}:
        uow.locations |= await reference_data.load_locations(tx, locations)
    unpicked_orders = {event.data.order for event in events if isinstance(event.data, UnpickItems)}
    units = [key for event in events for key in _unit_keys(event.data)]
    await load_orders(
        tx, uow, order_ids(events), units=units, whole_if_named=unpicked_orders, lot_cartons=unpicked_orders
    )
    if unpicked_orders:
        await _load_ssccs(tx, uow)
    picked_orders = {event.data.order for event in events if isinstance(event.data, PickItems)}
    orders = [order for order in uow.orders if order.order_id in picked_orders]
    dated_skus = {item.sku for order in orders for item in order.items if item.expiry}
    await load_products(tx, uow, dated_skus | skus_of_lot_selectors(events))
    if dated_skus:
        await load_local_dates(tx, uow, orders)


async def _load_ssccs(tx: Transaction, uow: FulfillmentUnitOfWork) -> None:
    """Load the SSCCs of the cartons that items may leave."""
    cartons = {item.carton for order in uow.orders for item in order.items if item.carton}
    if cartons:
        rows = await tx.fetch_all(SELECT_SSCCS, {"cartons": sorted(cartons)})
        uow.ssccs |= {row.carton: row.sscc for row in rows}


SELECT_SSCCS = text("""
    SELECT carton, sscc FROM carton WHERE carton = ANY(CAST(:cartons AS text[])) AND sscc IS NOT NULL
""")
SELECT_LEAVING_CARTONS = text("""
    SELECT c.carton FROM carton AS c JOIN shipment AS s USING (shipment) JOIN dispatch_check AS d USING (check_id)
    WHERE c.order_id = ANY(CAST(:orders AS text[])) AND d.status = 'PENDING'
""")


async def load_serial_holds(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[SerialHoldPlaced]]
) -> None:
    """Copy the holds on units of orders and load these; other held units are not allocated until the release."""
    holds = [
        UnitHold(event.data.sku, unit.serial, event.data.hold_id, event.data.reason)
        for event in events for unit in event.data.units
    ]  # fmt: skip
    await UNIT_HOLDS.insert_rows(tx, holds, DUPLICATES)
    units = [(event.data.sku, unit.serial) for event in events for unit in event.data.units]
    orders = {unit.order for event in events for unit in event.data.units}
    await load_orders(tx, uow, orders, units=units)


async def load_lot_holds(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[LotHoldPlaced]]
) -> None:
    """Copy holds on lots and load the affected orders."""
    await LOT_HOLDS.insert_rows(tx, _lot_holds(events), DUPLICATES)
    await load_orders(tx, uow, {affected.order for event in events for affected in event.data.stock})


async def load_revoked_units(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[SerialAllocationsRevoked]]
) -> None:
    """Load revoked units with their orders."""
    units = [(event.data.sku, unit.serial) for event in events for unit in event.data.units]
    await load_orders(tx, uow, {unit.order for event in events for unit in event.data.units}, units=units)


async def load_affected_orders(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    events: Sequence[CloudEvent[LotStockMissing] | CloudEvent[LotAllocationsRevoked]],
) -> None:
    """Load the orders whose stock is missing or revoked, and which of their cartons may have left."""
    orders = {affected.order for event in events for affected in event.data.stock}
    await load_orders(tx, uow, orders, lot_cartons=orders)
    await _load_leaving_cartons(tx, uow, orders)


async def load_missing_units(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[SerialStockMissing]]
) -> None:
    """Load missing units with their orders, and which cartons of these may have left."""
    units = [(event.data.sku, unit.serial) for event in events for unit in event.data.units]
    orders = {unit.order for event in events for unit in event.data.units}
    await load_orders(tx, uow, orders, units=units, whole_if_named=orders, lot_cartons=orders)
    await _load_leaving_cartons(tx, uow, orders)


async def _load_leaving_cartons(tx: Transaction, uow: FulfillmentUnitOfWork, orders: Iterable[str]) -> None:
    await _load_ssccs(tx, uow)
    rows = await tx.fetch_all(SELECT_LEAVING_CARTONS, {"orders": sorted(orders)})
    uow.leaving_cartons |= {row.carton for row in rows}


SELECT_SHIPPED_LOTS = text(f"""
    SELECT {LOTS.columns()} FROM allocated_lot
    JOIN unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:orders AS text[])) AS k (sku, lot, order_id)
        USING (sku, lot, order_id)
    WHERE shipment <> ''
""")  # noqa: S608


async def load_lot_corrections(
    tx: Transaction, uow: FulfillmentUnitOfWork, events: Sequence[CloudEvent[LotNumberCorrected]]
) -> None:
    """Load the orders with goods of corrected lots, also shipped ones, and what their shelf life is judged by."""
    keys = {(event.data.sku, event.data.from_lot, part.order) for event in events for part in event.data.stock}
    orders = {order_id for _, _, order_id in keys}
    await load_orders(tx, uow, orders, lot_cartons=orders)
    skus, lots, order_ids = map(list, zip(*sorted(keys), strict=True))
    rows = await tx.fetch_all(SELECT_SHIPPED_LOTS, {"skus": skus, "lots": lots, "orders": order_ids})
    uow.lots.load(LOTS.load(rows))
    uow.link()
    await load_products(tx, uow, set(skus))
    await load_local_dates(tx, uow, uow.orders)


async def delete_unit_holds(
    tx: Transaction, _: FulfillmentUnitOfWork, events: Sequence[CloudEvent[SerialHoldReleased]]
) -> None:
    """Delete the copies of released holds."""
    holds = [
        UnitHold(event.data.sku, serial, event.data.hold_id, "") for event in events for serial in event.data.serials
    ]
    await tx.execute(UNIT_HOLDS.delete(), UNIT_HOLDS.parameters(holds, UNIT_HOLDS.key))


async def delete_lot_holds(
    tx: Transaction, _: FulfillmentUnitOfWork, events: Sequence[CloudEvent[LotHoldReleased]]
) -> None:
    """Delete the copies of released holds on lots."""
    await tx.execute(LOT_HOLDS.delete(), LOT_HOLDS.parameters(_lot_holds(events), LOT_HOLDS.key))


async def update_unit_expiry(
    tx: Transaction, _: FulfillmentUnitOfWork, events: Sequence[CloudEvent[SerialExpiryCorrected]]
) -> None:
    """Set the corrected expiry date of units of the listed orders; the last correction wins."""
    latest = {
        (event.data.sku, serial, order_id): event.data.expiry
        for event in events for order_id in event.data.orders for serial in event.data.serials
    }  # fmt: skip
    skus, serials, order_ids = (list(column) for column in zip(*latest, strict=True))
    await tx.execute(
        UPDATE_UNIT_EXPIRY, {"skus": skus, "serials": serials, "orders": order_ids, "expiries": list(latest.values())}
    )


async def update_lot_expiry(
    tx: Transaction, _: FulfillmentUnitOfWork, events: Sequence[CloudEvent[LotDatesCorrected]]
) -> None:
    """Set the corrected expiry date of lot quantities of the listed orders; the last correction wins."""
    latest = {
        (event.data.sku, event.data.lot, order_id): event.data.expiry
        for event in events
        for order_id in event.data.orders
    }
    skus, lots, order_ids = (list(column) for column in zip(*latest, strict=True))
    await tx.execute(
        UPDATE_LOT_EXPIRY, {"skus": skus, "lots": lots, "orders": order_ids, "expiries": list(latest.values())}
    )


def _lot_holds(events: Iterable[CloudEvent[LotHoldPlaced]] | Iterable[CloudEvent[LotHoldReleased]]) -> list[LotHold]:
    holds = [event.data for event in events]
    return [LotHold(hold.sku, hold.lot, hold.location or "", hold.hold_id, hold.reason) for hold in holds]


def _unit_keys(data: Any) -> list[UnitKey]:
    """The units that a command lists."""
    if isinstance(data, SwapUnit):
        return (
            [(data.unit.sku, serial) for serial in (data.unit.serial, data.replacement) if serial] if data.unit else []
        )
    units = [(unit.sku, unit.serial) for unit in getattr(data, "units", ())]
    return [*units, *data.alternatives] if isinstance(data, ItemsCommand) else units
