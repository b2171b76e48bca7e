"""Receipts of lot stock: lots, their dates and quantities (S23, S26)."""

from services.lots.balances.domain import holds
from services.lots.balances.domain.dates import (
    LotDates,
    has_hold_of_kind,
    hold_expiry_conflict,
    merge_dates,
    set_dates,
)
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import Lot
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
    label = LotDates(received_lot.expiry, received_lot.manufactured_on, received_lot.best_before)
    dates, origin = merge_dates(lot, label), f"on receipt {event.receipt}"
    uow.emit(
        LotReceived, sku=lot.sku, lot=lot.lot, quantity=received_lot.quantity, location=event.location,
        **dates._asdict(), receipt=event.receipt, line=event.line, reason="received",
        scan=received_lot.scan,
        inferred_from=event.inferred_from,
    )  # fmt: skip
    # Holds are placed before the quantity is recorded, so that held stock is never allocated.
    hold_expiry_conflict(uow, lot, label, origin)
    set_dates(uow, lot, dates, f"expiry {received_lot.expiry} {origin}")
    if received_lot.hold_id and not has_hold_of_kind(uow, lot, "SHORT_SHELF_LIFE"):
        reason = "remaining shelf life too short at receipt"
        holds.place(uow, lot, received_lot.hold_id, "SHORT_SHELF_LIFE", reason)
    balance = uow.get_balance(lot, event.location)
    uow.adjust_on_hand(LotChangeType.RECEIVED, balance, received_lot.quantity, scan=received_lot.scan)
