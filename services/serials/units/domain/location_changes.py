"""Locations that stop or start being active storage locations: what can be allocated changes with them."""

from services.serials.units.domain.unit import ChangedLocation
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.reference import LocationChanged
from shared.contracts.serials import AffectedSerial, SerialAllocationsRevoked


def apply_location_change(uow: SerialsUnitOfWork, event: LocationChanged) -> None:
    """Revoke the allocations of blocked units, and allocate unblocked units to open demands (S07)."""
    changed = uow.changed_locations.pop(event.location, ChangedLocation())
    for pool in sorted(changed.unblocked_pools):
        uow.reallocated_pools[pool] = uow.context
    units_by_sku: dict[str, list[AffectedSerial]] = {}
    for unit in sorted(changed.blocked, key=lambda unit: unit.key):
        affected = AffectedSerial(
            serial=unit.serial, order=unit.order_id or "", line=unit.order_line or "", demand_id=unit.demand_id or ""
        )
        units_by_sku.setdefault(unit.sku, []).append(affected)
    for sku, units in units_by_sku.items():
        for batch in chunks(units):
            uow.emit(
                SerialAllocationsRevoked, sku=sku, location=event.location, reason=blocking_reason(event),
                units=list(batch),
            )  # fmt: skip


def blocking_reason(event: LocationChanged) -> str:
    """Return why nothing is allocated from a location."""
    return f"{event.location} is a {event.type} location" if event.is_active else f"{event.location} is deactivated"
