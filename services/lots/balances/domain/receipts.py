"""Receipts of lot stock: lots, their dates and quantities (S23, S26)."""

from collections.abc import Iterable, Sequence

from services.lots.balances.domain import holds
from services.lots.balances.domain.dates import LotDates, set_dates
from services.lots.balances.domain.ledger import DocumentRefs, LotChangeType, MessageContext
from services.lots.balances.domain.records import HoldKind, Lot, LotKey
from services.lots.balances.domain.stock_rules import mixed_lot_events
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotReceived
from shared.contracts.receiving import ReceiptLotsReceived, ReceivedLot


def receive(uow: LotsUnitOfWork, events: Sequence[CloudEvent[ReceiptLotsReceived]]) -> list[Message]:
    """Record received quantities."""
    return [
        message
        for event in events
        for received_lot in event.data.lots
        for message in _receive_lot(uow, event, received_lot)
    ]


def _receive_lot(
    uow: LotsUnitOfWork, event: CloudEvent[ReceiptLotsReceived], received_lot: ReceivedLot
) -> list[Message]:
    payload, context = event.data, MessageContext.from_event(event)
    lot = uow.lots.get((payload.sku, received_lot.lot))
    if lot is None:
        lot = uow.lots[payload.sku, received_lot.lot] = Lot(
            sku=payload.sku, lot=received_lot.lot, expiry=received_lot.expiry,
            manufactured_on=received_lot.manufactured_on,
            best_before=received_lot.best_before, first_received_at=event.time, supplier=payload.supplier,
            is_dirty=True,
        )  # fmt: skip
    # Holds are placed before the quantity is recorded, so that held stock is never allocated.
    emitted = _merge_dates(uow, lot, event, received_lot)
    if received_lot.hold_id and not _has_hold_of_kind(uow, lot, "SHORT_SHELF_LIFE"):
        hold_context = context._replace(reason="remaining shelf life too short at receipt")
        emitted += holds.place(uow, lot, received_lot.hold_id, "SHORT_SHELF_LIFE", hold_context)
    balance = uow.get_balance(lot, payload.location)
    documents = DocumentRefs(receipt=payload.receipt, line=payload.line, supplier=payload.supplier)
    uow.adjust_on_hand(LotChangeType.RECEIVED, balance, received_lot.quantity, context, documents)
    received_event = LotReceived(
        actor=context.actor,
        cause=context.cause,
        sku=lot.sku,
        lot=lot.lot,
        quantity=received_lot.quantity,
        location=payload.location,
        expiry=lot.expiry,
        manufactured_on=lot.manufactured_on,
        best_before=lot.best_before,
        receipt=payload.receipt,
        line=payload.line,
        reason="received",
    )
    return [received_event, *emitted, *mixed_lot_events(uow, balance, context)]


def _merge_dates(
    uow: LotsUnitOfWork, lot: Lot, event: CloudEvent[ReceiptLotsReceived], received_lot: ReceivedLot
) -> list[Message]:
    """Merge the received dates. Conflicting expiry dates: the earlier applies, and the lot is put on hold."""
    context = MessageContext.from_event(event, f"expiry {received_lot.expiry} on receipt {event.data.receipt}")
    emitted: list[Message] = []
    if (
        received_lot.expiry
        and lot.expiry not in {None, received_lot.expiry}
        and not _has_hold_of_kind(uow, lot, "EXPIRY_CONFLICT")
    ):
        hold_context = context._replace(reason=f"expiry conflict: {context.reason}, previously {lot.expiry}")
        emitted += holds.place(uow, lot, f"EXP-{event.id}"[:64], "EXPIRY_CONFLICT", hold_context)
    expiry = min((day for day in (lot.expiry, received_lot.expiry) if day), default=None)
    effective_dates = LotDates(
        expiry=expiry, manufactured_on=lot.manufactured_on or received_lot.manufactured_on,
        best_before=lot.best_before or received_lot.best_before,
    )  # fmt: skip
    return [*emitted, *set_dates(uow, lot, effective_dates, context)]


def _has_hold_of_kind(uow: LotsUnitOfWork, lot: Lot, kind: HoldKind) -> bool:
    return any(hold.kind == kind for hold in uow.open_holds(lot.sku, lot.lot))


def lots_to_hold(uow: LotsUnitOfWork, events: Iterable[CloudEvent[ReceiptLotsReceived]]) -> list[LotKey]:
    """Return the existing lots that these receipts may put on hold or give another expiry."""
    return [
        (event.data.sku, received_lot.lot)
        for event in events
        for received_lot in event.data.lots
        if (lot := uow.lots.get((event.data.sku, received_lot.lot)))
        and (received_lot.hold_id or (received_lot.expiry and received_lot.expiry != lot.expiry))
    ]
