"""Handler of warehouse and location definitions."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from services.receiving.locations import domain, store
from services.receiving.locations.domain import LocationDefinitionResult, LocationOut, Warehouse, WarehouseOut
from services.receiving.locations.store import LocationChange
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.identifiers import resource_path
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

DefinitionEvent = CloudEvent[WarehouseDefined] | CloudEvent[LocationDefined]


async def define_locations(tx: Transaction, events: Sequence[DefinitionEvent]) -> Sequence[CommandResult]:
    """Create or change warehouses and locations; each change gets a version, a log entry and an event."""
    definitions = [event.data for event in events]
    existing: dict[str, domain.MasterData] = {
        **await store.load_warehouses(
            tx, (definition.key() for definition in definitions if isinstance(definition, WarehouseDefined))
        ),
        **await store.load_locations(
            tx, (definition.key() for definition in definitions if isinstance(definition, LocationDefined))
        ),
    }
    results = domain.define_locations(existing, _time_zones(), definitions)
    changes = [(event, result) for event, result in zip(events, results, strict=True) if result.is_changed]
    if changes:
        changed_records = {result.after.key: result.after for _, result in changes if result.after}
        log = [_to_change(tx, event, result) for event, result in changes]
        await store.save_locations(tx, list(changed_records.values()), log)
    return [_to_command_result(event, result) for event, result in zip(events, results, strict=True)]


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _to_change(tx: Transaction, event: DefinitionEvent, result: LocationDefinitionResult) -> LocationChange:
    version = result.after.version if result.after else 0
    before, after = store.to_json(result.before), store.to_json(result.after) or ""
    return LocationChange(
        location=event.data.key(), version=version, changed_at=tx.now, actor=event.actor, source=event.source,
        message=event.id, before=before, after=after,
    )  # fmt: skip


def _to_command_result(event: DefinitionEvent, result: LocationDefinitionResult) -> CommandResult:
    if result.violation or not result.after:
        return CommandResult(violations=[result.violation] if result.violation else ())
    message = result.after.to_event().model_copy(update={"actor": event.actor, "cause": event.cause})
    schema = WarehouseOut if isinstance(result.after, Warehouse) else LocationOut
    command_result = CommandResult(
        schema.model_validate(result.after._asdict()), [message] if result.is_changed else ()
    )
    collection = "warehouses" if isinstance(result.after, Warehouse) else "locations"
    return (
        command_result
        if result.before
        else command_result.created(resource_path(collection, *event.data.key().split("/")))
    )
