"""Proves the registry: one status a serial, a trail without a gap that leads to it when replayed, no effect twice."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from tests.faults.books import rows
from tests.faults.findings import Findings

# Written once more, from the specification: the code's own table would prove itself.
EDGES: dict[str, set[tuple[str | None, str]]] = {
    "planned": {(None, "EXPECTED"), ("EXPECTED", "EXPECTED")},
    "expectation withdrawn": {("EXPECTED", "EXPECTED")},
    "received": {(None, "RECEIVED"), ("EXPECTED", "RECEIVED")},
    "put away": {("RECEIVED", "IN_INVENTORY")},
    "allocated": {("IN_INVENTORY", "ALLOCATED")},
    "deallocated": {("ALLOCATED", "IN_INVENTORY")},
    "demand withdrawn": {("ALLOCATED", "IN_INVENTORY")},
    "picked": {("ALLOCATED", "PICKED")},
    "unpicked": {("PICKED", "IN_INVENTORY")},
    "dispatched": {("PICKED", "SHIPPED")},
    "returned": {("SHIPPED", "RECEIVED")},
}
BESIDE = {"moved", "held", "hold lifted", "scrapped", "lost", "found", "void", "sent back", "expiry corrected"}

STATES = "SELECT * FROM serial LEFT JOIN serial_state USING (id, sku, serial)"
AUDIT = """
    SELECT sku, serial, audit.version, change, from_status::text, audit.status::text, cause_source, cause_id, reason
    FROM audit JOIN serial ON serial.id = serial_id JOIN act ON act.id = act ORDER BY serial_id, audit.version
"""
FREE_BESIDE_DEMAND = """
    SELECT demand.id, demand.sku, open FROM demand WHERE open > 0 AND kind = 'ANY' AND EXISTS (
        SELECT FROM serial_state WHERE serial_state.sku = demand.sku AND serial_state.warehouse = demand.warehouse
        AND serial_state.status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL)
"""
HOLDS = """
    SELECT sku, serial, holds, (SELECT count(*) FROM hold WHERE serial_id = id AND lifted IS NULL) AS open
    FROM serial_state
"""

Key = tuple[str, str]


class Registry:
    """What the registry holds, read once."""

    def __init__(self, states: Sequence[asyncpg.Record], audit: Sequence[asyncpg.Record]) -> None:
        self.states: Mapping[Key, asyncpg.Record] = {(row["sku"], row["serial"]): row for row in states}
        self.audit = audit

    @property
    def changes(self) -> dict[tuple[str, str, int], str]:
        """Every step of every unit, by its version."""
        return {(row["sku"], row["serial"], row["version"]): row["change"] for row in self.audit}

    def status(self, key: Key) -> str | None:
        """Give a unit's status."""
        return self.states[key]["status"] if key in self.states else None


async def read(environment: Mapping[str, str], findings: Findings) -> Registry:
    """Read the registry and prove what can be seen there alone."""
    registry = Registry(await rows(environment, "serials", STATES), await rows(environment, "serials", AUDIT))
    _prove_trail(registry, findings)
    for row in await rows(environment, "serials", FREE_BESIDE_DEMAND):
        findings.add("stuck", f"demand {row['id']} wants {row['open']} of {row['sku']}, which lie free")
    for row in await rows(environment, "serials", HOLDS):
        if row["holds"] != row["open"]:
            findings.add("disagreeing", f"{row['sku']} {row['serial']} counts {row['holds']} holds of {row['open']}")
    return registry


def _prove_trail(registry: Registry, findings: Findings) -> None:
    walked: dict[Key, tuple[int, str | None]] = defaultdict(lambda: (0, None))
    effects: Counter[tuple[object, ...]] = Counter()
    for row in registry.audit:
        key = (row["sku"], row["serial"])
        version, status = walked[key]
        change, way = row["change"], (row["from_status"], row["status"])
        if row["version"] != version + 1:
            findings.add("lost", f"{key}: version {row['version']} follows {version}")
        if row["from_status"] != status:
            findings.add("illegal", f"{key}: {change} from {row['from_status']}, but it was {status}")
        if way not in EDGES.get(change, ()) and not (change in BESIDE and way[0] == way[1]):
            findings.add("illegal", f"{key}: {change} {way}")
        effects[*key, change, row["cause_source"], row["cause_id"]] += 1
        walked[key] = (row["version"], row["status"])
    for effect, times in effects.items():
        if times > 1:
            findings.add("doubled", f"{effect} happened {times} times")
    for key, row in registry.states.items():
        if walked[key] != (row["version"], row["status"]):
            findings.add("lost", f"{key} stands at {row['version']} {row['status']}, its trail ends at {walked[key]}")
