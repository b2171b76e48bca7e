"""Loads standing holds, and the units that a lot number or a recall matches."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.standing_holds import StandingHold, fold_lots
from services.serials.units.domain.unit import UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.identifiers import fold_lot
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql

STANDING_HOLD_COLUMNS = """
    sh.sku, sh.hold_id, o.reason, sh.lots, sh.serials, sh.ranges, sh.search_terms, sh.recall, sh.is_recall_closed,
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

# OFFSET 0 makes each range an index scan: 400 ranges took 6 ms among 200,000 serials, a plain join 2.3 s.
SELECT_MATCHING = text(f"""
    WITH matched AS (
        SELECT k.id FROM unnest(CAST(:serial_skus AS text[]), CAST(:serials AS text[])) AS c (sku, serial)
        JOIN serial AS k USING (sku, serial)
        UNION
        SELECT k.id
        FROM unnest(CAST(:range_skus AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]))
            AS c (sku, first, last)
        CROSS JOIN LATERAL (
            SELECT id FROM serial AS k WHERE k.sku = c.sku
                AND lower(k.serial) BETWEEN lower(c.first) AND lower(c.last)
                AND length(k.serial) = length(c.first) OFFSET 0
        ) AS k
        UNION
        SELECT k.id FROM unnest(CAST(:term_skus AS text[]), CAST(:terms AS text[])) AS c (sku, term)
        JOIN serial AS k ON k.sku = c.sku AND lower(k.serial) = c.term
        UNION
        SELECT s.id FROM unnest(CAST(:lot_skus AS text[]), CAST(:lots AS text[])) AS c (sku, lot)
        JOIN serial_state AS s ON s.sku = c.sku AND {fold_lot_sql("s.lot")} = c.lot
    )
    SELECT {UNIT_COLUMNS} FROM matched JOIN serial_state AS s USING (id)
""")  # noqa: S608


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
                serials=frozenset(row.serials), ranges=ranges, search_terms=frozenset(row.search_terms),
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


async def load_matching(tx: Transaction, uow: SerialsUnitOfWork, standing_holds: Sequence[StandingHold]) -> None:
    """Load the units that standing holds match; search terms are compared with lots and serials, ignoring case."""
    serials = [(standing_hold.sku, serial) for standing_hold in standing_holds for serial in standing_hold.serials]
    ranges = [
        (standing_hold.sku, first, last) for standing_hold in standing_holds for first, last in standing_hold.ranges
    ]
    terms = [(standing_hold.sku, term) for standing_hold in standing_holds for term in standing_hold.search_terms]
    lots = [(standing_hold.sku, key) for standing_hold in standing_holds for key in fold_lots(standing_hold.lots)]
    lots += [(sku, fold_lot(term)) for sku, term in terms]
    values: dict[str, Any] = {
        "serial_skus": [sku for sku, _ in serials], "serials": [serial for _, serial in serials],
        "range_skus": [sku for sku, _, _ in ranges], "firsts": [first for _, first, _ in ranges],
        "lasts": [last for _, _, last in ranges],
        "term_skus": [sku for sku, _ in terms], "terms": [term for _, term in terms],
        "lot_skus": [sku for sku, _ in lots], "lots": [lot for _, lot in lots],
    }  # fmt: skip
    if standing_holds:
        uow.units.load(UNITS.load(await tx.fetch_all(SELECT_MATCHING, values)))
