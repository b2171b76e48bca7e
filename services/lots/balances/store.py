"""Loads and saves lot stock under the lock of the SKU, with one statement per table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from services.lots.balances.domain.records import (
    Balance,
    BalanceKey,
    Hold,
    Lot,
    LotKey,
    PickedQuantity,
    Reservation,
    TrackedRow,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.inventory.reference_data import load_locations, load_products
from shared.persistence import locks
from shared.persistence.database import Transaction
from shared.persistence.records import load_records


class Table:
    """Statements of a table whose columns have the names of the record's fields."""

    def __init__(self, name: str, columns: Mapping[str, str], keys: str = "", mutable: str = "") -> None:
        self.select_columns = ", ".join(f"{name}.{column}" for column in columns)
        # The identity column is generated.
        insertable = {column: column_type for column, column_type in columns.items() if column != "id"}
        self.insert_columns = list(insertable)
        self.insert_statement = text(
            f"INSERT INTO {name} ({', '.join(insertable)}) SELECT * FROM unnest({_arrays(insertable)})"  # noqa: S608
        )
        self.update_statement = (
            _update(name, columns, keys.split(), mutable.split()) if mutable else self.insert_statement
        )
        self.update_columns = [*keys.split(), *mutable.split()]


def _arrays(columns: Mapping[str, str]) -> str:
    return ", ".join(f"CAST(:{name} AS {column_type}[])" for name, column_type in columns.items())


def _update(table: str, columns: Mapping[str, str], keys: Sequence[str], mutable: Sequence[str]) -> TextClause:
    typed_columns = {name: columns[name] for name in [*keys, *mutable]}
    return text(f"""
        UPDATE {table} SET {", ".join(f"{name} = changed.{name}" for name in mutable)}
        FROM unnest({_arrays(typed_columns)}) AS changed ({", ".join(typed_columns)})
        WHERE {" AND ".join(f"{table}.{name} = changed.{name}" for name in keys)}
    """)  # noqa: S608 - all names are constants of this module


TEXT, NUMERIC, DATE, TIMESTAMP = "text", "numeric", "date", "timestamptz"
CONTEXT_COLUMNS = {
    "reason": TEXT,
    "actor": TEXT,
    "occurred_at": TIMESTAMP,
    "recorded_at": TIMESTAMP,
    "cause_source": TEXT,
    "cause_id": TEXT,
}
DEMAND_COLUMNS = {"order_id": TEXT, "line": TEXT, "quantity": NUMERIC}

LOT = Table(
    "lot",
    {"sku": TEXT, "lot": TEXT, "expiry": DATE, "manufactured_on": DATE, "best_before": DATE,
     "first_received_at": TIMESTAMP, "supplier": TEXT},
    "sku lot", "expiry manufactured_on best_before",
)  # fmt: skip
BALANCE = Table(
    "balance",
    {"sku": TEXT, "lot": TEXT, "location": TEXT, "warehouse": TEXT, "is_storage": "boolean",
     "on_hand": NUMERIC, "allocated": NUMERIC, "expiry": DATE, "next_expiry_check": DATE},
    "sku lot location", "is_storage on_hand allocated",
)  # fmt: skip
RESERVATION = Table(
    "reservation", {"demand_id": TEXT, "lot": TEXT, "location": TEXT, "sku": TEXT, **DEMAND_COLUMNS},
    "demand_id lot location", "quantity",
)  # fmt: skip
PICKED = Table(
    "picked_stock",
    {"demand_id": TEXT, "lot": TEXT, "sku": TEXT, "warehouse": TEXT, **DEMAND_COLUMNS, "expiry": DATE,
     "next_expiry_check": DATE},
    "demand_id lot", "quantity expiry next_expiry_check",
)  # fmt: skip
HOLD = Table(
    "hold",
    {"hold_id": TEXT, "sku": TEXT, "lot": TEXT, "location": TEXT, "kind": TEXT, "reason": TEXT, "owner_role": TEXT,
     "return_id": TEXT, "pending_quantity": NUMERIC, "opened_by": TEXT, "opened_at": TIMESTAMP, "released_by": TEXT,
     "released_at": TIMESTAMP, "released_reason": TEXT, "id": "bigint"},
    "id", "pending_quantity released_by released_at released_reason",
)  # fmt: skip
LEDGER = Table(
    "ledger",
    {"change": TEXT, "sku": TEXT, "lot": TEXT, "warehouse": TEXT, "location": TEXT, "on_hand": NUMERIC,
     "picked": NUMERIC, **CONTEXT_COLUMNS, "receipt": TEXT, "order_id": TEXT, "line": TEXT, "demand_id": TEXT,
     "shipment": TEXT,
     "customer": TEXT, "return_id": TEXT, "supplier": TEXT},
)  # fmt: skip
CORRECTION = Table(
    "correction",
    {"sku": TEXT, "lot": TEXT, "previous_expiry": DATE, "expiry": DATE, "previous_manufactured_on": DATE,
     "manufactured_on": DATE, "previous_best_before": DATE, "best_before": DATE, **CONTEXT_COLUMNS},
)  # fmt: skip

LOT_KEYS = "unnest(CAST(:skus AS text[]), CAST(:lots AS text[])) AS k (sku, lot)"
BALANCE_KEYS = (
    "unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[])) AS k (sku, lot, location)"
)
LOCATION_KEYS = "unnest(CAST(:skus AS text[]), CAST(:locations AS text[])) AS k (sku, location)"

SELECT_LOTS = text(f"SELECT {LOT.select_columns} FROM {LOT_KEYS} JOIN lot USING (sku, lot)")  # noqa: S608
SELECT_OPEN_HOLDS = text(f"""
    SELECT {HOLD.select_columns} FROM {LOT_KEYS} JOIN hold USING (sku, lot) WHERE hold.released_at IS NULL
""")  # noqa: S608
SELECT_HOLDS = text(f"""
    SELECT {HOLD.select_columns} FROM unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[])) AS k (sku, hold_id)
    JOIN hold USING (sku, hold_id)
""")  # noqa: S608
SELECT_BALANCES = text(f"SELECT {BALANCE.select_columns} FROM {BALANCE_KEYS} JOIN balance USING (sku, lot, location)")  # noqa: S608
SELECT_LOCATION_STOCK = text(f"""
    SELECT {BALANCE.select_columns} FROM {LOCATION_KEYS} JOIN balance USING (sku, location) WHERE balance.on_hand > 0
""")  # noqa: S608
SELECT_LOT_BALANCES = text(f"""
    SELECT {BALANCE.select_columns} FROM {LOT_KEYS} JOIN balance USING (sku, lot) WHERE balance.on_hand > 0
""")  # noqa: S608
SELECT_RESERVATIONS = text(f"""
    SELECT {RESERVATION.select_columns} FROM {LOT_KEYS} JOIN reservation USING (sku, lot) WHERE reservation.quantity > 0
""")  # noqa: S608
SELECT_PICKED = text(f"""
    SELECT {PICKED.select_columns} FROM {LOT_KEYS} JOIN picked_stock USING (sku, lot) WHERE picked_stock.quantity > 0
""")  # noqa: S608
# A corrected expiry is copied to all balances of the lot and makes their expiry check due at once. Picked rows with
# quantity zero are left out: the next pick copies both columns from the balance.
UPDATE_EXPIRY = [
    text(f"""
        UPDATE {table} AS stock SET next_expiry_check = '-infinity', expiry = coalesce(lot.expiry, 'infinity')
        FROM {LOT_KEYS} JOIN lot USING (sku, lot) WHERE stock.sku = k.sku AND stock.lot = k.lot {condition}
    """)  # noqa: S608
    for table, condition in (("balance", ""), ("picked_stock", "AND stock.quantity > 0"))
]
DELETE_NOTICES = text(f"DELETE FROM expiry_notice AS n USING {LOT_KEYS} WHERE n.sku = k.sku AND n.lot = k.lot")  # noqa: S608
SELECT_LOCATION_TYPE_CHANGES = text("""
    SELECT DISTINCT balance.sku, balance.location FROM location JOIN balance USING (location)
    WHERE location.location = ANY(CAST(:locations AS text[])) AND balance.on_hand > 0
        AND balance.is_storage <> (location.type = 'STORAGE')
""")
SELECT_ALLOCATING_ORDERS = text(f"""
    SELECT k.sku, k.lot, k.location, r.order_id FROM {BALANCE_KEYS} CROSS JOIN LATERAL (
        SELECT DISTINCT order_id FROM (
            SELECT order_id FROM reservation
            WHERE sku = k.sku AND lot = k.lot AND location = k.location AND quantity > 0 LIMIT 20
        ) AS sample
    ) AS r ORDER BY r.order_id
""")  # noqa: S608
SELECT_SAME_NUMBERED_LOTS = text("""
    SELECT k.lot, array_agg(o.sku) AS skus FROM unnest(CAST(:lots AS text[])) AS k (lot)
    CROSS JOIN LATERAL (SELECT sku FROM lot WHERE lot = k.lot ORDER BY sku LIMIT 5) AS o GROUP BY k.lot
""")
# The first storage location in pick sequence with only this lot of the product, otherwise the first empty one. The
# empty one is searched once per warehouse: each occupied location before it takes 5 µs.
SELECT_SUGGESTIONS = text("""
    WITH k AS MATERIALIZED (
        SELECT *, split_part(location, '/', 1) AS warehouse
        FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[])) AS k (sku, lot, location)
    ), empty AS MATERIALIZED (
        SELECT w.warehouse, first.location FROM (SELECT DISTINCT warehouse FROM k) AS w CROSS JOIN LATERAL (
            SELECT l.location FROM location AS l
            WHERE split_part(l.location, '/', 1) = w.warehouse AND l.type = 'STORAGE'
                AND NOT EXISTS (SELECT FROM balance AS b WHERE b.location = l.location AND b.on_hand > 0)
            ORDER BY l.pick_sequence, l.location LIMIT 1
        ) AS first
    )
    SELECT k.sku, k.lot, k.location, coalesce(same.location, empty.location) AS suggested
    FROM k LEFT JOIN empty USING (warehouse) LEFT JOIN LATERAL (
        SELECT b.location FROM balance AS b JOIN location AS l USING (location)
        WHERE b.sku = k.sku AND b.lot = k.lot AND b.on_hand > 0 AND l.type = 'STORAGE'
            AND b.warehouse = k.warehouse AND NOT EXISTS (
                SELECT FROM balance AS o
                WHERE o.location = b.location AND o.sku = k.sku AND o.lot <> k.lot AND o.on_hand > 0
            )
        ORDER BY l.pick_sequence, b.location LIMIT 1
    ) AS same ON true
""")


def _lot_arrays(keys: Iterable[LotKey]) -> dict[str, Any]:
    key_list = sorted(set(keys))
    return {"skus": [sku for sku, _ in key_list], "lots": [lot for _, lot in key_list]}


def _balance_arrays(keys: Iterable[BalanceKey]) -> dict[str, Any]:
    key_list = sorted(set(keys))
    return {
        "skus": [sku for sku, _, _ in key_list],
        "lots": [lot for _, lot, _ in key_list],
        "locations": [location for _, _, location in key_list],
    }


async def load(tx: Transaction, keys: Iterable[BalanceKey], uow: LotsUnitOfWork | None = None) -> LotsUnitOfWork:
    """Load balances with their lots, holds, locations and products."""
    uow = uow or LotsUnitOfWork(tx.now)
    key_list = sorted(set(keys))
    if key_list:
        await load_lots(tx, uow, [(sku, lot) for sku, lot, _ in key_list])
        uow.load(load_records(Balance, await tx.fetch_all(SELECT_BALANCES, _balance_arrays(key_list))))
        await load_location_types(tx, uow, [location for _, _, location in key_list])
        known_products = await load_products(tx, [sku for sku, _, _ in key_list])
        uow.tracking = {**uow.tracking, **{sku: product.tracking for sku, product in known_products.items()}}
        uow.decimals = {**uow.decimals, **{sku: product.decimals for sku, product in known_products.items()}}
        uow.expiry_required_skus |= {
            sku for sku, product in known_products.items() if product.shelf_life.expiry_required
        }
    return uow


async def load_for_commands(tx: Transaction, keys: Iterable[BalanceKey]) -> LotsUnitOfWork:
    """Load the balances of commands, and the orders and lots that violations may mention."""
    key_list = list(keys)
    uow = await load(tx, key_list)
    orders_by_key: dict[BalanceKey, list[str]] = {}
    for row in await tx.fetch_all(
        SELECT_ALLOCATING_ORDERS, _balance_arrays(key for key in key_list if key in uow.balances)
    ):
        orders_by_key.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
    uow.allocating_orders = orders_by_key
    if unknown_lots := {lot for sku, lot, _ in key_list if lot and (sku, lot) not in uow.lots}:
        rows = await tx.fetch_all(SELECT_SAME_NUMBERED_LOTS, {"lots": list(unknown_lots)})
        uow.same_numbered_lots = {row.lot: row.skus for row in rows}
    return uow


async def load_lots(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load lots with their open holds."""
    arrays = _lot_arrays(keys)
    uow.load(load_records(Lot, await tx.fetch_all(SELECT_LOTS, arrays)))
    uow.load(load_records(Hold, await tx.fetch_all(SELECT_OPEN_HOLDS, arrays)))


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
    uow.location_types = {**uow.location_types, **{name: location.type for name, location in known_locations.items()}}


async def load_location_stock(tx: Transaction, uow: LotsUnitOfWork, location_keys: Iterable[tuple[str, str]]) -> None:
    """Load all stock of products at locations: (sku, location)."""
    key_list = sorted(set(location_keys))
    values = {"skus": [sku for sku, _ in key_list], "locations": [location for _, location in key_list]}
    uow.load(load_records(Balance, await tx.fetch_all(SELECT_LOCATION_STOCK, values)))


async def find_location_type_changes(tx: Transaction, location_names: Iterable[str]) -> set[tuple[str, str]]:
    """Return the stock recorded with another location type: (sku, location)."""
    return {
        (row.sku, row.location)
        for row in await tx.fetch_all(SELECT_LOCATION_TYPE_CHANGES, {"locations": list(location_names)})
    }


async def suggest_locations(tx: Transaction, keys: Iterable[BalanceKey]) -> dict[BalanceKey, str]:
    """Suggest locations for lots; concurrent changes of other products are not considered."""
    rows = await tx.fetch_all(SELECT_SUGGESTIONS, _balance_arrays(keys))
    return {(row.sku, row.lot, row.location): row.suggested for row in rows if row.suggested}


async def load_all_locations(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load all balances of lots: a released hold or a corrected date concerns all of them."""
    uow.load(load_records(Balance, await tx.fetch_all(SELECT_LOT_BALANCES, _lot_arrays(keys))))


async def load_commitments(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load the reservations and picked stock of lots: events of holds and corrections list them."""
    arrays = _lot_arrays(keys)
    uow.load(load_records(Reservation, await tx.fetch_all(SELECT_RESERVATIONS, arrays)))
    uow.load(load_records(PickedQuantity, await tx.fetch_all(SELECT_PICKED, arrays)))


async def load_holds(tx: Transaction, uow: LotsUnitOfWork, hold_keys: Iterable[tuple[str, str]]) -> None:
    """Load holds by SKU and id, including released ones."""
    key_list = sorted(set(hold_keys))
    values = {"skus": [sku for sku, _ in key_list], "hold_ids": [hold_id for _, hold_id in key_list]}
    uow.load(load_records(Hold, await tx.fetch_all(SELECT_HOLDS, values)))


async def save(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Save new and changed rows, ledger entries and corrections."""
    for table, rows in (
        (LOT, uow.lots.values()),
        (BALANCE, uow.balances.values()),
        (RESERVATION, uow.reservations.values()),
        (PICKED, uow.picked.values()),
        (HOLD, [hold for holds in uow.holds.values() for hold in holds]),
    ):
        dirty_rows: list[TrackedRow] = [row for row in rows if row.is_dirty]
        await _write(tx, table, [row for row in dirty_rows if row.is_new])
        await _write(tx, table, [row for row in dirty_rows if not row.is_new], update=True)
    await _write(tx, LEDGER, uow.ledger)
    await _write(tx, CORRECTION, uow.corrections)
    if redated_lots := [
        (correction.sku, correction.lot)
        for correction in uow.corrections
        if correction.expiry != correction.previous_expiry
    ]:
        for statement in (*UPDATE_EXPIRY, DELETE_NOTICES):
            await tx.execute(statement, _lot_arrays(redated_lots))


async def _write(tx: Transaction, table: Table, rows: Sequence[Any], *, update: bool = False) -> None:
    if rows:
        column_names = table.update_columns if update else table.insert_columns
        statement = table.update_statement if update else table.insert_statement
        await tx.execute(
            statement, {column_name: [getattr(row, column_name) for row in rows] for column_name in column_names}
        )
