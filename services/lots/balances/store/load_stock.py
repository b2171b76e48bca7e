"""Loads lots with their holds, balances, reservations, picked stock, and the reference data of their products."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.lots.balances.domain.records import BalanceKey, LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.later_changes import load_later_counts
from services.lots.balances.store.locations import load_location_types
from services.lots.balances.store.tables import (
    BALANCE,
    BALANCE_KEYS,
    HOLD,
    LOT,
    LOT_KEYS,
    PICKED,
    RESERVATION,
    VARIANCE,
    balance_arrays,
    lot_arrays,
)
from shared.contracts.envelope import CloudEvent
from shared.identifiers import fold_lot
from shared.inventory import reference_data
from shared.inventory.approval_table import load_approvals
from shared.persistence.database import Transaction

# All spellings of a lot number: `lots` are comparison keys.
SELECT_LOTS = text(f"SELECT {LOT.columns('l')} FROM {LOT_KEYS} JOIN lot AS l ON l.lot_key = k.lot AND l.sku = k.sku")  # noqa: S608
SELECT_OPEN_HOLDS = text(f"""
    SELECT {HOLD.columns()} FROM {LOT_KEYS} JOIN hold USING (sku, lot) WHERE hold.released_at IS NULL
""")  # noqa: S608
SELECT_HOLDS = text(f"""
    SELECT {HOLD.columns()} FROM unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[])) AS k (sku, hold_id)
    JOIN hold USING (sku, hold_id)
""")  # noqa: S608
SELECT_BALANCES = text(f"SELECT {BALANCE.columns()} FROM {BALANCE_KEYS} JOIN balance USING (sku, lot, location)")  # noqa: S608
SELECT_LOT_BALANCES = text(f"""
    SELECT {BALANCE.columns()} FROM {LOT_KEYS} JOIN balance USING (sku, lot) WHERE balance.on_hand > 0
""")  # noqa: S608
SELECT_STOCK_UNDER_HOLDS = text(f"""
    SELECT {BALANCE.columns()} FROM {LOT_KEYS} JOIN balance USING (sku, lot)
    WHERE balance.on_hand > 0 OR balance.picked > 0
""")  # noqa: S608
SELECT_RESERVATIONS = text(f"""
    SELECT {RESERVATION.columns()} FROM {LOT_KEYS} JOIN reservation USING (sku, lot) WHERE reservation.quantity > 0
""")  # noqa: S608
SELECT_PICKED = text(f"""
    SELECT {PICKED.columns()} FROM {LOT_KEYS} JOIN picked_stock USING (sku, lot) WHERE picked_stock.quantity > 0
""")  # noqa: S608
SELECT_VARIANCES = text(f"""
    SELECT {VARIANCE.columns()} FROM {BALANCE_KEYS} JOIN variance USING (sku, lot, location)
    WHERE variance.settled_at IS NULL ORDER BY variance.id
""")  # noqa: S608
SELECT_ON_HAND_CHANGES = text("""
    SELECT k.sku, k.lot, k.location, k.reported_at, sum(ledger.on_hand) AS quantity
    FROM unnest(
        CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]), CAST(:times AS timestamptz[])
    ) AS k (sku, lot, location, reported_at)
    JOIN ledger USING (sku, lot, location) WHERE ledger.occurred_at > k.reported_at
    GROUP BY k.sku, k.lot, k.location, k.reported_at
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
    CROSS JOIN LATERAL (SELECT sku FROM lot WHERE lot_key = k.lot ORDER BY sku LIMIT 5) AS o GROUP BY k.lot
""")


async def load_balances(
    tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[BalanceKey], events: Sequence[CloudEvent[Any]]
) -> None:
    """Load balances with their lots, holds, open variances, locations and products; lots in any spelling.

    Of balances that were counted after the events, the later counts are loaded, too.
    """
    if key_list := sorted(set(keys)):
        await load_lots(tx, uow, [(sku, lot) for sku, lot, _ in key_list])
        key_list = [uow.stored_key(key) for key in key_list]
        uow.balances.load(BALANCE.load(await tx.fetch_all(SELECT_BALANCES, balance_arrays(key_list))))
        if missing_keys := [key for key in key_list if (balance := uow.balances.get(key)) and balance.missing]:
            uow.variances.load(VARIANCE.load(await tx.fetch_all(SELECT_VARIANCES, balance_arrays(missing_keys))))
        await load_later_counts(tx, uow, key_list, events)
        await load_location_types(tx, uow, [location for _, _, location in key_list])
        await load_products(tx, uow, {sku for sku, _, _ in key_list})


async def load_for_commands(
    tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[BalanceKey], events: Sequence[CloudEvent[Any]]
) -> list[BalanceKey]:
    """Load the balances of commands, and the orders and lots that violations may mention.

    Return the keys with the stored spellings of the lots.
    """
    key_list = list(keys)
    await load_balances(tx, uow, key_list, events)
    key_list = [uow.stored_key(key) for key in key_list]
    orders_by_key: dict[BalanceKey, list[str]] = {}
    for row in await tx.fetch_all(
        SELECT_ALLOCATING_ORDERS, balance_arrays(key for key in key_list if key in uow.balances)
    ):
        orders_by_key.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
    uow.allocating_orders |= orders_by_key
    if unknown_lots := {lot for sku, lot, _ in key_list if lot and (sku, lot) not in uow.lots}:
        rows = await tx.fetch_all(SELECT_SAME_NUMBERED_LOTS, {"lots": list(map(fold_lot, unknown_lots))})
        uow.same_numbered_lots |= {row.lot: row.skus for row in rows}
    return key_list


async def load_lots(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load lots in every spelling, with the open holds of the requested and the stored one."""
    key_set = set(keys)
    folded_keys = lot_arrays((sku, fold_lot(lot)) for sku, lot in key_set)
    uow.lots.load(LOT.load(await tx.fetch_all(SELECT_LOTS, folded_keys)))
    key_set |= {(sku, uow.stored_lot(sku, lot)) for sku, lot in key_set}
    uow.holds.load(HOLD.load(await tx.fetch_all(SELECT_OPEN_HOLDS, lot_arrays(key_set))))


async def load_lot_balances(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load the balances of lots at all locations: a released hold or a corrected date concerns all of them."""
    uow.balances.load(BALANCE.load(await tx.fetch_all(SELECT_LOT_BALANCES, lot_arrays(keys))))


async def load_stock_under_changed_holds(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Load the stock of lots of which holds were placed or released."""
    if keys := {hold.lot_key for hold, _ in uow.changed_holds}:
        uow.balances.load(BALANCE.load(await tx.fetch_all(SELECT_STOCK_UNDER_HOLDS, lot_arrays(keys))))


async def load_on_hand_changes(
    tx: Transaction, uow: LotsUnitOfWork, reports: Iterable[tuple[BalanceKey, datetime]]
) -> None:
    """Load the changes of the on-hand quantity after the times of reports."""
    if report_set := set(reports):
        skus, lots, locations = map(list, zip(*(key for key, _ in report_set), strict=True))
        values = {"skus": skus, "lots": lots, "locations": locations, "times": [at for _, at in report_set]}
        for row in await tx.fetch_all(SELECT_ON_HAND_CHANGES, values):
            uow.on_hand_changes[(row.sku, row.lot, row.location), row.reported_at] = row.quantity


async def load_commitments(tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[LotKey]) -> None:
    """Load the reservations and picked stock of lots, and its approvals: events of holds and corrections list them."""
    arrays = lot_arrays(keys)
    uow.reservations.load(RESERVATION.load(await tx.fetch_all(SELECT_RESERVATIONS, arrays)))
    picked = PICKED.load(await tx.fetch_all(SELECT_PICKED, arrays))
    uow.picked.load(picked)
    if skus := {row.sku for row in picked if row.quantity}:
        await load_approvals(tx, uow, skus)


async def load_holds(tx: Transaction, uow: LotsUnitOfWork, hold_keys: Iterable[tuple[str, str]]) -> None:
    """Load holds by SKU and id, including released ones."""
    key_list = sorted(set(hold_keys))
    values = {"skus": [sku for sku, _ in key_list], "hold_ids": [hold_id for _, hold_id in key_list]}
    uow.holds.load(HOLD.load(await tx.fetch_all(SELECT_HOLDS, values)))


async def load_products(tx: Transaction, uow: LotsUnitOfWork, skus: Iterable[str]) -> None:
    """Load the tracking, decimals and shelf-life policies of products."""
    for sku, product in (await reference_data.load_products(tx, skus)).items():
        uow.tracking[sku], uow.decimals[sku] = product.tracking, product.decimals
        uow.shelf_life[sku] = product.shelf_life
