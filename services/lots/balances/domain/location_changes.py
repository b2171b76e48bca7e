"""Locations that stop or start being active storage locations: what can be allocated changes with them."""

from services.lots.balances.domain.records import Reservation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.lots import AffectedLot, LotAllocationsRevoked
from shared.contracts.reference import LocationChanged


def apply_location_change(uow: LotsUnitOfWork, event: LocationChanged) -> None:
    """Release stock that can be allocated again, and revoke allocations of stock that cannot (S07)."""
    for sku in uow.skus_by_changed_location.pop(event.location, ()):
        for balance in uow.balances_by_location[sku, event.location]:
            uow.mark_arrived(uow.get_balance(uow.lots[sku, balance.lot], event.location))
        if not uow.is_allocatable(event.location):
            _revoke_allocations(uow, event, sku)


def _revoke_allocations(uow: LotsUnitOfWork, event: LocationChanged, sku: str) -> None:
    lots = {balance.lot for balance in uow.balances_by_location[sku, event.location]}
    rows = [
        row
        for lot in sorted(lots)
        for row in uow.reservations_by_lot[sku, lot]
        if row.location == event.location and row.quantity > 0
    ]
    reason = f"{event.location} is a {event.type} location" if event.is_active else f"{event.location} is deactivated"
    for batch in chunks(rows):
        uow.emit(
            LotAllocationsRevoked, sku=sku, location=event.location, reason=reason, stock=list(map(_affected, batch))
        )


def _affected(row: Reservation) -> AffectedLot:
    return AffectedLot(
        lot=row.lot, quantity=row.quantity, order=row.order_id, line=row.line, demand_id=row.demand_id,
        location=row.location,
    )  # fmt: skip
