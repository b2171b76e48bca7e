"""Loads what the messages about lot stock require."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.lots.balances.domain.records import BalanceKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.later_changes import load_changes_after_late_commands
from services.lots.balances.store.load_stock import (
    load_balances,
    load_commitments,
    load_for_commands,
    load_holds,
    load_lot_balances,
    load_lots,
)
from services.lots.balances.store.locations import (
    find_location_changes,
    load_location_stock,
    load_location_types,
    load_reservations_at,
    suggest_locations,
)
from shared.contracts.commands.lot_corrections import CorrectLotDates
from shared.contracts.commands.lots import AdjustLot, MoveLot, PlaceLotHold, PutAwayLot, ReleaseLotHold
from shared.contracts.envelope import CloudEvent
from shared.contracts.receiving import ReceiptLotsReceived, ReturnLotsDisposed, ReturnLotsReceived
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.inventory.reference_data import load_products, save_locations, save_products
from shared.persistence import locks
from shared.persistence.database import Transaction


async def load_receipts(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReceiptLotsReceived]]
) -> None:
    """Load the received lots, and the orders of those that receipts may put on hold or give another expiry."""
    await load_balances(tx, uow, balance_keys(events), events)
    changed_lots = [
        (event.data.sku, received_lot.lot)
        for event in events
        for received_lot in event.data.lots
        if (lot := uow.lots.get((event.data.sku, received_lot.lot)))
        and (received_lot.hold_id or (received_lot.expiry and received_lot.expiry != lot.expiry))
    ]
    if changed_lots:
        await load_commitments(tx, uow, changed_lots)


async def load_returns(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReturnLotsReceived]]) -> None:
    """Load the returned lots with the orders that have stock of them."""
    keys = balance_keys(events)
    await load_balances(tx, uow, keys, events)
    await load_commitments(tx, uow, [(sku, lot) for sku, lot, _ in keys])


async def load_dispositions(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReturnLotsDisposed]]
) -> None:
    """Load the disposed lots."""
    await load_balances(tx, uow, balance_keys(events), events)


async def load_location_changes(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[LocationChanged]]
) -> None:
    """Save locations, and load the stock at those that became or ceased to be active storage locations."""
    await save_locations(tx, events)
    locations = {event.data.location for event in events}
    if not (stock_keys := await find_location_changes(tx, locations)):
        return
    # The message does not name these products, so the lock order is not guaranteed: a deadlock is retried.
    await locks.acquire(tx, {f"sku:{sku}" for sku, _ in stock_keys})
    uow.now = tx.now  # after the wait, like the time of the transaction
    await load_location_stock(tx, uow, stock_keys)
    await load_reservations_at(tx, uow, stock_keys)
    for sku, location in sorted(stock_keys):
        uow.skus_by_changed_location.setdefault(location, []).append(sku)
    balances = [balance for key in stock_keys for balance in uow.balances_by_location[key]]
    await load_lots(tx, uow, {(balance.sku, balance.lot) for balance in balances})
    await load_location_types(tx, uow, locations)


async def load_product_changes(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Save products, and load what they were before."""
    previous = await load_products(tx, {event.data.sku for event in events})
    await save_products(tx, events)
    uow.previous_tracking = {sku: product.tracking for sku, product in previous.items()}
    uow.previous_policies = {sku: product.shelf_life for sku, product in previous.items()}
    uow.product_versions = {sku: product.version for sku, product in previous.items()}
    for event in events:
        sku, version = event.data.sku, event.data.version
        uow.product_versions[sku] = max(version, uow.product_versions.get(sku, version))


async def load_moves(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[PutAwayLot] | CloudEvent[MoveLot]]
) -> None:
    """Load the balances at both locations, the other lots at the target, and the orders under carried holds."""
    commands = [event.data for event in events]
    target_keys = [(command.sku, command.lot, command.location) for command in commands]
    sources = [(command.sku, command.lot, command.from_location) for command in commands]
    target_keys = (await load_for_commands(tx, uow, [*target_keys, *sources], events))[: len(commands)]
    await load_changes_after_late_commands(tx, uow, events)
    await _load_other_lots(tx, uow, target_keys)
    holds = [hold for sku, lot in {key[:2] for key in target_keys} for hold in uow.holds_by_lot[sku, lot]]
    if held_lots := {hold.lot_key for hold in holds if hold.location}:
        await load_commitments(tx, uow, held_lots)


async def _load_other_lots(tx: Transaction, uow: LotsUnitOfWork, target_keys: Sequence[BalanceKey]) -> None:
    """Load the other lots at the targets, and suggestions for lots that these cannot take."""
    if location_keys := {(sku, location) for sku, _, location in target_keys if uow.is_storage(location)}:
        await load_location_stock(tx, uow, location_keys)
    if mixed_keys := _mixed_keys(uow, target_keys):
        uow.suggested_locations |= await suggest_locations(tx, mixed_keys)


def _mixed_keys(uow: LotsUnitOfWork, target_keys: Sequence[BalanceKey]) -> list[BalanceKey]:
    """Return the targets with other lots, there already or from other commands."""
    lots_by_location: dict[tuple[str, str], set[str]] = {}
    for sku, lot, location in target_keys:
        if uow.is_storage(location):
            lots_by_location.setdefault((sku, location), set()).add(lot)
    for key, lots in lots_by_location.items():
        lots.update(balance.lot for balance in uow.balances_by_location[key] if balance.on_hand > 0)
    return [
        (sku, lot, location)
        for sku, lot, location in target_keys
        if (sku, lot) in uow.lots and len(lots_by_location.get((sku, location), ())) > 1
    ]


async def load_adjustments(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[AdjustLot]]) -> None:
    """Load the adjusted balances, and the other lots where stock was found."""
    keys = [(event.data.sku, event.data.lot, event.data.location) for event in events]
    keys = await load_for_commands(tx, uow, keys, events)
    await load_changes_after_late_commands(tx, uow, events)
    found = [key for key, event in zip(keys, events, strict=True) if event.data.adjustment == "FOUND"]
    await _load_other_lots(tx, uow, found)


async def load_hold_placements(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[PlaceLotHold]]
) -> None:
    """Load the lots with the orders that have stock of them, and existing holds with these ids."""
    commands = [event.data for event in events]
    # Without a location the hold applies to all locations.
    keys = await load_for_commands(
        tx, uow, [(command.sku, command.lot, command.location or "") for command in commands], events
    )
    await load_holds(tx, uow, {(command.sku, command.hold_id) for command in commands})
    await load_commitments(tx, uow, [(sku, lot) for sku, lot, _ in keys])


async def load_hold_releases(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReleaseLotHold]]
) -> None:
    """Load the holds and all stock under them."""
    keys = {(event.data.sku, event.data.hold_id) for event in events}
    await load_holds(tx, uow, keys)
    lots = {hold.lot_key for key in keys for hold in uow.holds_by_id[key]}
    await load_lots(tx, uow, lots)
    await load_lot_balances(tx, uow, lots)


async def load_date_corrections(
    tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[CorrectLotDates]]
) -> None:
    """Load the lots with all their stock and the orders that have some of it."""
    keys = await load_for_commands(tx, uow, [(event.data.sku, event.data.lot, "") for event in events], events)
    lots = [(sku, lot) for sku, lot, _ in keys if (sku, lot) in uow.lots]
    await load_lot_balances(tx, uow, lots)
    await load_commitments(tx, uow, lots)


def balance_keys(events: Iterable[CloudEvent[Any]]) -> list[BalanceKey]:
    """Return the balances of the lots in events with one location."""
    return [
        (event.data.sku, lot_quantity.lot, event.data.location) for event in events for lot_quantity in event.data.lots
    ]
