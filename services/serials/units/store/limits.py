"""Reads what limits the life of units by product and warehouse; only for pools in which a unit has an expiry."""

from collections.abc import Iterable

from services.serials.units.domain.limits import Limits
from services.serials.units.domain.unit import Pool, Unit
from shared.database import Transaction
from shared.replica import products, warehouses
from shared.rezoned import keep_days


async def limits_of(tx: Transaction, pools: Iterable[Pool]) -> dict[Pool, Limits]:
    """Give the limits of pools on their warehouses' day, from this service's copies of products and warehouses."""
    wanted = set(pools)
    if not wanted:
        return {}
    await keep_days(tx, {warehouse for _, warehouse in wanted})
    known = await products(tx, {sku for sku, _ in wanted})
    sites = await warehouses(tx, {warehouse for _, warehouse in wanted})
    found = {}
    for sku, warehouse in wanted:
        zone = sites[warehouse].time_zone if warehouse in sites else "UTC"
        found[sku, warehouse] = Limits.on(tx.now, zone, known[sku].life if sku in known else None)
    return found


async def limits_on(tx: Transaction, units: Iterable[Unit]) -> dict[Pool, Limits]:
    """Give the limits of the units that have an expiry."""
    return await limits_of(tx, {unit.pool for unit in units if unit.expiry})
