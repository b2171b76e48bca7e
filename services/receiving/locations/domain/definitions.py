"""Definitions of warehouses and locations; a location may be defined before its warehouse."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from services.receiving.locations.domain.records import (
    Location,
    LocationChange,
    LocationOut,
    Warehouse,
    WarehouseOut,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.identifiers import resource_path
from shared.merge_patch import merge_patch
from shared.unit_of_work import CommandResult
from shared.working_set import WorkingSet

R = TypeVar("R", Warehouse, Location)


def define_warehouse(uow: ReceivingUnitOfWork, patch: WarehouseDefined) -> CommandResult:
    """Create or change a warehouse; its time zone must exist."""
    warehouse = _apply(patch, uow.warehouses.get(patch.warehouse), Warehouse, {"version": 0, "time_zone": "UTC"})
    if isinstance(warehouse, ProblemDetail):
        return CommandResult.rejected(warehouse)
    if warehouse.time_zone not in uow.time_zone_names:
        detail = f"Warehouse {patch.warehouse} has the unknown time zone {warehouse.time_zone!r}"
        return CommandResult.rejected(ProblemDetail(code=Code.UNKNOWN_TIME_ZONE, detail=detail))
    return _define(uow, uow.warehouses, warehouse, WarehouseChanged, WarehouseOut)


def define_location(uow: ReceivingUnitOfWork, patch: LocationDefined) -> CommandResult:
    """Create or change a location."""
    location = _apply(
        patch, uow.locations.get(patch.location), Location, {"version": 0, "pick_sequence": 0, "is_active": True}
    )
    if isinstance(location, ProblemDetail):
        return CommandResult.rejected(location)
    return _define(uow, uow.locations, location, LocationChanged, LocationOut)


def _apply(
    patch: WarehouseDefined | LocationDefined, before: R | None, record: type[R], defaults: Mapping[str, Any]
) -> R | ProblemDetail:
    """Merge a patch into the current record; a field without a default value is required."""
    merged = merge_patch(before._asdict() if before else {}, patch.model_dump(exclude_unset=True))
    document = {**defaults, **merged}
    if missing := [name for name in record._fields if name not in document]:
        detail = f"{record.__name__} {patch.key()} needs a {' and a '.join(missing)}"
        return ProblemDetail(code=Code.INCOMPLETE_DEFINITION, detail=detail, ids=missing)
    return record(**{name: document[name] for name in record._fields})


def _define(
    uow: ReceivingUnitOfWork, records: WorkingSet[str, R], record: R, event_type: type[Message], schema: type[BaseModel]
) -> CommandResult:
    """Store a record; each change gets a version, a log entry and an event."""
    event, key = uow.event, records.key(record)
    before = records.get(key)
    after = record._replace(version=before.version if before else 0)
    if after != before:
        after = records.put(after._replace(version=after.version + 1))
        uow.location_changes.append(
            LocationChange(
                location=key, version=after.version, changed_at=uow.now, actor=event.actor, source=event.source,
                message=event.id, before=before and json.dumps(before._asdict()), after=json.dumps(after._asdict()),
            )
        )  # fmt: skip
        uow.emit(event_type, **after._asdict())
    result = CommandResult(schema.model_validate(after._asdict()))
    collection = "locations" if "/" in key else "warehouses"
    return result if before else result.created(resource_path(collection, *key.split("/")))


def inactive_location_violation(location: Location) -> ProblemDetail | None:
    """Return the violation of a command that puts items at a deactivated location."""
    if location.is_active:
        return None
    detail = f"Location {location.location} is deactivated; nothing is put there"
    return ProblemDetail(code=Code.LOCATION_INACTIVE, detail=detail, ids=[location.location])
