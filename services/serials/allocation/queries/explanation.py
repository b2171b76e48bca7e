"""Explains the allocation of a demand from the present state of the units."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text

from services.serials.allocation.domain.available_units import fefo_key
from services.serials.allocation.domain.demand import Demand
from services.serials.allocation.domain.explain import PassedOverUnit, pass_over
from services.serials.allocation.store.available_units import AVAILABLE, EXPIRY, FEFO_ORDER
from services.serials.allocation.store.demands import SELECT_BY_ID, demands_from_rows
from services.serials.units.domain.unit import Unit
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.inventory.explanation import MAX_READ
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.shelf_life_rules import find_shelf_life_rules
from shared.persistence.database import Transaction

SELECT_ALLOCATED = text(f"""
    SELECT {UNIT_COLUMNS} FROM serial_state AS s WHERE s.order_id = :order AND s.demand_id = :demand_id
""")  # noqa: S608 - the columns are this service's own

SELECT_NAMED = text(f"""
    SELECT {UNIT_COLUMNS} FROM unnest(CAST(:serials AS text[])) AS named (serial)
    JOIN serial AS k ON k.sku = :sku AND k.serial = named.serial JOIN serial_state AS s ON s.id = k.id
""")  # noqa: S608

IN_POOL = f"""
    s.sku = :sku AND s.warehouse = :warehouse
    AND (CAST(:is_short AS boolean) OR ({EXPIRY}, s.received_at, s.serial) < (:expiry, :received_at, :serial))
"""
IN_USE = "s.adjustment IS NULL AND (s.status <> 'EXPECTED' OR s.receipt IS NOT NULL)"
GROUPS = (
    f"{AVAILABLE} AND {IN_POOL} ORDER BY {FEFO_ORDER}",
    f"s.status = 'IN_INVENTORY' AND s.open_hold_count = 0 AND s.adjustment IS NULL AND s.is_blocked AND {IN_POOL}",
    f"s.status = 'IN_INVENTORY' AND s.open_hold_count > 0 AND s.adjustment IS NULL AND {IN_POOL}",
    *(f"s.status = '{status}' AND {IN_USE} AND {IN_POOL}" for status in ("RECEIVED", "ALLOCATED", "PICKED")),
    *(
        f"coalesce(s.adjustment, '') = '{adjustment}' AND s.adjustment IS NOT NULL AND {IN_POOL}"
        for adjustment in ("LOST", "SCRAPPED", "VOID", "RETURNED_TO_VENDOR")
    ),
)
"""Conditions of the units that a demand may have passed over, each with an index; a filled one up to its last unit."""
SELECT_PASSED_OVER = text(
    " UNION ALL ".join(f"(SELECT {UNIT_COLUMNS} FROM serial_state AS s WHERE {group} LIMIT :most)" for group in GROUPS)  # noqa: S608
)


class Explanation(NamedTuple):
    """A demand with its units and those that it passed over, up to 10,000 for each reason, in FEFO order."""

    demand: Demand
    rules: ShelfLifeRules
    allocated: Sequence[Unit]
    passed_over: Sequence[PassedOverUnit]


async def explain(tx: Transaction, demand_id: str) -> Explanation | None:
    """Explain the allocation of a demand; changes nothing.

    A filled demand passed over the units before its last one in FEFO order, a short one all units, and one that names
    serials the others of these. A cancelled demand passed over none.
    """
    demands = demands_from_rows(await tx.fetch_all(SELECT_BY_ID, {"demand_ids": [demand_id]}))
    if not demands:
        return None
    (demand,) = demands
    allocated = await _load_units(tx, SELECT_ALLOCATED, {"order": demand.order_id, "demand_id": demand_id})
    if demand.status == "CANCELLED":
        return Explanation(demand, ShelfLifeRules.as_of(tx.now), allocated, ())
    rules = (await find_shelf_life_rules(tx, {demand.pool}))[demand.pool]
    others = await (_load_named(tx, demand) if demand.serials else _load_pool(tx, demand, allocated))
    own = {unit.key for unit in allocated}
    passed_over = pass_over(demand, (unit for unit in others if unit.key not in own), rules)
    return Explanation(demand, rules, allocated, passed_over)


async def _load_units(tx: Transaction, statement: TextClause, values: Mapping[str, Any]) -> list[Unit]:
    """Load units in FEFO order."""
    return sorted(UNITS.load(await tx.fetch_all(statement, values)), key=fefo_key)


async def _load_named(tx: Transaction, demand: Demand) -> list[Unit]:
    """Load the units that a demand names, also those that are not registered."""
    units = await _load_units(tx, SELECT_NAMED, {"sku": demand.sku, "serials": sorted(demand.serials)})
    found = {unit.serial for unit in units}
    return [*units, *(Unit(demand.sku, serial) for serial in demand.serials if serial not in found)]


async def _load_pool(tx: Transaction, demand: Demand, allocated: Sequence[Unit]) -> list[Unit]:
    """Load the units of a demand's pool up to its last unit, or all if it is short."""
    last = fefo_key(allocated[-1]) if allocated else None
    values = {
        "sku": demand.sku, "warehouse": demand.warehouse, "most": MAX_READ,
        "is_short": last is None or len(allocated) < demand.quantity, "expiry": last.expiry if last else None,
        "received_at": last.received_at if last else None, "serial": last.number if last else None,
    }  # fmt: skip
    return await _load_units(tx, SELECT_PASSED_OVER, values)
