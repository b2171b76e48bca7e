"""Holds on lots: while open, the stock cannot be allocated, picked or dispatched."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import zip_longest

from services.lots.balances.domain.records import ZERO, Hold, HoldKind, Lot
from services.lots.balances.domain.results import hold_snapshot, lot_label
from services.lots.balances.domain.stock_rules import (
    ambiguous_lot,
    get_lot,
    unknown_location_violation,
    violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import PlaceLotHold, ReleaseLotHold
from shared.contracts.envelope import chunks
from shared.contracts.leaving_goods import LeavingGoods
from shared.contracts.lots import AffectedLot, LotHoldPlaced, LotHoldReleased
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import hold_path, matching_spellings, resource_path
from shared.inventory.approval import find_leaving
from shared.unit_of_work import CommandResult


def place(
    uow: LotsUnitOfWork,
    lot: Lot,
    hold_id: str,
    kind: HoldKind,
    reason: str,
    *,
    location: str | None = None,
    owner_role: str = "",
    return_id: str | None = None,
    pending_quantity: Decimal = ZERO,
) -> None:
    """Place a hold and publish the affected order lines; the same hold again only adds to its pending quantity.

    Requires the lot's reservations and picked quantities to be loaded.
    """
    for existing in uow.open_holds(lot.sku, lot.lot):
        if (existing.hold_id, existing.location) == (hold_id, location):
            existing.pending_quantity += pending_quantity
            return
    hold = uow.holds.put(
        Hold(
            hold_id=hold_id, sku=lot.sku, lot=lot.lot, location=location, kind=kind, reason=reason,
            owner_role=owner_role, return_id=return_id, pending_quantity=pending_quantity, opened_by=uow.event.actor,
            opened_at=uow.event.time, scan=uow.scan,
        )
    )  # fmt: skip
    uow.mark_hold_changed(hold)
    uow.unmark_released(hold)
    batches = zip_longest(chunks(_affected_lots(uow, hold)), chunks(_leaving(uow, hold)), fillvalue=())
    for stock, leaving in list(batches) or [((), ())]:
        uow.emit(
            LotHoldPlaced, sku=lot.sku, lot=lot.lot, location=location, hold_id=hold_id, owner_role=owner_role,
            reason=reason, stock=list(stock), leaving=list(leaving), scan=uow.scan,
        )  # fmt: skip


def _affected_lots(uow: LotsUnitOfWork, hold: Hold) -> Iterator[AffectedLot]:
    """Yield the allocated and picked quantities under the hold.

    A hold at one location affects no picked quantities, as they are on their way out.
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


def release(uow: LotsUnitOfWork, hold: Hold) -> None:
    """Release a hold and mark the loaded balances under it as released."""
    hold.released_by, hold.released_at, hold.released_reason = uow.event.actor, uow.event.time, uow.reason
    hold.pending_quantity = ZERO
    uow.mark_hold_changed(hold)
    for balance in uow.balances_by_lot[hold.lot_key]:
        if hold.location in {None, balance.location}:
            uow.mark_released(balance)
    uow.emit(
        LotHoldReleased, sku=hold.sku, lot=hold.lot, location=hold.location, hold_id=hold.hold_id, reason=uow.reason
    )


def release_all(uow: LotsUnitOfWork, holds: Iterable[Hold]) -> None:
    """Release holds in order of lot, location and hold id."""
    for hold in sorted(holds, key=lambda hold: (hold.lot, hold.location or "", hold.hold_id)):
        release(uow, hold)


def place_hold(uow: LotsUnitOfWork, command: PlaceLotHold) -> CommandResult:
    """Place a hold."""
    if uow.holds_by_id[command.sku, command.hold_id]:
        detail = f"Hold {command.hold_id} on {command.sku} already exists"
        return CommandResult.rejected(violation(Code.HOLD_EXISTS, detail, command.hold_id))
    lot = get_lot(uow, command.sku, command.lot)
    if isinstance(lot, ProblemDetail):
        return CommandResult.rejected(lot)
    if command.location and (problem := unknown_location_violation(uow, command.location)):
        return CommandResult.rejected(problem)
    place(uow, lot, command.hold_id, "MANUAL", command.reason, location=command.location, owner_role=command.owner_role)
    (hold,) = uow.holds_by_id[command.sku, command.hold_id]
    snapshot = hold_snapshot(uow, command.sku, command.hold_id, _leaving(uow, hold))
    return CommandResult(snapshot, resource_path=hold_path(command.hold_id))


def _leaving(uow: LotsUnitOfWork, hold: Hold) -> Iterator[LeavingGoods]:
    """Yield the picked quantities under a hold whose dispatch is approved; none under a hold at one location."""
    picked: dict[str, dict[str, Decimal]] = {}
    for row in uow.picked_by_lot[hold.lot_key] if uow.approvals and hold.location is None else ():
        if row.quantity > 0:
            by_lot = picked.setdefault(row.order_id, {hold.lot: ZERO})
            by_lot[hold.lot] += row.quantity
    for goods in find_leaving(uow.approvals, uow.now, hold.sku, picked):
        yield goods.model_copy(update={"serials": []})


RELEASE_CONDITIONS: Mapping[HoldKind, tuple[Code, str]] = {
    "RETURN": (Code.DISPOSITION_PENDING, "is released by the disposition of return"),
    "EXPIRED": (Code.HOLD_REQUIRES_DATE_CORRECTION, "is released by a correction of the expiry date:"),
    "EXPIRY_CONFLICT": (Code.HOLD_REQUIRES_DATE_CORRECTION, "is released by a correction of the expiry date:"),
}
"""Kinds of holds that cannot be released by a command, and what releases them."""


def release_hold(uow: LotsUnitOfWork, command: ReleaseLotHold) -> CommandResult:
    """Release a hold on all its lots and locations. Requires the balances of these lots to be loaded."""
    open_holds = [hold for hold in uow.holds_by_id[command.sku, command.hold_id] if hold.is_open]
    if command.lot is not None:
        spellings = matching_spellings(command.lot, (hold.lot for hold in open_holds))
        if len(spellings) > 1:
            return CommandResult.rejected(ambiguous_lot(command.sku, command.lot, spellings))
        open_holds = [hold for hold in open_holds if hold.lot in spellings]
    if not open_holds:
        target = lot_label(command.sku, command.lot) if command.lot else command.sku
        detail = f"Open hold {command.hold_id} on {target} not found"
        return CommandResult.rejected(violation(Code.HOLD_NOT_FOUND, detail, command.hold_id))
    for hold in open_holds:
        if hold.kind in RELEASE_CONDITIONS:
            return CommandResult.rejected(_release_violation(hold))
    release_all(uow, open_holds)
    return CommandResult(hold_snapshot(uow, command.sku, command.hold_id))


def _release_violation(hold: Hold) -> ProblemDetail:
    code, condition = RELEASE_CONDITIONS[hold.kind]
    condition_text = f"{condition} {hold.return_id or hold.reason}"
    detail = f"Hold {hold.hold_id} on {lot_label(hold.sku, hold.lot)} {condition_text}"
    blocked_by = [resource_path("returns", hold.return_id)] if hold.return_id else []
    return ProblemDetail(code=code, detail=detail, ids=[hold.hold_id], blocked_by=blocked_by)
