"""Loads standing holds and the open holds of units."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.recalls import RecallPeriod
from shared.persistence.database import Transaction

STANDING_HOLD_COLUMNS = """
    sh.sku, sh.hold_id, o.reason, sh.lots, sh.serials, sh.ranges, sh.periods, sh.notice, sh.recall, sh.is_recall_closed,
    sh.released_operation_id IS NULL AS is_open
    FROM standing_hold AS sh JOIN audit_operation AS o ON o.id = sh.opened_operation_id
"""
SELECT_OPEN_BY_SKU = text(
    f"SELECT {STANDING_HOLD_COLUMNS} WHERE sh.sku = ANY(CAST(:skus AS text[])) AND sh.released_operation_id IS NULL"
)
SELECT_BY_HOLD = text(f"""
    SELECT {STANDING_HOLD_COLUMNS}
    JOIN unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[])) AS requested (sku, hold_id)
        ON requested.sku = sh.sku AND requested.hold_id = sh.hold_id
""")

SELECT_OPEN_HOLDS = text("""
    SELECT h.sku, h.hold_id, h.serial_id FROM hold AS h
    WHERE h.serial_id = ANY(CAST(:serial_ids AS bigint[])) AND h.released_operation_id IS NULL
""")

# Only a short pick places a hold for a demand.
SELECT_NOT_FOUND_HOLDS = text("""
    SELECT h.serial_id, h.hold_id, o.occurred_at FROM hold AS h
    JOIN audit_operation AS o ON o.id = h.opened_operation_id
    WHERE h.serial_id = ANY(CAST(:serial_ids AS bigint[])) AND h.released_operation_id IS NULL
        AND o.demand_id IS NOT NULL
""")


async def load_standing_holds(tx: Transaction, uow: SerialsUnitOfWork, skus: Iterable[str]) -> None:
    """Load the open standing holds of products; if there are any, also the open holds on the loaded units."""
    _attach(uow, await tx.fetch_all(SELECT_OPEN_BY_SKU, {"skus": list(set(skus))}))
    if uow.standing_holds:
        await load_open_holds(tx, uow)


async def load_standing_holds_by_id(tx: Transaction, uow: SerialsUnitOfWork, holds: Iterable[tuple[str, str]]) -> None:
    """Load standing holds by SKU and id, including released ones."""
    if hold_keys := set(holds):
        skus, hold_ids = zip(*hold_keys, strict=True)
        _attach(uow, await tx.fetch_all(SELECT_BY_HOLD, {"skus": skus, "hold_ids": hold_ids}))


def _attach(uow: SerialsUnitOfWork, rows: Sequence[Any]) -> None:
    for row in rows:
        if row.is_open:
            ranges = [(first, last) for first, last in row.ranges]
            standing_hold = StandingHold(
                sku=row.sku, hold_id=row.hold_id, reason=row.reason, lots=frozenset(row.lots),
                serials=frozenset(row.serials), ranges=ranges,
                periods=list(map(RecallPeriod.model_validate, row.periods)), notice=row.notice,
                recall=row.recall, is_recall_closed=row.is_recall_closed,
            )  # fmt: skip
            uow.standing_holds[standing_hold.key] = standing_hold
        else:
            uow.released_standing_hold_keys.add((row.sku, row.hold_id, row.recall))


async def load_open_holds(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the open holds of the loaded units, if any unit has one."""
    units_by_id = {unit.id: unit for unit in uow.units if unit.open_hold_count}
    if units_by_id:
        for row in await tx.fetch_all(SELECT_OPEN_HOLDS, {"serial_ids": list(units_by_id)}):
            unit = units_by_id[row.serial_id]
            uow.units_by_hold.setdefault((row.sku, row.hold_id), {})[unit.key] = unit


async def load_not_found_holds(tx: Transaction, uow: SerialsUnitOfWork, keys: Iterable[UnitKey]) -> None:
    """Load the open holds that short picks have placed on units, if any unit is on hold."""
    held = {unit.id: unit for key in keys if (unit := uow.units.get(key)) and unit.open_hold_count}
    if held:
        for row in await tx.fetch_all(SELECT_NOT_FOUND_HOLDS, {"serial_ids": list(held)}):
            unit = held[row.serial_id]
            uow.not_found_holds.setdefault(unit.key, {})[row.hold_id] = row.occurred_at
            uow.units_by_hold.setdefault((unit.sku, row.hold_id), {})[unit.key] = unit
