"""Putaways into storage, moves between locations of one type, and changes of location types."""

from collections.abc import Mapping, Sequence

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import DocumentRefs, LotChangeType, MessageContext
from services.lots.balances.domain.records import Balance, Lot
from services.lots.balances.domain.results import CommandOutcome, lot_label, lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_lot,
    insufficient_stock,
    location_violation,
    mixed_lot_events,
    other_lots,
    quantity_violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotMoved
from shared.contracts.problems import Code
from shared.identifiers import warehouse_of

MoveCommand = PutAwayLot | MoveLot


def put_away(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[PutAwayLot]]) -> list[CommandOutcome]:
    """Move stock from dock or staging into storage, where it can be allocated (S07)."""
    return [_move(uow, request, LotChangeType.PUT_AWAY) for request in requests]


def move(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[MoveLot]]) -> list[CommandOutcome]:
    """Move unallocated stock to another location of the same type, held or not."""
    return [_move(uow, request, LotChangeType.MOVED) for request in requests]


def apply_location_type_changes(
    uow: LotsUnitOfWork, context_by_location: Mapping[str, MessageContext]
) -> list[Message]:
    """Apply changed location types: only stock in storage can be allocated."""
    events_by_location: dict[tuple[str, str], Sequence[Message]] = {}
    for sku, lot, location in list(uow.balances):
        balance = uow.get_balance(uow.lots[sku, lot], location)
        uow.mark_released(balance, context_by_location[location])
        events_by_location[sku, location] = mixed_lot_events(uow, balance, context_by_location[location])
    return [event for location_events in events_by_location.values() for event in location_events]


def _move(
    uow: LotsUnitOfWork, request: CloudEvent[PutAwayLot] | CloudEvent[MoveLot], change: LotChangeType
) -> CommandOutcome:
    command = request.data
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, CommandOutcome):
        return lot
    if (
        violation := quantity_violation(uow, command.sku, command.quantity)
        or _location_violation(uow, command)
        or _route_violation(uow, command, change)
    ):
        return violation
    source, target = uow.get_balance(lot, command.from_location), uow.get_balance(lot, command.location)
    if violation := _quantity_violation(uow, source, command) or _mixed_lot_violation(uow, target):
        return violation
    context = MessageContext.from_event(request)
    emitted = _carry_holds(uow, lot, source, target, context)
    uow.adjust_on_hand(change, source, -command.quantity, context, DocumentRefs())
    uow.adjust_on_hand(change, target, command.quantity, context, DocumentRefs())
    moved_event = LotMoved(
        actor=context.actor, cause=context.cause, sku=lot.sku, lot=lot.lot, quantity=command.quantity,
        from_location=source.location, location=target.location, reason=change.description,
    )  # fmt: skip
    return CommandOutcome(lot_snapshot(uow, lot, source, target), [moved_event, *emitted])


def _location_violation(uow: LotsUnitOfWork, command: MoveCommand) -> CommandOutcome | None:
    return location_violation(uow, command.from_location) or location_violation(uow, command.location)


def _route_violation(uow: LotsUnitOfWork, command: MoveCommand, change: LotChangeType) -> CommandOutcome | None:
    if warehouse_of(command.from_location) != warehouse_of(command.location):
        detail = f"Locations {command.from_location} and {command.location} are in different warehouses"
        return CommandOutcome.rejected(Code.WRONG_WAREHOUSE, detail, command.location)
    from_storage, to_storage = uow.is_storage(command.from_location), uow.is_storage(command.location)
    if change is LotChangeType.PUT_AWAY and (from_storage or not to_storage):
        detail = f"A putaway goes from a dock or staging location to storage, not {_location_types_text(uow, command)}"
        return CommandOutcome.rejected(Code.WRONG_LOCATION_TYPE, detail, command.location)
    if change is LotChangeType.MOVED and from_storage != to_storage:
        detail = f"A move needs two locations of the same type, not {_location_types_text(uow, command)}"
        return CommandOutcome.rejected(Code.WRONG_LOCATION_TYPE, detail, command.location)
    return None


def _location_types_text(uow: LotsUnitOfWork, command: MoveCommand) -> str:
    return (
        f"from {command.from_location} ({uow.location_types[command.from_location]}) to "
        f"{command.location} ({uow.location_types[command.location]})"
    )


def _quantity_violation(uow: LotsUnitOfWork, source: Balance, command: MoveCommand) -> CommandOutcome | None:
    if source.is_new and not source.is_dirty and not source.is_storage:
        detail = f"No stock of {lot_label(command.sku, command.lot)} at {command.from_location} yet"
        return CommandOutcome.rejected(Code.NOT_YET_AVAILABLE, detail, command.lot or command.sku)
    if command.quantity > source.unallocated:
        return insufficient_stock(uow, source, command.quantity)
    return disposition_violation(uow, source, command.quantity)


def _mixed_lot_violation(uow: LotsUnitOfWork, target: Balance) -> CommandOutcome | None:
    """Reject a second lot of the product at a storage location (S30)."""
    if not (conflicting_lots := other_lots(uow, target)):
        return None
    detail = f"Location {target.location} already holds lot {', '.join(conflicting_lots)} of {target.sku}"
    return CommandOutcome.rejected(Code.MIXED_LOTS_NOT_ALLOWED, detail, *conflicting_lots)


def _carry_holds(
    uow: LotsUnitOfWork, lot: Lot, source: Balance, target: Balance, context: MessageContext
) -> list[Message]:
    """Also place the holds of the source location at the target location."""
    return [
        event
        for hold in list(uow.open_holds(lot.sku, lot.lot, source.location))
        if hold.location is not None and hold.kind != "RETURN"
        for event in holds.place(
            uow,
            lot,
            hold.hold_id,
            hold.kind,
            context._replace(reason=hold.reason),
            location=target.location,
            owner_role=hold.owner_role,
        )
    ]
