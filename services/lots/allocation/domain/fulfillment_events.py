"""Events of fulfillment before dispatch: cancelled demands, deallocations, picks and unpicks.

Each quantity must match the stock allocated or picked here. A mismatch changes nothing and is recorded as a conflict.
"""

from collections.abc import Iterator, Sequence

from services.lots.allocation.domain.demand import Reallocation
from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import DocumentRefs, MessageContext
from services.lots.balances.domain.records import ZERO, PickedQuantity, Reservation
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.stock_rules import mixed_lot_events
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.fulfillment import AllocationCancelled, OrderLotsDeallocated, OrderLotsPicked, OrderLotsUnpicked
from shared.contracts.lots import LotDeallocated, LotPicked, LotUnpicked
from shared.contracts.problems import Code
from shared.contracts.quantities import LotAtLocation, LotQuantity

OrderLotsEvent = OrderLotsDeallocated | OrderLotsPicked | OrderLotsUnpicked


def release_allocations(uow: LotsUnitOfWork, events: Sequence[CloudEvent[AllocationCancelled]]) -> list[Message]:
    """Release the allocations of cancelled demands (S11)."""
    reservations_by_demand: dict[str, list[Reservation]] = {}
    for row in uow.reservations.values():
        if row.quantity:
            reservations_by_demand.setdefault(row.demand_id, []).append(row)
    emitted: list[Message] = []
    for event in events:
        lot_quantities = []
        for row in reservations_by_demand.pop(event.data.demand_id, ()):
            lot_quantities.append(LotAtLocation(lot=row.lot, quantity=row.quantity, location=row.location))
            uow.deallocate(row, row.quantity, MessageContext.from_event(event))
        emitted += _deallocated_events(event, lot_quantities)
    return emitted


def deallocate(
    uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsDeallocated]]
) -> tuple[list[Message], list[Reallocation]]:
    """Return quantities to stock (S11); also return what to reallocate."""
    emitted: list[Message] = []
    reallocations = []
    for event in events:
        lot_quantities = []
        for row, lot_quantity in _matching_reservations(uow, event, "deallocated"):
            uow.deallocate(row, lot_quantity.quantity, MessageContext.from_event(event))
            lot_quantities.append(lot_quantity)
        emitted += _deallocated_events(event, lot_quantities)
        if event.data.hold_id:
            emitted += _hold_missing_lots(uow, event, event.data.hold_id, lot_quantities)
        reallocations += _reallocations(event, lot_quantities)
    return emitted, reallocations


def _deallocated_events(
    event: CloudEvent[AllocationCancelled] | CloudEvent[OrderLotsDeallocated], lot_quantities: Sequence[LotAtLocation]
) -> list[LotDeallocated]:
    payload = event.data
    return [
        LotDeallocated(
            actor=event.actor, cause=event.cause, sku=payload.sku, order=payload.order, line=payload.line,
            demand_id=payload.demand_id, lots=list(batch), reason=payload.reason,
        )
        for batch in chunks(lot_quantities)
    ]  # fmt: skip


def _hold_missing_lots(
    uow: LotsUnitOfWork, event: CloudEvent[OrderLotsDeallocated], hold_id: str, lot_quantities: Sequence[LotAtLocation]
) -> list[Message]:
    """Place a hold at each location where a quantity was not found."""
    return [
        message
        for lot_quantity in lot_quantities
        for message in holds.place(
            uow,
            uow.lots[event.data.sku, lot_quantity.lot],
            hold_id,
            "NOT_FOUND",
            MessageContext.from_event(event),
            location=lot_quantity.location,
        )
    ]


def pick(uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsPicked]]) -> list[Message]:
    """Move allocated quantities to picked stock (S09)."""
    emitted: list[Message] = []
    for event in events:
        payload, lot_quantities = event.data, []
        for row, lot_quantity in _matching_reservations(uow, event, "picked"):
            uow.pick(row, lot_quantity.quantity, MessageContext.from_event(event), _document_refs(payload))
            lot_quantities.append(lot_quantity)
        if lot_quantities:
            emitted.append(
                LotPicked(
                    actor=event.actor, cause=event.cause, sku=payload.sku, order=payload.order, line=payload.line,
                    demand_id=payload.demand_id, lots=lot_quantities, location=payload.location,
                )
            )  # fmt: skip
    return emitted


def unpick(
    uow: LotsUnitOfWork, events: Sequence[CloudEvent[OrderLotsUnpicked]]
) -> tuple[list[Message], list[Reallocation]]:
    """Return picked quantities to a storage location (S12); also return what to reallocate."""
    emitted: list[Message] = []
    reallocations = []
    for event in events:
        payload, lot_quantities, mixing_events = event.data, list[LotQuantity](), list[Message]()
        for lot_quantity in payload.lots:
            row = uow.picked.get((payload.demand_id, lot_quantity.lot))
            if _matches(uow, event, row, lot_quantity, "unpicked") and row:
                balance = uow.unpick(
                    row,
                    payload.location,
                    lot_quantity.quantity,
                    MessageContext.from_event(event),
                    _document_refs(payload),
                )
                lot_quantities.append(lot_quantity)
                mixing_events += mixed_lot_events(uow, balance, MessageContext.from_event(event))
        if lot_quantities:
            emitted.append(
                LotUnpicked(
                    actor=event.actor, cause=event.cause, sku=payload.sku, order=payload.order, line=payload.line,
                    demand_id=payload.demand_id, lots=lot_quantities, location=payload.location, reason=payload.reason,
                )
            )  # fmt: skip
        emitted += mixing_events
        reallocations += _reallocations(event, lot_quantities)
    return emitted, reallocations


def _reallocations(
    event: CloudEvent[OrderLotsDeallocated] | CloudEvent[OrderLotsUnpicked], lot_quantities: Sequence[LotQuantity]
) -> list[Reallocation]:
    if not event.data.reallocate or not lot_quantities:
        return []
    return [
        Reallocation(
            event.data.demand_id,
            sum((lot_quantity.quantity for lot_quantity in lot_quantities), ZERO),
            MessageContext.from_event(event),
        )
    ]


def _matching_reservations(
    uow: LotsUnitOfWork, event: CloudEvent[OrderLotsDeallocated] | CloudEvent[OrderLotsPicked], action: str
) -> Iterator[tuple[Reservation, LotAtLocation]]:
    """Yield the matching reservation of each quantity; the caller applies it before the next is checked."""
    for lot_quantity in event.data.lots:
        row = uow.reservations.get((event.data.demand_id, lot_quantity.lot, lot_quantity.location))
        if _matches(uow, event, row, lot_quantity, action) and row:
            yield row, lot_quantity


def _matches(
    uow: LotsUnitOfWork,
    event: CloudEvent[OrderLotsDeallocated] | CloudEvent[OrderLotsPicked] | CloudEvent[OrderLotsUnpicked],
    row: Reservation | PickedQuantity | None,
    lot_quantity: LotQuantity,
    action: str,
) -> bool:
    payload = event.data
    is_same_line = row is not None and (row.order_id, row.line) == (payload.order, payload.line)
    if row is not None and is_same_line and row.quantity >= lot_quantity.quantity:
        return True
    lot_text = f"{format_quantity(lot_quantity.quantity)} of {lot_label(payload.sku, lot_quantity.lot)}"
    demand_text = f"demand {payload.demand_id} has {format_quantity(row.quantity if row else ZERO)}"
    code = Code.ILLEGAL_TRANSITION if row is None or is_same_line else Code.DOCUMENT_MISMATCH
    detail = f"{action} for order {payload.order} line {payload.line}: {lot_text}, but {demand_text}"
    uow.record_conflict(event, code, detail, payload.sku, [lot_quantity.lot])
    return False


def _document_refs(payload: OrderLotsEvent) -> DocumentRefs:
    return DocumentRefs(order_id=payload.order, line=payload.line, demand_id=payload.demand_id)
