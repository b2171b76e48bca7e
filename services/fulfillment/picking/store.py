"""The copies of holds and corrected dates, the places that picks and unpicks name, and what the guard looks at."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from services.fulfillment.picking.domain import Guard
from shared import replica
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotCorrected, LotHeld, LotHoldLifted
from shared.contracts.serials import SerialCorrected, SerialHeld, SerialHoldLifted
from shared.database import Transaction
from shared.stock.expiry import today

# A hold that is known already is the same hold: nothing is decided by this row but that a unit is held.
HOLD = text("""
    INSERT INTO unit_hold (sku, serial, hold, reason)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:holds AS text[]),
                         CAST(:reasons AS text[]))
    ON CONFLICT DO NOTHING
""")
LIFT = text("""
    DELETE FROM unit_hold h
    USING unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:holds AS text[])) AS n (sku, serial, hold)
    WHERE h.sku = n.sku AND h.serial = n.serial AND h.hold = n.hold
""")

HOLD_LOT = text("""
    INSERT INTO lot_hold (sku, lot, location, hold, reason)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]),
                         CAST(:holds AS text[]), CAST(:reasons AS text[]))
    ON CONFLICT DO NOTHING
""")
LIFT_LOT = text("""
    DELETE FROM lot_hold h
    USING unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]), CAST(:holds AS text[]))
          AS n (sku, lot, location, hold)
    WHERE (h.sku, h.lot, h.location, h.hold) = (n.sku, n.lot, n.location, n.hold)
""")

# What has left keeps the expiry it left with. By the primary key of unit, and by pile_order.
CORRECT = text("""
    UPDATE unit u SET expiry = n.expiry
    FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:orders AS text[]), CAST(:expiries AS date[]))
         AS n (sku, serial, order_id, expiry)
    WHERE (u.sku, u.serial, u.order_id) = (n.sku, n.serial, n.order_id) AND u.shipment = ''
""")
CORRECT_LOT = text("""
    UPDATE pile p SET expiry = n.expiry
    FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:orders AS text[]), CAST(:expiries AS date[]))
         AS n (sku, lot, order_id, expiry)
    WHERE (p.sku, p.lot, p.order_id) = (n.sku, n.lot, n.order_id) AND p.shipment = ''
""")


async def keep_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHeld]]) -> None:
    """Copy the holds on units of orders; a free unit that is held is given to nobody before it is lifted."""
    rows = [
        (event.data.sku, unit.serial, event.data.hold, event.data.reason)
        for event in events for unit in event.data.units if unit.order is not None
    ]  # fmt: skip
    if rows:
        skus, serials, holds, reasons = (list(column) for column in zip(*rows, strict=True))
        await tx.run(HOLD, {"skus": skus, "serials": serials, "holds": holds, "reasons": reasons})


async def drop_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHoldLifted]]) -> None:
    """Forget holds that were lifted."""
    rows = [(event.data.sku, serial, event.data.hold) for event in events for serial in event.data.serials]
    if rows:
        skus, serials, holds = (list(column) for column in zip(*rows, strict=True))
        await tx.run(LIFT, {"skus": skus, "serials": serials, "holds": holds})


async def keep_lot_holds(tx: Transaction, events: Sequence[CloudEvent[LotHeld]]) -> None:
    """Copy the holds on lots."""
    await tx.run(HOLD_LOT, _scopes(events) | {"reasons": [event.data.reason for event in events]})


async def drop_lot_holds(tx: Transaction, events: Sequence[CloudEvent[LotHoldLifted]]) -> None:
    """Forget holds on lots that were lifted."""
    await tx.run(LIFT_LOT, _scopes(events))


async def correct_units(tx: Transaction, events: Sequence[CloudEvent[SerialCorrected]]) -> None:
    """Let units in the hands of the orders named expire on their corrected day; the last correction counts."""
    latest = {
        (event.data.sku, serial, order): event.data.expiry
        for event in events for order in event.data.orders for serial in event.data.serials
    }  # fmt: skip
    skus, serials, orders = (list(column) for column in zip(*latest, strict=True))
    await tx.run(CORRECT, {"skus": skus, "serials": serials, "orders": orders, "expiries": list(latest.values())})


async def correct_lots(tx: Transaction, events: Sequence[CloudEvent[LotCorrected]]) -> None:
    """Let what the orders named have of lots expire on its corrected day; the last correction counts."""
    latest = {
        (event.data.sku, event.data.lot, order): event.data.expiry for event in events for order in event.data.orders
    }
    skus, lots, orders = (list(column) for column in zip(*latest, strict=True))
    await tx.run(CORRECT_LOT, {"skus": skus, "lots": lots, "orders": orders, "expiries": list(latest.values())})


def _scopes(events: Sequence[CloudEvent[LotHeld]] | Sequence[CloudEvent[LotHoldLifted]]) -> dict[str, list[str]]:
    said = [event.data for event in events]
    return {
        "skus": [one.sku for one in said],
        "lots": [one.lot for one in said],
        "locations": [one.location or "" for one in said],
        "holds": [one.hold for one in said],
    }


async def guard(tx: Transaction, skus: Iterable[str], warehouses: Iterable[str]) -> Guard:
    """The day it is in warehouses, and what the life of products means."""
    sites = await replica.warehouses(tx, warehouses)
    products = await replica.products(tx, skus)
    return Guard(
        {name: today(tx.now, site.time_zone) for name, site in sites.items()},
        {sku: product.life for sku, product in products.items()},
    )


async def spots(tx: Transaction, locations: Iterable[str]) -> Mapping[str, replica.Place]:
    """The places that commands name."""
    return await replica.locations(tx, locations)
