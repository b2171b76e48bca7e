"""Loads counts under the lock of their location, and what they are compared with; saves counts and discrepancies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.serials.allocation.store import loads as allocation
from services.serials.counts.domain.completion import completed_counts, scanned_units
from services.serials.counts.domain.records import CountDiscrepancy, CountedState, CountedUnit, CountKey, LocationCount
from services.serials.units.domain.adjustments import CHANGE_BY_ADJUSTMENT, ENDING_ADJUSTMENTS
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import standing_holds, units
from services.serials.units.store.loads import load_location_types, load_units_and_locations
from shared.contracts.commands.serials import CountSerials, ResolveCountDiscrepancies
from shared.contracts.envelope import CloudEvent
from shared.identifiers import warehouse_of
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable
from shared.settings import max_count_age

COUNTS = RecordTable(
    "location_count", LocationCount, "location count_id", LocationCount.UPDATED,
    types={"received_parts": "integer[]", "parts": "integer"},
)  # fmt: skip
COUNTED_UNITS = RecordTable("counted_unit", CountedUnit, "location count_id part sku serial")
DISCREPANCIES = RecordTable(
    "count_discrepancy", CountDiscrepancy, "discrepancy", CountDiscrepancy.UPDATED, types={"unit_status": "status"}
)
DISCREPANCY_COLUMNS = DISCREPANCIES.columns("d").replace("d.unit_status", "d.unit_status::text AS unit_status")

SELECT_COUNTS = text(f"""
    SELECT {COUNTS.columns("c")} FROM unnest(CAST(:locations AS text[]), CAST(:count_ids AS text[]))
        AS requested (location, count_id) JOIN location_count AS c USING (location, count_id)
    UNION
    SELECT {COUNTS.columns("c")} FROM unnest(CAST(:locations AS text[])) AS requested (location)
    CROSS JOIN LATERAL (
        SELECT * FROM location_count AS c WHERE c.location = requested.location AND c.completed_at IS NOT NULL
        ORDER BY c.counted_at DESC LIMIT 1
    ) AS c
""")  # noqa: S608 - the columns are this module's own
SELECT_COUNTED_UNITS = text(f"""
    SELECT {COUNTED_UNITS.columns("u")} FROM unnest(CAST(:locations AS text[]), CAST(:count_ids AS text[]))
        AS requested (location, count_id) JOIN counted_unit AS u USING (location, count_id)
""")  # noqa: S608
SELECT_OPEN_AT_LOCATIONS = text(f"""
    SELECT {DISCREPANCY_COLUMNS} FROM count_discrepancy AS d
    WHERE d.location = ANY(CAST(:locations AS text[])) AND d.status = 'OPEN'
""")  # noqa: S608
SELECT_OPEN_OF_UNITS = text(f"""
    SELECT {DISCREPANCY_COLUMNS} FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS requested (sku, serial)
    JOIN count_discrepancy AS d USING (sku, serial) WHERE d.status = 'OPEN'
""")  # noqa: S608

ENTRIES = "FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id WHERE e.serial_id = s.id"
# The present state of the units at counted locations and of the scanned units, and where each stood then.
SELECT_STATES = text(f"""
    WITH count AS MATERIALIZED (
        SELECT * FROM unnest(
            CAST(:locations AS text[]), CAST(:warehouses AS text[]), CAST(:count_ids AS text[]),
            CAST(:times AS timestamptz[])
        ) AS count (location, warehouse, count_id, counted_at)
    ), unit AS (
        SELECT count.*, s.id FROM count
        JOIN serial_state AS s ON s.warehouse = count.warehouse AND s.location = count.location
        UNION
        SELECT count.*, k.id FROM unnest(
            CAST(:unit_locations AS text[]), CAST(:unit_count_ids AS text[]), CAST(:skus AS text[]),
            CAST(:serials AS text[])
        ) AS scanned (location, count_id, sku, serial)
        JOIN count USING (location, count_id) JOIN serial AS k USING (sku, serial)
    )
    SELECT unit.location AS counted_location, unit.count_id, s.sku, s.serial, s.status::text AS status, s.location,
           s.order_id, s.adjustment, stood.location AS location_then, moved.occurred_at AS moved_at,
           adjusted.occurred_at AS adjusted_at
    FROM unit JOIN serial_state AS s ON s.id = unit.id
    LEFT JOIN LATERAL (
        SELECT e.location {ENTRIES} AND least(o.occurred_at, o.recorded_at) <= unit.counted_at
        ORDER BY e.version DESC LIMIT 1
    ) AS stood ON true
    LEFT JOIN LATERAL (
        SELECT least(o.occurred_at, o.recorded_at) AS occurred_at {ENTRIES}
        AND e.from_location IS DISTINCT FROM e.location ORDER BY e.version DESC LIMIT 1
    ) AS moved ON true
    LEFT JOIN LATERAL (
        SELECT least(o.occurred_at, o.recorded_at) AS occurred_at {ENTRIES}
        AND s.adjustment IS NOT NULL AND o.change = ANY(CAST(:adjustments AS text[])) ORDER BY e.version DESC LIMIT 1
    ) AS adjusted ON true
""")  # noqa: S608


async def save(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Save the changes of units, demands, counts and discrepancies."""
    await allocation.save(tx, uow)
    await COUNTS.save(tx, uow.counts)
    await COUNTED_UNITS.save(tx, uow.counted_units)
    await DISCREPANCIES.save(tx, uow.count_discrepancies)


async def load_counts(tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[CountSerials]]) -> None:
    """Load counts, the latest count of their locations, their discrepancies, and what complete counts compare."""
    keys = {(event.data.location, event.data.count_id) for event in events}
    uow.max_count_age = max_count_age()
    values = {"locations": [location for location, _ in keys], "count_ids": [count_id for _, count_id in keys]}
    await load_location_types(tx, uow, {location for location, _ in keys})
    uow.counts.load(COUNTS.load(await tx.fetch_all(SELECT_COUNTS, values)))
    uow.counted_units.load(COUNTED_UNITS.load(await tx.fetch_all(SELECT_COUNTED_UNITS, values)))
    uow.count_discrepancies.load(DISCREPANCIES.load(await tx.fetch_all(SELECT_OPEN_AT_LOCATIONS, values)))
    scanned = {(unit.sku, unit.serial) for event in events for unit in event.data.units}
    await units.load(tx, uow, scanned)
    await standing_holds.load_not_found_holds(tx, uow, scanned)
    await _load_states(tx, uow, events)


async def load_resolutions(
    tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ResolveCountDiscrepancies]]
) -> None:
    """Load units, their open discrepancies at all locations, and the holds of short picks."""
    await load_units_and_locations(tx, uow, events)
    keys = {(event.data.sku, serial) for event in events for serial in event.data.serials}
    values = {"skus": [sku for sku, _ in keys], "serials": [serial for _, serial in keys]}
    uow.count_discrepancies.load(DISCREPANCIES.load(await tx.fetch_all(SELECT_OPEN_OF_UNITS, values)))


async def _load_states(tx: Transaction, uow: SerialsUnitOfWork, events: Sequence[CloudEvent[CountSerials]]) -> None:
    """Load the units to compare with the counts that the messages complete."""
    counts = completed_counts(uow, events)
    if not counts:
        return
    scanned = scanned_units(uow, events, counts)
    values: dict[str, Any] = {
        "locations": [location for location, _ in counts],
        "warehouses": [warehouse_of(location) for location, _ in counts],
        "count_ids": [count_id for _, count_id in counts],
        "times": list(counts.values()),
        "unit_locations": [key[0] for key, _ in scanned],
        "unit_count_ids": [key[1] for key, _ in scanned],
        "skus": [unit[0] for _, unit in scanned],
        "serials": [unit[1] for _, unit in scanned],
        "adjustments": [
            change for adjustment, change in CHANGE_BY_ADJUSTMENT.items() if adjustment not in ENDING_ADJUSTMENTS
        ],
    }
    for row in await tx.fetch_all(SELECT_STATES, values):
        key: CountKey = row.counted_location, row.count_id
        uow.counted_states.setdefault(key, []).append(
            CountedState(**{name: getattr(row, name) for name in CountedState._fields})
        )
