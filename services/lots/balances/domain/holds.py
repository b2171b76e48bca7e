"""Holds on lots: while open, the stock cannot be allocated, picked or dispatched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import ZERO, Hold, HoldKind, Lot
from services.lots.balances.domain.results import CommandOutcome, hold_snapshot, lot_label
from services.lots.balances.domain.stock_rules import get_lot, location_violation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import PlaceLotHold, ReleaseLotHold
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.lots import AffectedLot, LotHoldPlaced, LotHoldReleased
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path


def place(
    uow: LotsUnitOfWork,
    lot: Lot,
    hold_id: str,
    kind: HoldKind,
    context: MessageContext,
    *,
    location: str | None = None,
    owner_role: str = "",
    return_id: str | None = None,
    pending_quantity: Decimal = ZERO,
) -> list[Message]:
    """Place a hold and publish the affected order lines; the same hold again only adds to its pending quantity.

    Requires the lot's reservations and picked quantities to be loaded.
    """
    for existing in uow.open_holds(lot.sku, lot.lot):
        if (existing.hold_id, existing.location) == (hold_id, location):
            existing.pending_quantity += pending_quantity
            existing.is_dirty = True
            return []
    hold = Hold(
        hold_id=hold_id, sku=lot.sku, lot=lot.lot, location=location, kind=kind, reason=context.reason,
        owner_role=owner_role,
        return_id=return_id, pending_quantity=pending_quantity, opened_by=context.actor, opened_at=context.occurred_at,
        is_dirty=True,
    )  # fmt: skip
    uow.add_hold(hold)
    uow.unmark_released(hold)
    batches = list(chunks(_affected_lots(uow, hold))) or [()]
    return [
        LotHoldPlaced(
            actor=context.actor, cause=context.cause, sku=lot.sku, lot=lot.lot, location=location, hold_id=hold_id,
            owner_role=owner_role,
            reason=context.reason, stock=list(batch),
        )
        for batch in batches
    ]  # fmt: skip


def _affected_lots(uow: LotsUnitOfWork, hold: Hold) -> Iterator[AffectedLot]:
    """Yield the allocated and picked quantities under the hold.

    Picked quantities do not keep their location, so a hold at one location affects none of them.
    """
    for row in uow.reservations_by_lot[hold.lot_key]:
        if row.quantity > 0 and hold.covers(row.location):
            yield AffectedLot(
                lot=row.lot, quantity=row.quantity, order=row.order_id, line=row.line, demand_id=row.demand_id,
                location=row.location,
            )  # fmt: skip
    for picked_row in uow.picked_by_lot[hold.lot_key]:
        if picked_row.quantity > 0 and hold.location is None:
            yield AffectedLot(
                lot=picked_row.lot,
                quantity=picked_row.quantity,
                order=picked_row.order_id,
                line=picked_row.line,
                demand_id=picked_row.demand_id,
            )


def release(uow: LotsUnitOfWork, hold: Hold, context: MessageContext) -> LotHoldReleased:
    """Release a hold and mark the loaded balances under it as released."""
    hold.released_by, hold.released_at, hold.released_reason = context.actor, context.occurred_at, context.reason
    hold.pending_quantity, hold.is_dirty = ZERO, True
    for balance in uow.balances_by_lot[hold.lot_key]:
        if hold.location in {None, balance.location}:
            uow.mark_released(balance, context)
    return LotHoldReleased(
        actor=context.actor, cause=context.cause, sku=hold.sku, lot=hold.lot, location=hold.location,
        hold_id=hold.hold_id,
        reason=context.reason,
    )  # fmt: skip


def release_all(uow: LotsUnitOfWork, holds: Iterable[Hold], context: MessageContext) -> list[Message]:
    """Release holds in order of lot, location and hold id."""
    return [
        release(uow, hold, context)
        for hold in sorted(holds, key=lambda hold: (hold.lot, hold.location or "", hold.hold_id))
    ]


def place_holds(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[PlaceLotHold]]) -> list[CommandOutcome]:
    """Place the requested holds."""
    return [_place_hold(uow, request) for request in requests]


def _place_hold(uow: LotsUnitOfWork, request: CloudEvent[PlaceLotHold]) -> CommandOutcome:
    command = request.data
    if (command.sku, command.hold_id) in uow.holds_by_id:
        return CommandOutcome.rejected(
            Code.HOLD_EXISTS, f"Hold {command.hold_id} on {command.sku} already exists", command.hold_id
        )
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, CommandOutcome):
        return lot
    if command.location and (violation := location_violation(uow, command.location)):
        return violation
    context = MessageContext.from_event(request)
    emitted = place(
        uow, lot, command.hold_id, "MANUAL", context, location=command.location, owner_role=command.owner_role
    )
    return CommandOutcome(hold_snapshot(uow, command.sku, command.hold_id), emitted)


def release_holds(uow: LotsUnitOfWork, requests: Sequence[CloudEvent[ReleaseLotHold]]) -> list[CommandOutcome]:
    """Release holds on all their lots and locations. Requires the balances of these lots to be loaded."""
    return [_release_hold(uow, request) for request in requests]


RELEASE_CONDITIONS: Mapping[HoldKind, tuple[Code, str]] = {
    "RETURN": (Code.DISPOSITION_PENDING, "is released by the disposition of return"),
    "EXPIRED": (Code.HOLD_REQUIRES_DATE_CORRECTION, "is released by a correction of the expiry date:"),
    "EXPIRY_CONFLICT": (Code.HOLD_REQUIRES_DATE_CORRECTION, "is released by a correction of the expiry date:"),
}
"""Kinds of holds that cannot be released by a command, and what releases them."""


def _release_hold(uow: LotsUnitOfWork, request: CloudEvent[ReleaseLotHold]) -> CommandOutcome:
    command, context = request.data, MessageContext.from_event(request)
    open_holds = [
        hold
        for hold in uow.holds_by_id.get((command.sku, command.hold_id), ())
        if hold.is_open and command.lot in {None, hold.lot}
    ]
    if not open_holds:
        target = lot_label(command.sku, command.lot) if command.lot else command.sku
        return CommandOutcome.rejected(
            Code.HOLD_NOT_FOUND, f"Open hold {command.hold_id} on {target} not found", command.hold_id
        )
    for hold in open_holds:
        if hold.kind in RELEASE_CONDITIONS:
            code, condition = RELEASE_CONDITIONS[hold.kind]
            condition_text = f"{condition} {hold.return_id or hold.reason}"
            detail = f"Hold {command.hold_id} on {lot_label(hold.sku, hold.lot)} {condition_text}"
            blocked_by = [resource_path("returns", hold.return_id)] if hold.return_id else []
            return CommandOutcome(
                violation=ProblemDetail(code=code, detail=detail, ids=[command.hold_id], blocked_by=blocked_by)
            )
    emitted = release_all(uow, open_holds, context)
    return CommandOutcome(hold_snapshot(uow, command.sku, command.hold_id), emitted)
