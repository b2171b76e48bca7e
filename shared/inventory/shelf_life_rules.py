"""Finds the shelf-life rules of pools."""

from collections.abc import Iterable

from shared.inventory.demand import Pool
from shared.inventory.reference_data import load_products, load_warehouses
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.time_zone_changes import lock_time_zones
from shared.persistence.database import Transaction


async def find_shelf_life_rules(tx: Transaction, pools: Iterable[Pool]) -> dict[Pool, ShelfLifeRules]:
    """Return the rules of pools on their warehouses' local date, from the replicas of products and warehouses."""
    pool_set = set(pools)
    if not pool_set:
        return {}
    await lock_time_zones(tx, {warehouse for _, warehouse in pool_set})
    products = await load_products(tx, {sku for sku, _ in pool_set})
    warehouses = await load_warehouses(tx, {warehouse for _, warehouse in pool_set})
    rules_by_pool = {}
    for sku, warehouse in pool_set:
        time_zone = warehouses[warehouse].time_zone if warehouse in warehouses else "UTC"
        rules_by_pool[sku, warehouse] = ShelfLifeRules.as_of(
            tx.now, time_zone, products[sku].shelf_life if sku in products else None
        )
    return rules_by_pool
