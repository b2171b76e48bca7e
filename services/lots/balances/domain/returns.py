"""Customer returns of lot stock: on hold at their location until the disposition."""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import DocumentRefs, LotChangeType, MessageContext
from services.lots.balances.domain.records import ZERO, Balance, Lot
from services.lots.balances.domain.results import CommandOutcome, format_quantity, lot_label
from services.lots.balances.domain.stock_rules import mixed_lot_events
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotAdjusted, LotReceived
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnLotsDisposed, ReturnLotsReceived
from shared.identifiers import resource_path


def receive_return(uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReturnLotsReceived]]) -> list[Message]:
    """Record returned quantities on hold (S18)."""
    return [
        message
        for event in events
        for returned_lot in event.data.lots
        for message in _receive_returned_lot(uow, event, returned_lot)
    ]


def _receive_returned_lot(
    uow: LotsUnitOfWork, event: CloudEvent[ReturnLotsReceived], returned_lot: LotQuantity
) -> list[Message]:
    payload, context = event.data, MessageContext.from_event(event)
    lot = uow.lots.get((payload.sku, returned_lot.lot))
    if lot is None:
        lot = uow.lots[payload.sku, returned_lot.lot] = Lot(
            sku=payload.sku, lot=returned_lot.lot, expiry=None, manufactured_on=None, best_before=None,
            first_received_at=event.time,
            supplier="", is_dirty=True,
        )  # fmt: skip
    balance = uow.get_balance(lot, payload.location)
    # The hold is placed first, so that returned stock is never allocated.
    emitted = holds.place(
        uow,
        lot,
        payload.hold_id,
        "RETURN",
        context,
        location=payload.location,
        return_id=payload.return_id,
        pending_quantity=returned_lot.quantity,
    )
    documents = DocumentRefs(order_id=payload.order, customer=payload.customer, return_id=payload.return_id)
    uow.adjust_on_hand(LotChangeType.RETURNED, balance, returned_lot.quantity, context, documents)
    received_event = LotReceived(
        actor=context.actor, cause=context.cause, sku=lot.sku, lot=lot.lot, quantity=returned_lot.quantity,
        location=payload.location,
        expiry=lot.expiry, manufactured_on=lot.manufactured_on, best_before=lot.best_before,
        return_id=payload.return_id,
        order=payload.order, customer=payload.customer, reason=payload.reason,
    )  # fmt: skip
    return [received_event, *emitted, *mixed_lot_events(uow, balance, context)]


def dispose_return(uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReturnLotsDisposed]]) -> list[Message]:
    """Restock, scrap or return stock to the vendor; release the hold when nothing is pending."""
    return [
        message
        for event in events
        for disposed_lot in event.data.lots
        for message in _dispose_lot(uow, event, disposed_lot)
    ]


def _dispose_lot(
    uow: LotsUnitOfWork, event: CloudEvent[ReturnLotsDisposed], disposed_lot: LotQuantity
) -> list[Message]:
    payload, context = event.data, MessageContext.from_event(event)
    return_hold = next(
        (
            hold
            for hold in uow.open_holds(payload.sku, disposed_lot.lot)
            if (hold.hold_id, hold.location) == (payload.hold_id, payload.location)
        ),
        None,
    )
    if return_hold is None or return_hold.pending_quantity < disposed_lot.quantity:
        disposed_text = f"{format_quantity(disposed_lot.quantity)} of {lot_label(payload.sku, disposed_lot.lot)}"
        pending = return_hold.pending_quantity if return_hold else ZERO
        return_text = f"return {payload.return_id} has {format_quantity(pending)} pending there"
        detail = f"Disposition of {disposed_text} at {payload.location}, but {return_text}"
        uow.record_conflict(event, Code.NOT_IN_RETURN, detail, payload.sku, [disposed_lot.lot])
        return []
    balance = uow.get_balance(uow.lots[payload.sku, disposed_lot.lot], payload.location)
    emitted = _remove_stock(uow, event, balance, disposed_lot)
    return_hold.pending_quantity -= disposed_lot.quantity
    return_hold.is_dirty = True
    return emitted if return_hold.pending_quantity else [*emitted, holds.release(uow, return_hold, context)]


def _remove_stock(
    uow: LotsUnitOfWork, event: CloudEvent[ReturnLotsDisposed], balance: Balance, disposed_lot: LotQuantity
) -> list[Message]:
    payload, context = event.data, MessageContext.from_event(event)
    if payload.disposition == "RESTOCK":
        return []
    is_scrap = payload.disposition == "SCRAP"
    documents = DocumentRefs(return_id=payload.return_id)
    uow.adjust_on_hand(
        LotChangeType.SCRAPPED if is_scrap else LotChangeType.RETURNED_TO_VENDOR,
        balance,
        -disposed_lot.quantity,
        context,
        documents,
    )
    return [
        LotAdjusted(
            actor=context.actor, cause=context.cause, sku=balance.sku, lot=balance.lot, location=balance.location,
            quantity=disposed_lot.quantity, adjustment="SCRAPPED" if is_scrap else "RETURNED_TO_VENDOR",
            reason=payload.reason,
        )
    ]  # fmt: skip


def disposition_violation(uow: LotsUnitOfWork, balance: Balance, quantity: Decimal) -> CommandOutcome | None:
    """Reject a quantity that includes returned stock with a pending disposition."""
    return_holds = [
        hold for hold in uow.open_holds(balance.sku, balance.lot, balance.location) if hold.pending_quantity > 0
    ]
    pending = sum((hold.pending_quantity for hold in return_holds), ZERO)
    if quantity <= balance.unallocated - pending:
        return None
    return_ids = sorted({hold.return_id for hold in return_holds if hold.return_id})
    detail = (
        f"{format_quantity(pending)} of {lot_label(balance.sku, balance.lot)} at {balance.location}: "
        f"disposition of return {', '.join(return_ids)} pending"
    )
    violation = ProblemDetail(
        code=Code.DISPOSITION_PENDING, detail=detail, ids=[balance.lot or balance.sku],
        blocked_by=[resource_path("returns", return_id) for return_id in return_ids],
    )  # fmt: skip
    return CommandOutcome(violation=violation)
