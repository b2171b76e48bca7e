"""Locations: their types, their stock, and suggestions for putaways."""

from collections.abc import Iterable

from sqlalchemy import text

from services.lots.balances.domain.records import BalanceKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.tables import BALANCE, LOCATION_KEYS, RESERVATION, balance_arrays
from shared.inventory.reference_data import load_locations
from shared.persistence import locks
from shared.persistence.database import Transaction

SELECT_LOCATION_CHANGES = text("""
    SELECT DISTINCT balance.sku, balance.location FROM location JOIN balance USING (location)
    WHERE location.location = ANY(CAST(:locations AS text[])) AND balance.on_hand > 0
        AND balance.is_storage <> (location.type = 'STORAGE' AND location.is_active)
""")
SELECT_LOCATION_STOCK = text(f"""
    SELECT {BALANCE.columns()} FROM {LOCATION_KEYS} JOIN balance USING (sku, location) WHERE balance.on_hand > 0
""")  # noqa: S608
SELECT_RESERVATIONS_AT = text(f"""
    SELECT {RESERVATION.columns()} FROM {LOCATION_KEYS} JOIN balance USING (sku, location)
    JOIN reservation USING (sku, lot, location) WHERE balance.on_hand > 0 AND reservation.quantity > 0
""")  # noqa: S608
# The first storage location in pick sequence with only this lot of the product, otherwise the first empty one. The
# empty one is searched once per warehouse: each occupied location before it takes 5 µs.
SELECT_SUGGESTIONS = text("""
    WITH k AS MATERIALIZED (
        SELECT *, split_part(location, '/', 1) AS warehouse
        FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[])) AS k (sku, lot, location)
    ), empty AS MATERIALIZED (
        SELECT w.warehouse, first.location FROM (SELECT DISTINCT warehouse FROM k) AS w CROSS JOIN LATERAL (
            SELECT l.location FROM location AS l
            WHERE split_part(l.location, '/', 1) = w.warehouse AND l.type = 'STORAGE' AND l.is_active
                AND NOT EXISTS (SELECT FROM balance AS b WHERE b.location = l.location AND b.on_hand > 0)
            ORDER BY l.pick_sequence, l.location LIMIT 1
        ) AS first
    )
    SELECT k.sku, k.lot, k.location, coalesce(same.location, empty.location) AS suggested
    FROM k LEFT JOIN empty USING (warehouse) LEFT JOIN LATERAL (
        SELECT b.location FROM balance AS b JOIN location AS l USING (location)
        WHERE b.sku = k.sku AND b.lot = k.lot AND b.on_hand > 0 AND l.type = 'STORAGE' AND l.is_active
            AND b.warehouse = k.warehouse AND NOT EXISTS (
                SELECT FROM balance AS o
                WHERE o.location = b.location AND o.sku = k.sku AND o.lot <> k.lot AND o.on_hand > 0
            )
        ORDER BY l.pick_sequence, b.location LIMIT 1
    ) AS same ON true
""")


async def load_location_types(tx: Transaction, uow: LotsUnitOfWork, location_names: Iterable[str]) -> None:
    """Load the types of locations.

    A location that is not found is read again under its lock. A concurrent definition either has committed and is read
    here, or waits for the lock and reads the new stock. Otherwise this stock would never be released.
    """
    requested = {name for name in location_names if name}
    known_locations = dict(await load_locations(tx, requested))
    if missing := requested - known_locations.keys():
        await locks.acquire(tx, {f"location:{name}" for name in missing})
        known_locations |= await load_locations(tx, missing)
    uow.location_types |= {name: location.type for name, location in known_locations.items()}
    uow.inactive_locations -= known_locations.keys()
    uow.inactive_locations |= {name for name, location in known_locations.items() if not location.is_active}


async def load_location_stock(tx: Transaction, uow: LotsUnitOfWork, location_keys: Iterable[tuple[str, str]]) -> None:
    """Load all stock of products at locations: (sku, location)."""
    key_list = sorted(set(location_keys))
    values = {"skus": [sku for sku, _ in key_list], "locations": [location for _, location in key_list]}
    uow.balances.load(BALANCE.load(await tx.fetch_all(SELECT_LOCATION_STOCK, values)))
    uow.complete_locations.update(key_list)


async def load_reservations_at(tx: Transaction, uow: LotsUnitOfWork, location_keys: Iterable[tuple[str, str]]) -> None:
    """Load the reservations of products at locations: (sku, location)."""
    key_list = sorted(set(location_keys))
    values = {"skus": [sku for sku, _ in key_list], "locations": [location for _, location in key_list]}
    uow.reservations.load(RESERVATION.load(await tx.fetch_all(SELECT_RESERVATIONS_AT, values)))


async def load_arrivals(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Load the stock at storage locations where stock arrived, to find mixed lots."""
    if location_keys := uow.arrivals.keys() - uow.complete_locations:
        await load_location_stock(tx, uow, location_keys)


async def find_location_changes(tx: Transaction, location_names: Iterable[str]) -> set[tuple[str, str]]:
    """Return the stock recorded with other properties of its location: (sku, location)."""
    return {
        (row.sku, row.location)
        for row in await tx.fetch_all(SELECT_LOCATION_CHANGES, {"locations": list(location_names)})
    }


async def suggest_locations(tx: Transaction, keys: Iterable[BalanceKey]) -> dict[BalanceKey, str]:
    """Suggest locations for lots; concurrent changes of other products are not considered."""
    rows = await tx.fetch_all(SELECT_SUGGESTIONS, balance_arrays(keys))
    return {(row.sku, row.lot, row.location): row.suggested for row in rows if row.suggested}
