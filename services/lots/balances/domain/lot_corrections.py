"""Corrections of wrong lot numbers, before and after putaway, allocation, pick and shipment.

What the label says is a fact: a storage location may hold two lots after it, which is reported.
"""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain.corrected_stock import (
    bind_single_lots,
    carried_holds,
    carry_holds,
    move_goods,
    move_shipped,
)
from services.lots.balances.domain.recorded_goods import (
    CorrectedGoods,
    GoodsAtLocation,
    find_goods,
    find_shipped,
    total_of,
)
from services.lots.balances.domain.records import ZERO, Lot
from services.lots.balances.domain.results import format_quantity, lot_correction_result, lot_label
from services.lots.balances.domain.returns import disposition_violation
from services.lots.balances.domain.right_lots import get_or_create_lot, right_lot_violation
from services.lots.balances.domain.stock_rules import (
    get_lot,
    quantity_violation,
    unknown_location_violation,
    violation,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.envelope import chunks
from shared.contracts.lot_corrections import CorrectedLot, LotNumberCorrected
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.unit_of_work import CommandResult


def correct_lot_number(uow: LotsUnitOfWork, command: CorrectLotNumber) -> CommandResult:
    """Record goods under the right lot number; holds of the wrong one stay on them."""
    source = get_lot(uow, command.sku, command.from_lot)
    if isinstance(source, ProblemDetail):
        return CommandResult.rejected(source)
    if problem := _command_violation(uow, source, command):
        return CommandResult.rejected(problem)
    goods, shipped = find_goods(uow, source, command), find_shipped(uow, source, command)
    quantity = sum((portion.quantity for portion in goods), total_of(shipped))
    if problem := _quantity_violation(uow, source, command, quantity) or _goods_violation(uow, source, goods):
        return CommandResult.rejected(problem)
    lot = get_or_create_lot(uow, source, command)
    corrected = [_correct_goods(uow, source, lot, portion) for portion in goods]
    if shipped:
        stock = _with_holds(uow, lot, [move_shipped(uow, lot, *portion) for portion in shipped])
        corrected.append(CorrectedGoods(None, total_of(shipped), stock))
    for part in corrected:
        _publish(uow, command, source, lot, part)
    bind_single_lots(uow, source, lot, [stock for part in corrected for stock in part.stock])
    return CommandResult(build_body=lambda: lot_correction_result(uow, source, lot, corrected))


def _command_violation(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> ProblemDetail | None:
    if command.quantity and (problem := quantity_violation(uow, command.sku, command.quantity)):
        return problem
    if command.location and (problem := unknown_location_violation(uow, command.location)):
        return problem
    return right_lot_violation(uow, source, command)


def _quantity_violation(
    uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber, found: Decimal
) -> ProblemDetail | None:
    """Return the violation of goods that are not there; without any, their receipt or departure may be in flight."""
    if found and (command.quantity is None or found == command.quantity):
        return None
    place = f"shipped with {command.shipment}" if command.shipment else f"at {command.location or 'any location'}"
    of_order = f" for order {command.order}" if command.order else ""
    wanted = f", {format_quantity(command.quantity)} requested" if command.quantity else ""
    missing = uow.get_balance(source, command.location).missing if command.location else ZERO
    missing_text = f", {format_quantity(missing)} under investigation until a count" if missing else ""
    label = lot_label(source.sku, source.lot)
    detail = f"{format_quantity(found)} of {label} {place}{of_order}{wanted}{missing_text}"
    problem_class = ProblemDetail if found or missing else ProvisionalProblem
    return problem_class(code=Code.INSUFFICIENT_STOCK, detail=detail, ids=[source.lot])


def _goods_violation(uow: LotsUnitOfWork, source: Lot, goods: Sequence[GoodsAtLocation]) -> ProblemDetail | None:
    """Return the violation of returned goods without a disposition, or of picked goods on hold."""
    for portion in goods:
        balance = uow.get_balance(source, portion.location)
        if problem := disposition_violation(uow, balance, portion.unallocated, balance.unallocated):
            return problem
        if portion.picked and (held := carried_holds(uow, source, None)):
            hold_ids = sorted({hold.hold_id for hold in held})
            detail = (
                f"Picked goods of {lot_label(source.sku, source.lot)} at {portion.location} are on hold "
                f"{', '.join(hold_ids)}: unpick them, and correct their number at their storage location"
            )
            order_ids = sorted({row.order_id for row, _ in portion.picked})
            return violation(Code.ON_HOLD, detail, *hold_ids, blocked_by=order_ids)
    return None


def _with_holds(uow: LotsUnitOfWork, lot: Lot, parts: Sequence[CorrectedLot]) -> list[CorrectedLot]:
    """Note which goods of orders are on hold under the right number; a hold at a location is on unpicked ones."""
    return [part.model_copy(update={"on_hold": _is_held(uow, lot, part)}) for part in parts]


def _is_held(uow: LotsUnitOfWork, lot: Lot, part: CorrectedLot) -> bool:
    return any(
        hold.location is None or (part.status == "ALLOCATED" and hold.location == part.location)
        for hold in uow.open_holds(lot.sku, lot.lot)
    )


def _correct_goods(uow: LotsUnitOfWork, source: Lot, lot: Lot, goods: GoodsAtLocation) -> CorrectedGoods:
    if goods.on_hand:  # before the quantity is recorded, so that held stock is never allocated
        carry_holds(uow, source, lot, goods.location)
    stock = _with_holds(uow, lot, move_goods(uow, source, lot, goods))
    return CorrectedGoods(goods.location or None, goods.quantity, stock)


def _publish(uow: LotsUnitOfWork, command: CorrectLotNumber, source: Lot, lot: Lot, goods: CorrectedGoods) -> None:
    """Publish a correction; each message states its own part of the quantity, the first one also unallocated goods."""
    unallocated = goods.quantity - sum((part.quantity for part in goods.stock), ZERO)
    for batch in list(chunks(goods.stock)) or [()]:
        quantity = unallocated + sum((part.quantity for part in batch), ZERO)
        unallocated = ZERO
        uow.emit(
            LotNumberCorrected, sku=lot.sku, from_lot=source.lot, lot=lot.lot, location=goods.location,
            quantity=quantity, expiry=lot.expiry, reason=command.reason, document=command.document, stock=list(batch),
            scan=uow.scan,
        )  # fmt: skip
