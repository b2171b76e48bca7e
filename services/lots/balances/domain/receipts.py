"""Receipts of lot stock: lots, their dates and quantities (S23, S26)."""

from services.lots.balances.domain import holds
from services.lots.balances.domain.dates import LotDates, set_dates
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import HoldKind, Lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import LotReceived
from shared.contracts.receiving import ReceiptLotsReceived, ReceivedLot


def receive(uow: LotsUnitOfWork, event: ReceiptLotsReceived) -> None:
    """Record received quantities."""
    for received_lot in event.lots:
        _receive_lot(uow, event, received_lot)


def _receive_lot(uow: LotsUnitOfWork, event: ReceiptLotsReceived, received_lot: ReceivedLot) -> None:
    lot = uow.lots.get((event.sku, received_lot.lot)) or uow.lots.put(
        Lot(
            sku=event.sku, lot=received_lot.lot, expiry=received_lot.expiry,
            manufactured_on=received_lot.manufactured_on, best_before=received_lot.best_before,
            first_received_at=uow.event.time, supplier=event.supplier,
        )
    )  # fmt: skip
    dates = _merged_dates(lot, received_lot)
    uow.emit(
        LotReceived, sku=lot.sku, lot=lot.lot, quantity=received_lot.quantity, location=event.location,
        **dates._asdict(), receipt=event.receipt, line=event.line, reason="received",
    )  # fmt: skip
    # Holds are placed before the quantity is recorded, so that held stock is never allocated.
    _hold_expiry_conflict(uow, lot, event, received_lot)
    set_dates(uow, lot, dates, f"expiry {received_lot.expiry} on receipt {event.receipt}")
    if received_lot.hold_id and not _has_hold_of_kind(uow, lot, "SHORT_SHELF_LIFE"):
        reason = "remaining shelf life too short at receipt"
        holds.place(uow, lot, received_lot.hold_id, "SHORT_SHELF_LIFE", reason)
    uow.adjust_on_hand(LotChangeType.RECEIVED, uow.get_balance(lot, event.location), received_lot.quantity)


def _merged_dates(lot: Lot, received_lot: ReceivedLot) -> LotDates:
    """Return the dates in force after a receipt: the earlier expiry date, and other dates only if unknown before."""
    return LotDates(
        expiry=min((day for day in (lot.expiry, received_lot.expiry) if day), default=None),
        manufactured_on=lot.manufactured_on or received_lot.manufactured_on,
        best_before=lot.best_before or received_lot.best_before,
    )


def _hold_expiry_conflict(uow: LotsUnitOfWork, lot: Lot, event: ReceiptLotsReceived, received_lot: ReceivedLot) -> None:
    if (
        received_lot.expiry
        and lot.expiry not in {None, received_lot.expiry}
        and not _has_hold_of_kind(uow, lot, "EXPIRY_CONFLICT")
    ):
        receipt_text = f"expiry {received_lot.expiry} on receipt {event.receipt}"
        reason = f"expiry conflict: {receipt_text}, previously {lot.expiry}"
        holds.place(uow, lot, f"EXP-{uow.event.id}"[:64], "EXPIRY_CONFLICT", reason)


def _has_hold_of_kind(uow: LotsUnitOfWork, lot: Lot, kind: HoldKind) -> bool:
    return any(hold.kind == kind for hold in uow.open_holds(lot.sku, lot.lot))
