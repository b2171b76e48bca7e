"""Goods that were recorded under a wrong lot number: their quantities move to the right lot, order by order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.recorded_goods import GoodsAtLocation
from services.lots.balances.domain.records import (
    NO_EXPIRY,
    ZERO,
    Hold,
    HoldKind,
    Lot,
    PickedQuantity,
    Reservation,
    ShippedQuantity,
    join_lots,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lot_corrections import CorrectedLot

CHANGE = LotChangeType.NUMBER_CORRECTED


def move_goods(uow: LotsUnitOfWork, source: Lot, lot: Lot, goods: GoodsAtLocation) -> list[CorrectedLot]:
    """Record goods at a location under another lot number; return what belongs to orders."""
    if goods.location:
        balance = uow.get_balance(lot, goods.location)
        if balance.key not in uow.balances:
            uow.balances.put(balance)
    for row, quantity in goods.allocated:
        _move_reservation(uow, row, lot, quantity)
    if goods.on_hand:
        _move_on_hand(uow, source, lot, goods)
    for picked_row, quantity in goods.picked:
        _move_picked(uow, picked_row, lot, quantity)
    return [
        *(_of_order(lot, row, quantity, "ALLOCATED") for row, quantity in goods.allocated),
        *(_of_order(lot, row, quantity, "PICKED") for row, quantity in goods.picked),
    ]


def move_shipped(uow: LotsUnitOfWork, lot: Lot, row: ShippedQuantity, quantity: Decimal) -> CorrectedLot:
    """Record a shipped quantity under another lot number: its entries are reversed and posted anew."""
    renamed = replace(row, lot=lot.lot, quantity=quantity)
    row.quantity -= quantity
    uow.shipped.append(renamed)
    uow.post_shipped(LotChangeType.SHIPPED, row, quantity, lot.lot)
    uow.post_shipped(CHANGE, row, -quantity, lot.lot)
    uow.post_shipped(CHANGE, renamed, quantity, row.lot)
    uow.post_shipped(LotChangeType.SHIPPED, renamed, -quantity, row.lot)
    return CorrectedLot(
        lot=lot.lot, quantity=quantity, order=row.order_id, line=row.line, demand_id=row.demand_id, status="SHIPPED",
        shipment=row.shipment, customer=row.customer,
    )  # fmt: skip


def _of_order(lot: Lot, row: Reservation | PickedQuantity, quantity: Decimal, status: str) -> CorrectedLot:
    fields = {"order": row.order_id, "line": row.line, "demand_id": row.demand_id, "location": row.location or None}
    return CorrectedLot.model_validate({"lot": lot.lot, "quantity": quantity, "status": status} | fields)


def _move_reservation(uow: LotsUnitOfWork, row: Reservation, lot: Lot, quantity: Decimal) -> None:
    source, target = uow.balances[row.sku, row.lot, row.location], uow.balances[row.sku, lot.lot, row.location]
    renamed = uow.reservations.get((row.demand_id, lot.lot, row.location)) or uow.reservations.put(
        Reservation(
            demand_id=row.demand_id, lot=lot.lot, location=row.location, sku=row.sku, order_id=row.order_id,
            line=row.line,
        )
    )  # fmt: skip
    row.quantity -= quantity
    source.allocated -= quantity
    renamed.quantity += quantity
    target.allocated += quantity
    renamed.former_lots = join_lots(renamed.former_lots, row.former_lots, row.lot)


def _move_on_hand(uow: LotsUnitOfWork, source: Lot, lot: Lot, goods: GoodsAtLocation) -> None:
    """Move the on-hand quantity; what is not put away stays so."""
    balance, target = uow.get_balance(source, goods.location), uow.get_balance(lot, goods.location)
    staged, target_staged = balance.staged, target.staged
    uow.adjust_on_hand(CHANGE, balance, -goods.on_hand, other_lot=lot.lot)
    target_staged += staged - balance.staged
    uow.adjust_on_hand(CHANGE, target, goods.on_hand, other_lot=source.lot)
    target.staged = max(min(target_staged, target.on_hand - target.allocated), ZERO)
    if balance.unallocated < 0:
        uow.mark_missing(balance)


def _move_picked(uow: LotsUnitOfWork, row: PickedQuantity, lot: Lot, quantity: Decimal) -> None:
    renamed = uow.picked.get((row.demand_id, lot.lot, row.location)) or uow.picked.put(
        PickedQuantity(
            demand_id=row.demand_id, lot=lot.lot, location=row.location, sku=row.sku, warehouse=row.warehouse,
            order_id=row.order_id, line=row.line,
        )
    )  # fmt: skip
    if not renamed.quantity:
        renamed.expiry, renamed.next_expiry_check = lot.expiry or NO_EXPIRY, date.min
    documents = {"order_id": row.order_id, "line": row.line, "demand_id": row.demand_id}
    uow.adjust_picked(CHANGE, row, -quantity, other_lot=lot.lot, **documents)
    uow.adjust_picked(CHANGE, renamed, quantity, other_lot=row.lot, **documents)
    renamed.former_lots = join_lots(renamed.former_lots, row.former_lots, row.lot)


CARRIED_KINDS: frozenset[HoldKind] = frozenset({"MANUAL", "SHORT_SHELF_LIFE", "EXPIRY_CONFLICT", "RECALL"})
"""Holds that stay on the goods, whatever their number: an expired lot and a return concern only the lot itself."""


def carried_holds(uow: LotsUnitOfWork, source: Lot, location: str | None) -> list[Hold]:
    """Return the holds of a wrong lot number that stay on goods at a location, or on picked goods."""
    return [
        hold
        for hold in uow.open_holds(source.sku, source.lot, location)
        if hold.kind in CARRIED_KINDS and (location is not None or hold.location is None)
    ]


def carry_holds(uow: LotsUnitOfWork, source: Lot, lot: Lot, location: str) -> None:
    """Also place the holds of a wrong lot number on the right lot at the location of the goods."""
    for hold in carried_holds(uow, source, location):
        open_ids = {other.hold_id for other in uow.open_holds(lot.sku, lot.lot, location)}
        if hold.hold_id not in open_ids:
            holds.place(uow, lot, hold.hold_id, hold.kind, hold.reason, location=location, owner_role=hold.owner_role)


def bind_single_lots(uow: LotsUnitOfWork, source: Lot, lot: Lot, stock: Sequence[CorrectedLot]) -> None:
    """Bind single-lot demands to the right lot, once nothing of them is left under the wrong number."""
    for demand_id in {part.demand_id for part in stock}:
        demand = uow.demands.get(demand_id)
        if demand is None or demand.assigned_lot != source.lot:
            continue
        rows: list[Reservation | PickedQuantity] = [
            *uow.reservations_by_demand[demand_id], *uow.picked_of_demand(demand_id, source.lot, None)
        ]  # fmt: skip
        if not any(row.quantity for row in rows if row.lot == source.lot):
            demand.assigned_lot = lot.lot
            for balance in uow.balances_by_lot[lot.sku, lot.lot]:
                uow.mark_released(balance)
