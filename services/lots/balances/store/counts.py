"""Loads the books of the time of counts, and saves counts."""

from collections.abc import Sequence

from sqlalchemy import text

from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.later_changes import COUNT_KEYS, count_arrays, load_later_changes
from services.lots.balances.store.load_stock import load_for_commands
from services.lots.balances.store.locations import load_location_stock
from services.lots.balances.store.missing_stock import load_demands_of
from services.lots.balances.store.tables import BALANCE, BALANCE_KEYS, COUNT, PICKED, balance_arrays
from shared.contracts.commands.lots import CountLot
from shared.contracts.envelope import CloudEvent
from shared.inventory.count_times import time_of_count
from shared.persistence.database import Transaction
from shared.settings import max_count_age

SELECT_PICKED_AT_LOCATIONS = text(f"""
    SELECT {PICKED.columns()} FROM {BALANCE_KEYS} JOIN picked_stock USING (sku, lot, location)
    WHERE picked_stock.quantity > 0
""")  # noqa: S608
# Of several counts at one time, the first has the earlier movements in its variance.
UPDATE_VARIANCES = text("""
    UPDATE stock_count AS c SET books = books - k.change, variance = variance + k.change
    FROM unnest(
        CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]), CAST(:times AS timestamptz[]),
        CAST(:changes AS numeric[])
    ) AS k (sku, lot, location, counted_at, change)
    WHERE c.id = (
        SELECT min(first.id) FROM stock_count AS first
        WHERE (first.sku, first.lot, first.location, first.counted_at) = (k.sku, k.lot, k.location, k.counted_at)
            AND first.status = 'SETTLED'
    )
""")
# A settled count answers what an earlier one left open.
UPDATE_SUPERSEDED = text(f"""
    UPDATE stock_count AS c SET status = 'SUPERSEDED' FROM {COUNT_KEYS}
    WHERE (c.sku, c.lot, c.location) = (k.sku, k.lot, k.location) AND c.counted_at <= k.counted_at
        AND c.status = 'DISCREPANCY'
""")  # noqa: S608


async def load_counts(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[CountLot]]) -> None:
    """Load the counted balances, what changed after the counts, picked stock, and the other lots there."""
    uow.max_count_age = max_count_age()
    keys = [(event.data.sku, event.data.lot, event.data.location) for event in events]
    keys = await load_for_commands(tx, uow, keys, events)
    await load_location_stock(tx, uow, {(sku, location) for sku, _, location in keys})
    uow.picked.load(PICKED.load(await tx.fetch_all(SELECT_PICKED_AT_LOCATIONS, balance_arrays(keys))))
    await load_demands_of(tx, uow, [row for key in set(keys) for row in uow.picked_by_location[key]])
    counts = sorted({(*key, min(time_of_count(event), tx.now)) for key, event in zip(keys, events, strict=True)})
    await load_later_changes(tx, uow, counts)


async def save_counts(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Save counts, changed variances, and the last counts of balances."""
    if balances := list(uow.counted_balances.values()):
        parameters = BALANCE.parameters(balances, (*BALANCE.key, "counted_at"))
        await tx.execute(BALANCE.update(("counted_at",)), parameters)
    await COUNT.insert_rows(tx, uow.counts)
    if settled := [count for count in uow.counts if count.status == "SETTLED"]:
        keys = [(count.sku, count.lot, count.location, count.counted_at) for count in settled]
        await tx.execute(UPDATE_SUPERSEDED, count_arrays(keys))
    if uow.count_revisions:
        keys = [(*key, counted_at) for key, counted_at in uow.count_revisions]
        values = count_arrays(keys) | {"changes": list(uow.count_revisions.values())}
        await tx.execute(UPDATE_VARIANCES, values)
    uow.counted_balances.clear()
    uow.counts.clear()
    uow.count_revisions.clear()
    uow.later_changes.clear()
