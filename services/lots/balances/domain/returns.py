"""Customer returns of lot stock: on hold at their location until the disposition."""

from decimal import Decimal

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import ZERO, Balance, Lot
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.lots import LotReceived
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnedLot, ReturnLotsDisposed, ReturnLotsReceived
from shared.identifiers import resource_path


def receive_return(uow: LotsUnitOfWork, event: ReturnLotsReceived) -> None:
    """Record returned quantities on hold (S18)."""
    for returned_lot in event.lots:
        _receive_returned_lot(uow, event, returned_lot)


def _receive_returned_lot(uow: LotsUnitOfWork, event: ReturnLotsReceived, returned_lot: ReturnedLot) -> None:
    lot = uow.lots.get((event.sku, returned_lot.lot)) or uow.lots.put(
        Lot(
            sku=event.sku, lot=returned_lot.lot, expiry=None, manufactured_on=None, best_before=None,
            first_received_at=uow.event.time, supplier="",
        )
    )  # fmt: skip
    uow.emit(
        LotReceived, sku=lot.sku, lot=lot.lot, quantity=returned_lot.quantity, location=event.location,
        expiry=lot.expiry, manufactured_on=lot.manufactured_on, best_before=lot.best_before,
        return_id=event.return_id, order=event.order, customer=event.customer, reason=event.reason,
        scan=returned_lot.scan,
    )  # fmt: skip
    # The hold is placed first, so that returned stock is never allocated.
    holds.place(
        uow, lot, event.hold_id, "RETURN", event.reason, location=event.location, return_id=event.return_id,
        pending_quantity=returned_lot.quantity,
    )  # fmt: skip
    balance = uow.get_balance(lot, event.location)
    uow.adjust_on_hand(LotChangeType.RETURNED, balance, returned_lot.quantity, scan=returned_lot.scan)


def dispose_return(uow: LotsUnitOfWork, event: ReturnLotsDisposed) -> None:
    """Restock, scrap or return stock to the vendor; release the hold when nothing is pending."""
    for disposed_lot in event.lots:
        _dispose_lot(uow, event, disposed_lot)


def _dispose_lot(uow: LotsUnitOfWork, event: ReturnLotsDisposed, disposed_lot: LotQuantity) -> None:
    return_hold = next(
        (
            hold
            for hold in uow.open_holds(event.sku, disposed_lot.lot)
            if (hold.hold_id, hold.location) == (event.hold_id, event.location)
        ),
        None,
    )
    if return_hold is None or return_hold.pending_quantity < disposed_lot.quantity:
        disposed_text = f"{format_quantity(disposed_lot.quantity)} of {lot_label(event.sku, disposed_lot.lot)}"
        pending = return_hold.pending_quantity if return_hold else ZERO
        return_text = f"return {event.return_id} has {format_quantity(pending)} pending there"
        detail = f"Disposition of {disposed_text} at {event.location}, but {return_text}"
        uow.record_conflict(Code.NOT_IN_RETURN, detail, sku=event.sku, ids=[disposed_lot.lot])
        return
    balance = uow.get_balance(uow.lots[event.sku, disposed_lot.lot], event.location)
    if event.disposition != "RESTOCK":
        _remove_stock(uow, event, balance, disposed_lot.quantity)
    return_hold.pending_quantity -= disposed_lot.quantity
    if not return_hold.pending_quantity:
        holds.release(uow, return_hold)


def _remove_stock(uow: LotsUnitOfWork, event: ReturnLotsDisposed, balance: Balance, quantity: Decimal) -> None:
    change = LotChangeType.SCRAPPED if event.disposition == "SCRAP" else LotChangeType.RETURNED_TO_VENDOR
    uow.adjust_on_hand(change, balance, -quantity)
    uow.emit(
        LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=quantity,
        adjustment=change.value, reason=event.reason,
    )  # fmt: skip


def disposition_violation(
    uow: LotsUnitOfWork, balance: Balance, quantity: Decimal, available: Decimal
) -> ProblemDetail | None:
    """Return the violation of a quantity of available stock that includes returns with a pending disposition."""
    return_holds = [
        hold for hold in uow.open_holds(balance.sku, balance.lot, balance.location) if hold.pending_quantity > 0
    ]
    pending = sum((hold.pending_quantity for hold in return_holds), ZERO)
    if not pending or quantity <= available - pending:
        return None
    return_ids = sorted({hold.return_id for hold in return_holds if hold.return_id})
    detail = (
        f"{format_quantity(pending)} of {lot_label(balance.sku, balance.lot)} at {balance.location}: "
        f"disposition of return {', '.join(return_ids)} pending"
    )
    return ProblemDetail(
        code=Code.DISPOSITION_PENDING, detail=detail, ids=[balance.lot or balance.sku],
        blocked_by=[resource_path("returns", return_id) for return_id in return_ids],
    )  # fmt: skip
