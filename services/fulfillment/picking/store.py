"""Stores copies of holds and corrected expiry dates; loads locations and pick rules."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from services.fulfillment.picking.domain import PickRules
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotDatesCorrected, LotHoldPlaced, LotHoldReleased
from shared.contracts.serials import SerialExpiryCorrected, SerialHoldPlaced, SerialHoldReleased
from shared.inventory import reference_data
from shared.inventory.expiry import today
from shared.persistence.database import Transaction

# Holds are immutable, so a conflict is a duplicate.
INSERT_UNIT_HOLDS = text("""
    INSERT INTO unit_hold (sku, serial, hold_id, reason)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:hold_ids AS text[]),
                         CAST(:reasons AS text[]))
    ON CONFLICT DO NOTHING
""")
DELETE_UNIT_HOLDS = text("""
    DELETE FROM unit_hold h
    USING unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:hold_ids AS text[])) AS n (sku, serial, hold_id)
    WHERE h.sku = n.sku AND h.serial = n.serial AND h.hold_id = n.hold_id
""")

INSERT_LOT_HOLDS = text("""
    INSERT INTO lot_hold (sku, lot, location, hold_id, reason)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]),
                         CAST(:hold_ids AS text[]), CAST(:reasons AS text[]))
    ON CONFLICT DO NOTHING
""")
DELETE_LOT_HOLDS = text("""
    DELETE FROM lot_hold h
    USING unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]), CAST(:hold_ids AS text[]))
          AS n (sku, lot, location, hold_id)
    WHERE (h.sku, h.lot, h.location, h.hold_id) = (n.sku, n.lot, n.location, n.hold_id)
""")

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


async def insert_unit_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHoldPlaced]]) -> None:
    """Copy the holds on units of orders; other held units are not allocated until the release of the hold."""
    rows = [
        (event.data.sku, unit.serial, event.data.hold_id, event.data.reason)
        for event in events for unit in event.data.units if unit.order is not None
    ]  # fmt: skip
    if rows:
        skus, serials, hold_ids, reasons = (list(column) for column in zip(*rows, strict=True))
        await tx.execute(
            INSERT_UNIT_HOLDS, {"skus": skus, "serials": serials, "hold_ids": hold_ids, "reasons": reasons}
        )


async def delete_unit_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHoldReleased]]) -> None:
    """Delete the copies of released holds."""
    rows = [(event.data.sku, serial, event.data.hold_id) for event in events for serial in event.data.serials]
    if rows:
        skus, serials, hold_ids = (list(column) for column in zip(*rows, strict=True))
        await tx.execute(DELETE_UNIT_HOLDS, {"skus": skus, "serials": serials, "hold_ids": hold_ids})


async def insert_lot_holds(tx: Transaction, events: Sequence[CloudEvent[LotHoldPlaced]]) -> None:
    """Copy holds on lots."""
    await tx.execute(INSERT_LOT_HOLDS, _hold_parameters(events) | {"reasons": [event.data.reason for event in events]})


async def delete_lot_holds(tx: Transaction, events: Sequence[CloudEvent[LotHoldReleased]]) -> None:
    """Delete the copies of released holds on lots."""
    await tx.execute(DELETE_LOT_HOLDS, _hold_parameters(events))


async def update_unit_expiry(tx: Transaction, events: Sequence[CloudEvent[SerialExpiryCorrected]]) -> None:
    """Set the corrected expiry date of units of the listed orders; the last correction wins."""
    latest = {
        (event.data.sku, serial, order_id): event.data.expiry
        for event in events for order_id in event.data.orders for serial in event.data.serials
    }  # fmt: skip
    skus, serials, order_ids = (list(column) for column in zip(*latest, strict=True))
    await tx.execute(
        UPDATE_UNIT_EXPIRY, {"skus": skus, "serials": serials, "orders": order_ids, "expiries": list(latest.values())}
    )


async def update_lot_expiry(tx: Transaction, events: Sequence[CloudEvent[LotDatesCorrected]]) -> None:
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


def _hold_parameters(
    events: Sequence[CloudEvent[LotHoldPlaced]] | Sequence[CloudEvent[LotHoldReleased]],
) -> dict[str, list[str]]:
    holds = [event.data for event in events]
    return {
        "skus": [hold.sku for hold in holds],
        "lots": [hold.lot for hold in holds],
        "locations": [hold.location or "" for hold in holds],
        "hold_ids": [hold.hold_id for hold in holds],
    }


async def load_pick_rules(tx: Transaction, skus: Iterable[str], warehouses: Iterable[str]) -> PickRules:
    """Load the local dates of warehouses and the shelf-life policies of products."""
    warehouses_by_name = await reference_data.load_warehouses(tx, warehouses)
    products = await reference_data.load_products(tx, skus)
    return PickRules(
        {warehouse_id: today(tx.now, warehouse.time_zone) for warehouse_id, warehouse in warehouses_by_name.items()},
        {sku: product.shelf_life for sku, product in products.items()},
    )


async def load_locations(tx: Transaction, location_ids: Iterable[str]) -> Mapping[str, reference_data.Location]:
    """Load the locations that commands refer to."""
    return await reference_data.load_locations(tx, location_ids)
