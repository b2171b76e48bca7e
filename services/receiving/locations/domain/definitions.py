"""Definitions of warehouses and locations; a location may be defined before its warehouse."""

import json
from typing import TypeVar

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
from shared.unit_of_work import CommandResult
from shared.working_set import WorkingSet

R = TypeVar("R", Warehouse, Location)


def define_warehouse(uow: ReceivingUnitOfWork, definition: WarehouseDefined) -> CommandResult:
    """Create or change a warehouse; its time zone must exist."""
    if definition.time_zone not in uow.time_zone_names:
        detail = f"Warehouse {definition.warehouse} has the unknown time zone {definition.time_zone!r}"
        return CommandResult.rejected(ProblemDetail(code=Code.UNKNOWN_TIME_ZONE, detail=detail))
    warehouse = Warehouse(
        warehouse=definition.warehouse, version=0, name=definition.name, time_zone=definition.time_zone
    )
    return _define(uow, uow.warehouses, warehouse, WarehouseChanged, WarehouseOut)


def define_location(uow: ReceivingUnitOfWork, definition: LocationDefined) -> CommandResult:
    """Create or change a location."""
    location = Location(
        location=definition.location, version=0, type=definition.type, pick_sequence=definition.pick_sequence
    )
    return _define(uow, uow.locations, location, LocationChanged, LocationOut)


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
