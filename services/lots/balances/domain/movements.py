"""Putaways into storage, and moves between locations of one type."""

from services.lots.balances.domain import holds
from services.lots.balances.domain.books import movable_quantity
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.mixed_lots import mixed_lot_violation
from services.lots.balances.domain.records import Balance, Lot
from services.lots.balances.domain.results import lot_label, lot_snapshot
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.stock_rules import (
    get_lot,
    insufficient_stock,
    quantity_violation,
    target_location_violation,
    unknown_location_violation,
    violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.lots import LotMoved
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.identifiers import warehouse_of
from shared.unit_of_work import CommandResult

MoveCommand = PutAwayLot | MoveLot


def put_away(uow: LotsUnitOfWork, command: PutAwayLot) -> CommandResult:
    """Move stock from dock or staging into storage, where it can be allocated (S07)."""
    return _relocate(uow, command, LotChangeType.PUT_AWAY)


def move(uow: LotsUnitOfWork, command: MoveLot) -> CommandResult:
    """Move unallocated stock to another location of the same type, held or not."""
    return _relocate(uow, command, LotChangeType.MOVED)


def _relocate(uow: LotsUnitOfWork, command: MoveCommand, change: LotChangeType) -> CommandResult:
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    if (
        problem := quantity_violation(uow, command.sku, command.quantity)
        or unknown_location_violation(uow, command.from_location)
        or target_location_violation(uow, command.location)
        or _route_violation(uow, command, change)
    ):
        return CommandResult.rejected(problem)
    source, target = uow.get_balance(lot, command.from_location), uow.get_balance(lot, command.location)
    if problem := _quantity_violation(uow, source, command, change) or mixed_lot_violation(
        uow, target, source.location
    ):
        return CommandResult.rejected(problem)
    fields = command.model_dump(exclude={"actor", "cause", "lot", "scans"})
    uow.emit(LotMoved, **fields, lot=lot.lot, reason=change.description, scan=uow.scan)
    _carry_holds(uow, lot, source, target)
    uow.adjust_on_hand(change, source, -command.quantity)
    uow.adjust_on_hand(change, target, command.quantity)
    return CommandResult(lot_snapshot(uow, lot, source, target))


def _route_violation(uow: LotsUnitOfWork, command: MoveCommand, change: LotChangeType) -> ProblemDetail | None:
    if warehouse_of(command.from_location) != warehouse_of(command.location):
        detail = f"Locations {command.from_location} and {command.location} are in different warehouses"
        return violation(Code.WRONG_WAREHOUSE, detail, command.location)
    from_storage, to_storage = uow.is_storage(command.from_location), uow.is_storage(command.location)
    if change is LotChangeType.PUT_AWAY and not to_storage:
        return _putaway_violation(uow, command)
    if change is LotChangeType.MOVED and from_storage != to_storage:
        detail = f"A move needs two locations of the same type, not {_location_types_text(uow, command)}"
        return violation(Code.WRONG_LOCATION_TYPE, detail, command.location)
    return None


def _location_types_text(uow: LotsUnitOfWork, command: MoveCommand) -> str:
    return (
        f"from {command.from_location} ({uow.location_types[command.from_location]}) to "
        f"{command.location} ({uow.location_types[command.location]})"
    )


def _putaway_violation(uow: LotsUnitOfWork, command: MoveCommand) -> ProblemDetail:
    detail = (
        f"A putaway takes stock that was received at its location to storage, not {_location_types_text(uow, command)}"
    )
    return violation(Code.WRONG_LOCATION_TYPE, detail, command.location)


def _quantity_violation(
    uow: LotsUnitOfWork, source: Balance, command: MoveCommand, change: LotChangeType
) -> ProblemDetail | None:
    is_from_storage = uow.is_storage(source.location)
    if change is LotChangeType.PUT_AWAY and is_from_storage and command.quantity > source.staged:
        return _putaway_violation(uow, command)
    if source.key not in uow.balances and not source.is_storage:
        # Its receipt may be in flight.
        detail = f"No stock of {lot_label(source.sku, source.lot)} at {command.from_location}"
        return ProvisionalProblem(code=Code.INSUFFICIENT_STOCK, detail=detail, ids=[source.lot or source.sku])
    stored = movable_quantity(uow, source) - (source.staged if change is LotChangeType.MOVED and is_from_storage else 0)
    if command.quantity > stored:
        return insufficient_stock(uow, source, command.quantity)
    return disposition_violation(uow, source, command.quantity, source.unallocated)


def _carry_holds(uow: LotsUnitOfWork, lot: Lot, source: Balance, target: Balance) -> None:
    """Also place the holds of the source location at the target location."""
    for hold in list(uow.open_holds(lot.sku, lot.lot, source.location)):
        if hold.location is not None and hold.kind != "RETURN":
            holds.place(
                uow, lot, hold.hold_id, hold.kind, hold.reason, location=target.location, owner_role=hold.owner_role
            )
