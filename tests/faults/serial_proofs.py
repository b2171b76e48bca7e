"""Proves the serials service: complete audit trails that lead to the current state, and no effect applied twice."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from tests.faults.findings import Findings
from tests.faults.snapshots import fetch_rows

# From the specification, independent of the transition table in the code.
LEGAL_TRANSITIONS: dict[str, set[tuple[str | None, str]]] = {
    "EXPECTED": {(None, "EXPECTED"), ("EXPECTED", "EXPECTED")},
    "EXPECTATION_CANCELLED": {("EXPECTED", "EXPECTED")},
    "RECEIVED": {(None, "RECEIVED"), ("EXPECTED", "RECEIVED")},
    "PUT_AWAY": {("RECEIVED", "IN_INVENTORY")},
    "ALLOCATED": {("IN_INVENTORY", "ALLOCATED")},
    "DEALLOCATED": {("ALLOCATED", "IN_INVENTORY")},
    "DEMAND_CANCELLED": {("ALLOCATED", "IN_INVENTORY")},
    "PICKED": {("ALLOCATED", "PICKED")},
    "UNPICKED": {("PICKED", "IN_INVENTORY")},
    "DISPATCHED": {("PICKED", "SHIPPED")},
    "RETURNED": {("SHIPPED", "RECEIVED")},
    "SALE_REGISTERED": {(None, "SHIPPED")},
    "RETURNED_FROM_VENDOR": {("RECEIVED", "RECEIVED"), ("IN_INVENTORY", "RECEIVED")},
}
NON_STATUS_CHANGES = {
    "MOVED",
    "HOLD_PLACED",
    "HOLD_RELEASED",
    "SCRAPPED",
    "LOST",
    "FOUND",
    "VOID",
    "RETURNED_TO_VENDOR",
    "EXPIRY_CORRECTED",
    "LOT_CORRECTED",
}

SELECT_STATES = "SELECT * FROM serial LEFT JOIN serial_state USING (id, sku, serial)"
SELECT_AUDIT = """
    SELECT sku, serial, entry.version, change, from_status::text, entry.status::text, cause_source, cause_id, reason
    FROM audit_entry AS entry JOIN serial ON serial.id = serial_id
    JOIN audit_operation AS operation ON operation.id = operation_id ORDER BY serial_id, entry.version
"""
SELECT_UNALLOCATED_DEMANDS = """
    SELECT demand_id, demand.sku, open_quantity FROM demand WHERE open_quantity > 0 AND kind = 'ANY' AND EXISTS (
        SELECT FROM serial_state WHERE serial_state.sku = demand.sku AND serial_state.warehouse = demand.warehouse
        AND serial_state.status = 'IN_INVENTORY' AND open_hold_count = 0 AND adjustment IS NULL AND NOT is_blocked)
"""
SELECT_HOLD_COUNTS = """
    SELECT sku, serial, open_hold_count,
           (SELECT count(*) FROM hold WHERE serial_id = id AND released_operation_id IS NULL) AS open_holds
    FROM serial_state
"""

UnitKey = tuple[str, str]


class SerialsSnapshot:
    """State and audit trail of all units."""

    def __init__(self, states: Sequence[asyncpg.Record], audit: Sequence[asyncpg.Record]) -> None:
        self.states: Mapping[UnitKey, asyncpg.Record] = {(row["sku"], row["serial"]): row for row in states}
        self.audit = audit

    @property
    def changes(self) -> dict[tuple[str, str, int], str]:
        """Return the change of each unit by version."""
        return {(row["sku"], row["serial"], row["version"]): row["change"] for row in self.audit}

    def status(self, key: UnitKey) -> str | None:
        """Return the status of a unit."""
        return self.states[key]["status"] if key in self.states else None


async def read_serials(environment: Mapping[str, str], findings: Findings) -> SerialsSnapshot:
    """Read the database of serials and prove its own invariants."""
    serials = SerialsSnapshot(
        await fetch_rows(environment, "serials", SELECT_STATES), await fetch_rows(environment, "serials", SELECT_AUDIT)
    )
    _prove_trail(serials, findings)
    for row in await fetch_rows(environment, "serials", SELECT_UNALLOCATED_DEMANDS):
        findings.add("unallocated", f"demand {row['demand_id']}: {row['open_quantity']} open, units available")
    for row in await fetch_rows(environment, "serials", SELECT_HOLD_COUNTS):
        if row["open_hold_count"] != row["open_holds"]:
            findings.add("inconsistent", f"open holds of {dict(row)}")
    return serials


def _prove_trail(serials: SerialsSnapshot, findings: Findings) -> None:
    last_seen: dict[UnitKey, tuple[int, str | None]] = defaultdict(lambda: (0, None))
    effects: Counter[tuple[object, ...]] = Counter()
    for row in serials.audit:
        key = (row["sku"], row["serial"])
        version, status = last_seen[key]
        change, transition = row["change"], (row["from_status"], row["status"])
        if row["version"] != version + 1:
            findings.add("lost", f"{key}: version {row['version']} follows {version}")
        if row["from_status"] != status:
            findings.add("illegal", f"{key}: {change} from {row['from_status']}, previous status {status}")
        if transition not in LEGAL_TRANSITIONS.get(change, ()) and not (
            change in NON_STATUS_CHANGES and transition[0] == transition[1]
        ):
            findings.add("illegal", f"{key}: {change} {transition}")
        effects[*key, change, row["cause_source"], row["cause_id"]] += 1
        last_seen[key] = (row["version"], row["status"])
    for effect, times in effects.items():
        if times > 1:
            findings.add("duplicated", f"{effect} applied {times} times")
    for key, row in serials.states.items():
        if last_seen[key] != (row["version"], row["status"]):
            findings.add(
                "lost", f"{key} has {row['version']} {row['status']}, its audit trail ends at {last_seen[key]}"
            )
