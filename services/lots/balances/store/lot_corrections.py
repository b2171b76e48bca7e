"""Loads the goods under wrong lot numbers, at all their locations and in all their shipments."""

from collections.abc import Sequence

from sqlalchemy import text

from services.lots.balances.domain.records import LotKey, PickedQuantity, Reservation, ShippedQuantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.later_changes import load_changes_after_late_commands
from services.lots.balances.store.load_stock import (
    load_balances,
    load_commitments,
    load_for_commands,
    load_lot_balances,
)
from services.lots.balances.store.missing_stock import load_demands_of
from services.lots.balances.store.tables import LOT_KEYS, PICKED, RESERVATION, lot_arrays
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.envelope import CloudEvent
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

SELECT_SHIPPED = text(f"""
    SELECT sku, lot, warehouse, order_id, line, demand_id, shipment, customer, -sum(picked) AS quantity
    FROM {LOT_KEYS} JOIN ledger USING (sku, lot) WHERE change = 'SHIPPED'
    GROUP BY sku, lot, warehouse, order_id, line, demand_id, shipment, customer
    HAVING sum(picked) < 0 ORDER BY min(id)
""")  # noqa: S608
SELECT_RENAMED = tuple(
    text(f"""
        SELECT {table.columns()} FROM {LOT_KEYS}
        JOIN {table.name} USING (sku, lot) WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
    """)  # noqa: S608
    for table in (RESERVATION, PICKED)
)


async def load_lot_corrections(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[CorrectLotNumber]]
) -> None:
    """Load both lots of each correction with their stock, the orders that have some of it, and what has shipped."""
    commands = [event.data for event in events]
    named = [(command.sku, command.from_lot, command.location or "") for command in commands]
    keys = await load_for_commands(tx, uow, named + [(command.sku, command.lot, "") for command in commands], events)
    lots = [key[:2] for key in keys]
    sources, targets = lots[: len(commands)], set(lots[len(commands) :])
    await load_lot_balances(tx, uow, lots)
    await load_commitments(tx, uow, lots)
    locations = _locations(uow, commands, sources)
    await load_balances(tx, uow, [(*key, location) for key in lots for location in locations[key[0]]], events)
    await load_changes_after_late_commands(tx, uow, events)
    rows: list[Reservation | PickedQuantity] = []
    for key in set(sources):
        rows += [*uow.reservations_by_lot[key], *uow.picked_by_lot[key]]
    await load_demands_of(tx, uow, rows)
    await _load_renamed(tx, uow, targets, {row.demand_id for row in rows})
    if shipped := [key for command, key in zip(commands, sources, strict=True) if command.location is None]:
        uow.shipped = load_records(ShippedQuantity, await tx.fetch_all(SELECT_SHIPPED, lot_arrays(shipped)))
        await load_demands_of(tx, uow, uow.shipped)


def _locations(
    uow: LotsUnitOfWork, commands: Sequence[CorrectLotNumber], sources: Sequence[LotKey]
) -> dict[str, set[str]]:
    """Return where goods of each product may get another number."""
    locations: dict[str, set[str]] = {command.sku: set() for command in commands}
    for command, key in zip(commands, sources, strict=True):
        stocked = [balance.location for balance in uow.balances_by_lot[key]]
        picked = [row.location for row in uow.picked_by_lot[key] if row.location]
        locations[command.sku].update([command.location] if command.location else [*stocked, *picked])
    return locations


async def _load_renamed(tx: Transaction, uow: LotsUnitOfWork, targets: set[LotKey], demand_ids: set[str]) -> None:
    """Load the rows of the same demands under the right lots, also those with quantity zero, to reuse them."""
    if demand_ids:
        values = {**lot_arrays(targets), "demand_ids": sorted(demand_ids)}
        uow.reservations.load(RESERVATION.load(await tx.fetch_all(SELECT_RENAMED[0], values)))
        uow.picked.load(PICKED.load(await tx.fetch_all(SELECT_RENAMED[1], values)))
