"""Counts of the units at a location, compared with the registry as of the time of the count.

A count books nothing. It keeps discrepancies for a supervisor and releases the holds of units that a picker did not
find. Units that moved since the count are not discrepancies.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from services.serials.counts.domain.records import (
    CountDiscrepancy,
    CountedState,
    CountedUnit,
    CountKey,
    LocationCount,
)
from services.serials.units.domain.holds import release_not_found_holds
from services.serials.units.domain.movements import unknown_location_violation
from services.serials.units.domain.transitions import ON_HAND
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import CountDiscrepancyKind, CountSerials
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import rfc3339
from shared.inventory.count_times import count_time_violation, time_of_count
from shared.scans import misread_as
from shared.unit_of_work import CommandResult


class CountResult(KnownFieldsModel):
    """State of a count; with all its parts, the numbers of missing and unexpected units."""

    count_id: str
    location: str
    counted_at: datetime
    missing_parts: list[int]
    scanned: int
    missing: int
    unexpected: int


def count_location(uow: SerialsUnitOfWork, command: CountSerials) -> CommandResult:
    """Record a part of a count; the last part completes it and finds the discrepancies."""
    counted_at = time_of_count(uow.event)
    if violation := (
        unknown_location_violation(uow, command.location)
        or _misread_violation(uow, command)
        or _time_violation(uow, command, counted_at)
    ):
        return CommandResult.rejected(violation)
    count = uow.counts.get((command.location, command.count_id)) or LocationCount(
        location=command.location, count_id=command.count_id, counted_at=min(counted_at, uow.now), parts=command.parts,
        counted_by=uow.event.actor, recorded_at=uow.now,
    )  # fmt: skip
    if violation := _content_violation(uow, count, command, min(counted_at, uow.now)):
        return CommandResult.rejected(violation)
    if command.part not in count.received_parts:
        uow.counts.put(count)
        _add_part(uow, count, command)
    return CommandResult(build_body=lambda: _count_result(uow, count))


def _misread_violation(uow: SerialsUnitOfWork, command: CountSerials) -> ProblemDetail | None:
    """Check that the scans of unknown units may be serial numbers at all."""
    misreads = {
        serial: misread
        for sku, serial in sorted(_keys(command))
        if (unit := uow.units.get((sku, serial))) is None or unit.status is None
        if (misread := misread_as(serial))
    }
    if not misreads:
        return None
    named = "; ".join(f"{serial!r} is {misread}" for serial, misread in list(misreads.items())[:3])
    detail = f"Count {command.count_id} of {command.location}: {len(misreads)} scans are no serial numbers: {named}"
    return ProblemDetail(code=Code.NOT_A_SERIAL, detail=detail, ids=list(misreads))


def _time_violation(uow: SerialsUnitOfWork, command: CountSerials, counted_at: datetime) -> ProblemDetail | None:
    counts = (count for count in uow.counts if count.location == command.location and count.completed_at)
    latest = max(counts, key=lambda count: count.counted_at, default=None)
    return count_time_violation(
        f"Count {command.count_id} of {command.location}", command.count_id, counted_at,
        latest.counted_at if latest else None,
        now=uow.now, max_age=uow.max_count_age, latest_name=f"count {latest.count_id}" if latest else "",
    )  # fmt: skip


def _content_violation(
    uow: SerialsUnitOfWork, count: LocationCount, command: CountSerials, counted_at: datetime
) -> ProblemDetail | None:
    """Return the violation of a part that contradicts what the count has said before."""
    label = f"Count {command.count_id} of {command.location}"
    if (count.parts, count.counted_at) != (command.parts, counted_at):
        detail = f"{label} has {count.parts} parts and the time {rfc3339(count.counted_at)}"
    elif command.part in count.received_parts and _scanned(uow, count.key, command.part) != _keys(command):
        detail = f"Part {command.part} of {label} has arrived with other units"
    else:
        return None
    return ProblemDetail(code=Code.DOCUMENT_EXISTS, detail=f"{detail}; use a new count_id", ids=[command.count_id])


def _keys(command: CountSerials) -> set[UnitKey]:
    return {(unit.sku, unit.serial) for unit in command.units}


def _scanned(uow: SerialsUnitOfWork, count: CountKey, part: int | None = None) -> set[UnitKey]:
    """The units scanned in a count, or in one of its parts."""
    return {unit.key for unit in uow.counted_units if unit[:2] == count and part in {None, unit.part}}


def _add_part(uow: SerialsUnitOfWork, count: LocationCount, command: CountSerials) -> None:
    count.received_parts = (*count.received_parts, command.part)
    scans = {(read.sku, read.serial): read.text for read in command.sound_scans}
    for sku, serial in sorted(_keys(command)):
        scan = scans.get((sku, serial))
        uow.counted_units.put(CountedUnit(count.location, count.count_id, command.part, sku, serial, scan))
        unit = uow.units.get((sku, serial))
        if unit is not None and unit.location == count.location:
            release_not_found_holds(uow, [unit], count.counted_at)
    if not count.missing_parts:
        count.completed_at = uow.now
        _record_discrepancies(uow, count)


def _record_discrepancies(uow: SerialsUnitOfWork, count: LocationCount) -> None:
    """Replace the open discrepancies of the location by those of a complete count."""
    for discrepancy in uow.count_discrepancies:
        if discrepancy.location == count.location and discrepancy.status == "OPEN":
            discrepancy.resolve("COUNTED_AGAIN", count.counted_by, uow.now, f"count {count.count_id}")
    scanned, states = _scanned(uow, count.key), uow.counted_states.get(count.key, ())
    for kind, key, state in _compare(count, scanned, states):
        uow.count_discrepancies.put(
            CountDiscrepancy(
                discrepancy=next(uow.ids), location=count.location, count_id=count.count_id, sku=key[0], serial=key[1],
                kind=kind, unit_status=state and state.status, unit_location=state and state.location,
                order_id=state and state.order_id, counted_at=count.counted_at, counted_by=count.counted_by,
            )
        )  # fmt: skip


def _compare(
    count: LocationCount, scanned: Collection[UnitKey], states: Iterable[CountedState]
) -> list[tuple[CountDiscrepancyKind, UnitKey, CountedState | None]]:
    """Compare the scanned units with those registered at the location at the time of the count."""
    state_by_key = {state.key: state for state in states}
    unexpected = {key for key in scanned if key not in state_by_key or not _was_there(count, state_by_key[key])}
    missing = {key for key, state in state_by_key.items() if key not in scanned and _is_missing(count, state)}
    found: list[tuple[CountDiscrepancyKind, UnitKey, CountedState | None]] = [
        *(("MISSING", key, state_by_key[key]) for key in sorted(missing)),
        *(("UNEXPECTED", key, state_by_key.get(key)) for key in sorted(unexpected)),
    ]
    return found


def _was_there(count: LocationCount, state: CountedState) -> bool:
    """Whether a scanned unit was registered at the location at the time of the count, or is by now."""
    was_adjusted = state.adjusted_at is not None and state.adjusted_at <= count.counted_at
    is_there = state.location == count.location and state.adjustment is None
    return is_there or (state.location_then == count.location and not was_adjusted)


def _is_missing(count: LocationCount, state: CountedState) -> bool:
    """Whether a unit that was not scanned has stood at the location since before the count."""
    return (
        state.location == count.location
        and state.status in ON_HAND
        and state.adjustment is None
        and (state.moved_at is None or state.moved_at <= count.counted_at)
    )


def _count_result(uow: SerialsUnitOfWork, count: LocationCount) -> CountResult:
    kinds = [
        discrepancy.kind for discrepancy in uow.count_discrepancies
        if (discrepancy.location, discrepancy.count_id) == count.key and discrepancy.status == "OPEN"
    ]  # fmt: skip
    return CountResult(
        count_id=count.count_id, location=count.location, counted_at=count.counted_at,
        missing_parts=count.missing_parts, scanned=len(_scanned(uow, count.key)), missing=kinds.count("MISSING"),
        unexpected=kinds.count("UNEXPECTED"),
    )  # fmt: skip
