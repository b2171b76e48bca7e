"""Loads what changed at a location after a time, for the books of that time, and the counts after late messages."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.lots.balances.domain.ledger import COUNT_TYPES, LaterChange
from services.lots.balances.domain.records import Balance, BalanceKey, DemandRef
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.tables import BALANCE_KEYS, balance_arrays
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.commands.lots import AdjustLot, MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent
from shared.persistence.database import Transaction

LocationAtTime = tuple[str, str, str, datetime]
"""SKU, lot, location and time."""

COUNT_KEYS = """
    unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[]), CAST(:times AS timestamptz[]))
    AS k (sku, lot, location, counted_at)
"""
# A sender with a fast clock reports a movement before its time: it counts from its recording.
SELECT_LATER_CHANGES = text(f"""
    SELECT sku, lot, k.location, counted_at, changed.demand_id, changed.order_id, changed.line, changed.quantity, change
    FROM {COUNT_KEYS} JOIN ledger USING (sku, lot) CROSS JOIN LATERAL (
        SELECT NULL AS demand_id, NULL AS order_id, NULL AS line, on_hand AS quantity
        WHERE ledger.location = k.location AND on_hand <> 0
        UNION ALL SELECT ledger.demand_id, ledger.order_id, ledger.line, picked WHERE picked_location = k.location
    ) AS changed
    WHERE ledger.occurred_at > k.counted_at AND ledger.recorded_at > k.counted_at
""")  # noqa: S608
SELECT_LATER_COUNTS = text(f"""
    SELECT sku, lot, location, counted_at FROM {BALANCE_KEYS} JOIN stock_count USING (sku, lot, location)
    WHERE counted_at > :since AND status = 'SETTLED'
""")  # noqa: S608


async def load_later_changes(tx: Transaction, uow: LotsUnitOfWork, keys: Collection[LocationAtTime]) -> None:
    """Load the changes of lots at locations after a time each."""
    loaded: dict[tuple[BalanceKey, datetime], list[LaterChange]] = {}
    for row in await tx.fetch_all(SELECT_LATER_CHANGES, count_arrays(sorted(keys))):
        demand = DemandRef(row.demand_id, row.order_id, row.line) if row.demand_id else None
        changes = loaded.setdefault(((row.sku, row.lot, row.location), row.counted_at), [])
        changes.append(LaterChange(demand, row.quantity, row.change in COUNT_TYPES))
    uow.later_changes |= loaded


async def load_later_counts(
    tx: Transaction, uow: LotsUnitOfWork, keys: Iterable[BalanceKey], events: Sequence[CloudEvent[Any]]
) -> None:
    """Load the times of counts after the first of some events, for balances counted after it."""
    since = min((event.time for event in events), default=tx.now)
    if counted := [key for key in keys if (balance := uow.balances.get(key)) and balance.was_counted_after(since)]:
        for row in await tx.fetch_all(SELECT_LATER_COUNTS, balance_arrays(counted) | {"since": since}):
            uow.count_times[row.sku, row.lot, row.location].add(row.counted_at)


async def load_changes_after_late_commands(
    tx: Transaction,
    uow: LotsUnitOfWork,
    events: Sequence[
        CloudEvent[PutAwayLot] | CloudEvent[MoveLot] | CloudEvent[AdjustLot] | CloudEvent[CorrectLotNumber]
    ],
) -> None:
    """Load the later changes at locations that were counted after a command has taken something from them."""
    keys = set()
    for event in events:
        balances = _sources(uow, event.data)
        keys |= {(*balance.key, event.time) for balance in balances if balance.was_counted_after(event.time)}
    if keys:
        await load_later_changes(tx, uow, keys)


def _sources(uow: LotsUnitOfWork, command: PutAwayLot | MoveLot | AdjustLot | CorrectLotNumber) -> list[Balance]:
    """Return the balances that a command takes something from."""
    if isinstance(command, CorrectLotNumber):
        balances = uow.balances_by_lot[command.sku, uow.stored_lot(command.sku, command.from_lot)]
        return [balance for balance in balances if command.location in {None, balance.location}]
    location = command.location if isinstance(command, AdjustLot) else command.from_location
    balance = uow.balances.get(uow.stored_key((command.sku, command.lot, location)))
    return [balance] if balance else []


def count_arrays(keys: Sequence[LocationAtTime]) -> dict[str, Any]:
    """Return the parameters of COUNT_KEYS."""
    skus, lots, locations, times = map(list, zip(*keys, strict=True))
    return {"skus": skus, "lots": lots, "locations": locations, "times": times}
