"""Loads of the messages about units and holds, and of the recall policy."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.serials.units.domain.expiry import SerialExpiryCheckDue, group_by_expiry
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import expiry, matching_units, recalls, sales, standing_holds, units
from shared.contracts.commands.serials import AdjustSerials, PlaceSerialHold, RegisterSoldSerials
from shared.contracts.envelope import CloudEvent
from shared.contracts.recalls import RecallClosed, RecallOpened
from shared.inventory.approval_table import load_approvals
from shared.inventory.reference_data import load_locations
from shared.inventory.shelf_life_rules import find_shelf_life_rules
from shared.persistence.database import Transaction

Events = Sequence[CloudEvent[Any]]


def unit_keys(events: Events) -> set[UnitKey]:
    """Return the keys of the units in messages, each about one product."""
    return {(event.data.sku, serial) for event in events for serial in event.data.serials}


def hold_keys(events: Events) -> set[tuple[str, str]]:
    """Return the SKU and id of the holds in messages that have one."""
    return {
        (event.data.sku, hold_id) for event in events if (hold_id := getattr(event.data, "hold_id", None)) is not None
    }


async def load_units(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units."""
    await units.load(tx, uow, unit_keys(events))


async def load_units_and_locations(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units with their holds of short picks, and the types of the locations that are defined."""
    keys = unit_keys(events)
    await units.load(tx, uow, keys)
    await standing_holds.load_not_found_holds(tx, uow, keys)
    names = {event.data.location for event in events if event.data.location}
    found = [event for event in events if isinstance(event.data, AdjustSerials) and event.data.adjustment == "FOUND"]
    names |= {unit.location for key in unit_keys(found) if (unit := uow.units.get(key)) and unit.location}
    await load_location_types(tx, uow, names)


async def load_location_types(tx: Transaction, uow: SerialsUnitOfWork, names: Iterable[str]) -> None:
    """Load the types of the locations that are defined, and which of them are deactivated."""
    if requested := set(names):
        locations = await load_locations(tx, requested)
        uow.location_types |= {name: location.type for name, location in locations.items()}
        uow.inactive_locations |= {name for name, location in locations.items() if not location.is_active}


async def load_units_to_adjust(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[AdjustSerials]]
) -> None:
    """Load units and locations, the last movements of lost units, and the standing holds on those from the vendor."""
    await load_units_and_locations(tx, uow, events)
    if skus := {event.data.sku for event in events if event.data.adjustment == "RETURNED_FROM_VENDOR"}:
        await standing_holds.load_standing_holds(tx, uow, skus)
    await units.load_last_movements(tx, uow, unit_keys([event for event in events if event.data.adjustment == "LOST"]))


async def load_sold_units(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[RegisterSoldSerials]]
) -> None:
    """Load units that are registered already, the products, and their standing holds."""
    skus = {event.data.sku for event in events}
    await units.load(tx, uow, unit_keys(events))
    await sales.load_products(tx, uow, skus)
    await standing_holds.load_standing_holds(tx, uow, skus)


async def load_units_and_holds(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units, and holds with their units."""
    await units.load(tx, uow, unit_keys(events))
    await units.load_held_units(tx, uow, hold_keys(events))


async def load_arriving_units(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units, their holds, and the standing holds of their products."""
    await load_units_and_holds(tx, uow, events)
    await standing_holds.load_standing_holds(tx, uow, {event.data.sku for event in events})


async def load_packed_units(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load the units of shipments, their warranties, and the shelf-life rules of those that have an expiry."""
    keys = {(unit.sku, unit.serial) for event in events for unit in event.data.units}
    await sales.load_units(tx, uow, keys)
    packed_units = (unit for key in keys if (unit := uow.units.get(key)))
    uow.shelf_life_rules |= await find_shelf_life_rules(tx, {unit.pool for unit in packed_units if unit.expiry})


async def load_units_to_correct(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units with their open holds and shelf-life rules."""
    await units.load(tx, uow, unit_keys(events))
    await standing_holds.load_open_holds(tx, uow)
    uow.shelf_life_rules |= await find_shelf_life_rules(tx, {unit.pool for unit in uow.units})


async def load_units_of_wrong_lots(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load units with their open holds, and the standing holds that may match their right lot."""
    await units.load(tx, uow, unit_keys(events))
    await standing_holds.load_open_holds(tx, uow)
    await _load_approvals(tx, uow)
    await standing_holds.load_standing_holds(tx, uow, {event.data.sku for event in events})


async def load_units_to_hold(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[PlaceSerialHold]]
) -> None:
    """Load units, those of lots, and holds with the same ids."""
    await load_units_and_holds(tx, uow, events)
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(events))
    lot_holds = (StandingHold.on_lot(event.data) for event in events)
    await matching_units.load_matching(tx, uow, [lot_hold for lot_hold in lot_holds if lot_hold])
    await _load_approvals(tx, uow)


async def _load_approvals(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the dispatch approvals of the products of which picked units are loaded: events of holds list them."""
    if skus := {unit.sku for unit in uow.units if unit.status == "PICKED"}:
        await load_approvals(tx, uow, skus)


async def load_holds(tx: Transaction, uow: SerialsUnitOfWork, events: Events) -> None:
    """Load holds with their units, and standing holds."""
    await units.load_held_units(tx, uow, hold_keys(events))
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(events))


async def load_due_units(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[SerialExpiryCheckDue]]
) -> None:
    """Load the units that are due for an expiry check, with their open holds and shelf-life rules."""
    due_units = await expiry.find_due_units(tx, (event.data for event in events))
    uow.units.load(due_units)
    uow.due_units = group_by_expiry(uow.units[unit.key] for unit in due_units)
    await _load_approvals(tx, uow)
    await standing_holds.load_open_holds(tx, uow)
    pools = {(event.data.sku, event.data.warehouse) for event in events}
    uow.shelf_life_rules |= await find_shelf_life_rules(tx, pools)


async def load_recalled_units(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[RecallOpened]]
) -> None:
    """Load the units that recalls match, with their open holds and shipments."""
    await standing_holds.load_standing_holds_by_id(tx, uow, hold_keys(events))
    await matching_units.load_matching(tx, uow, [StandingHold.from_recall(event.data) for event in events])
    await standing_holds.load_open_holds(tx, uow)
    await _load_approvals(tx, uow)
    uow.shipments |= await recalls.find_shipments(tx, uow.units)


async def stop_recall_tracking(
    tx: Transaction, _: SerialsUnitOfWork, events: Sequence[CloudEvent[RecallClosed]]
) -> None:
    """Stop tracking the units of closed recalls; holds and standing holds stay open (S46)."""
    await recalls.stop_tracking(tx, (event.data for event in events))


async def load_recall_updates(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Find the open recalls that track changed units; save these first, since their holds are read."""
    changed_units: Iterable[Any] = (uow.units[key] for key in uow.changed_units)
    if tracked_units := [unit for unit in changed_units if unit.open_recall_count]:
        await units.save(tx, uow)
        uow.recall_updates = await recalls.find_recall_updates(tx, tracked_units)
        uow.shipments |= await recalls.find_shipments(tx, tracked_units)
