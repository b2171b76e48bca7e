"""Finds the counts that messages complete, and the units scanned in them, before they are handled."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.serials.counts.domain.records import CountKey
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import CountSerials
from shared.contracts.envelope import CloudEvent
from shared.inventory.count_times import time_of_count

Events = Sequence[CloudEvent[CountSerials]]


def completed_counts(uow: SerialsUnitOfWork, events: Events) -> dict[CountKey, datetime]:
    """Return the counts of which no part is missing after the messages, with their times."""
    parts: dict[CountKey, set[int]] = {}
    counts: dict[CountKey, tuple[int, datetime]] = {}
    for event in events:
        key = event.data.location, event.data.count_id
        count = uow.counts.get(key)
        parts.setdefault(key, set(count.received_parts if count else ())).add(event.data.part)
        counts[key] = event.data.parts, min(time_of_count(event), uow.now)
    return {key: counted_at for key, (total, counted_at) in counts.items() if len(parts[key]) >= total}


def scanned_units(
    uow: SerialsUnitOfWork, events: Events, counts: Collection[CountKey]
) -> set[tuple[CountKey, UnitKey]]:
    """Return the units scanned in counts, in earlier parts and in the messages."""
    scanned = {
        ((event.data.location, event.data.count_id), (unit.sku, unit.serial))
        for event in events for unit in event.data.units
    } | {((unit.location, unit.count_id), unit.key) for unit in uow.counted_units}  # fmt: skip
    return {(count, unit) for count, unit in scanned if count in counts}
