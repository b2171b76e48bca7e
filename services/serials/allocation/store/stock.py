"""Loads the free units that waiting demands could take, under the sku's lock: as many as are wanted, in their turn.

Most stock expires never and has no lot number: what lies there is then fetched in one statement, and what limits it is
not asked for. Where something expires, or a demand wants lots, the first that fit each kind of wish are fetched.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.allocation.domain.shelf import wish_of
from services.serials.allocation.domain.skipped import Alike
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.unit import Pool, Unit
from services.serials.units.store.units import UNIT, units_of
from shared.database import Transaction

FREE = "s.status = 'IN_INVENTORY' AND s.holds = 0 AND s.adjustment IS NULL"
EXPIRY = "coalesce(s.expiry, 'infinity')"
HERE = f"s.sku = p.sku AND s.warehouse = p.warehouse AND {FREE}"
TURN = f"{EXPIRY}, s.received_at, s.serial"

LOAD_FREE = text(f"""
    SELECT {UNIT} FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:wanted AS integer[]))
        AS p (sku, warehouse, wanted)
    CROSS JOIN LATERAL (SELECT * FROM serial_state AS s WHERE {HERE} ORDER BY {TURN} LIMIT p.wanted) AS s
""")  # noqa: S608 - the columns are this module's own

LOAD_FITTING = text(f"""
    SELECT {UNIT} FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:earliest AS date[]), CAST(:lots AS text[]),
        CAST(:wanted AS integer[])
    ) AS p (sku, warehouse, earliest, lot, wanted)
    CROSS JOIN LATERAL (
        (
            SELECT * FROM serial_state AS s WHERE p.lot IS NULL AND {HERE} AND {EXPIRY} >= p.earliest
            ORDER BY {TURN} LIMIT p.wanted
        ) UNION ALL (
            SELECT * FROM serial_state AS s WHERE s.lot = p.lot AND {HERE} AND {EXPIRY} >= p.earliest
            ORDER BY {TURN} LIMIT p.wanted
        )
    ) AS s
""")  # noqa: S608

# Others take so many units at most, and so spoil so many lots at most.
LOTS_THAT_FILL = text(f"""
    SELECT p.place, s.lot FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:earliest AS date[]), CAST(:open AS integer[]),
        CAST(:wanted AS integer[])
    ) WITH ORDINALITY AS p (sku, warehouse, earliest, open, wanted, place)
    CROSS JOIN LATERAL (
        SELECT s.lot FROM (
            SELECT s.lot, min({EXPIRY}) AS expiry FROM serial_state AS s
            WHERE {HERE} AND s.lot IS NOT NULL AND {EXPIRY} >= p.earliest
            GROUP BY s.lot HAVING count(*) >= p.open
        ) AS s ORDER BY s.expiry FETCH FIRST (p.wanted) ROWS WITH TIES
    ) AS s
""")  # noqa: S608

LOAD_UNDER = text(f"""
    SELECT {UNIT} FROM unnest(CAST(:demands AS text[]), CAST(:orders AS text[])) AS k (demand, order_id)
    JOIN serial_state AS s ON s.order_id = k.order_id AND s.demand = k.demand AND s.status = 'ALLOCATED'
""")  # noqa: S608

# What is free and not given fits nobody who waits: of very much of it the first ten thousand are told.
COUNT_PASSED = text(f"""
    SELECT p.sku, p.warehouse, s.lot, s.expiry, s.held, count(*) AS units
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:deep AS boolean[]))
        AS p (sku, warehouse, deep)
    CROSS JOIN LATERAL (
        SELECT s.lot, s.expiry, true AS held FROM serial_state AS s
        WHERE s.sku = p.sku AND s.warehouse = p.warehouse AND s.holds > 0 AND s.status = 'IN_INVENTORY'
            AND s.adjustment IS NULL
        UNION ALL
        (
            SELECT s.lot, s.expiry, false AS held FROM serial_state AS s WHERE p.deep AND {HERE}
            ORDER BY {TURN} LIMIT 10000
        )
    ) AS s
    GROUP BY p.sku, p.warehouse, s.lot, s.expiry, s.held
""")  # noqa: S608


class Sought(NamedTuple):
    """The first so many free units of a pool that expire on a day or later, of any lot or of one."""

    pool: Pool
    earliest: date
    lot: str | None
    wanted: int


def wanted_of(demands: Demands) -> dict[Pool, int]:
    """How many units all that wait could take of each pool, and so take from one another."""
    wanted: dict[Pool, int] = {}
    for demand in demands.waiting:
        wanted[demand.pool] = wanted.get(demand.pool, 0) + demand.open
    return wanted


async def load_free(tx: Transaction, book: Book, demands: Demands) -> None:
    """Load as many free units as the waiting demands could take, those that are taken first."""
    if wanted := wanted_of(demands):
        values = in_columns(wanted) | {"wanted": list(wanted.values())}
        book.adopt(units_of(await tx.rows(LOAD_FREE, values)))


def picky(demands: Demands) -> set[Pool]:
    """Give the pools in which a demand wants lots."""
    return {demand.pool for demand in demands.waiting if demand.kind in {"LOT", "SINGLE"}}


def expiring(book: Book, pools: Iterable[Pool]) -> set[Pool]:
    """Give those of the pools in which a free unit has an expiry, as far as units were loaded."""
    among = set(pools)
    return {unit.pool for unit in book.units.values() if unit.expiry and unit.free and unit.pool in among}


async def load_fitting(tx: Transaction, book: Book, demands: Demands, limits: LimitsOf) -> None:
    """Load the first free units that fit each kind of wish, in the pools that have limits."""
    wanted, sought = wanted_of(demands), set[Sought]()
    alone: list[Demand] = []
    for demand in demands.waiting:
        if demand.pool in limits and not demand.names:
            if demand.single_lot and not demand.wanted_lots:
                alone.append(demand)
            else:
                lots: Iterable[str | None] = demand.wanted_lots or (None,)
                sought |= {_sought(demand, limits, lot, wanted[demand.pool]) for lot in lots}
    for demand, able in await _lots_that_fill(tx, book, alone, limits, wanted):
        sought |= {_sought(demand, limits, lot, wanted[demand.pool]) for lot in able}
    if sought:
        listed = list(sought)
        values = in_columns([it.pool for it in listed]) | {
            "earliest": [it.earliest for it in listed],
            "lots": [it.lot for it in listed],
            "wanted": [it.wanted for it in listed],
        }
        book.adopt(units_of(await tx.rows(LOAD_FITTING, values)))


def _sought(demand: Demand, limits: LimitsOf, lot: str | None, wanted: int) -> Sought:
    limit = limits[demand.pool]
    return Sought(demand.pool, limit.earliest(wish_of(demand, limit)[0]), lot, wanted)


async def _lots_that_fill(
    tx: Transaction, book: Book, alone: Sequence[Demand], limits: LimitsOf, wanted: dict[Pool, int]
) -> list[tuple[Demand, set[str]]]:
    """Find the lots that have enough for a demand that wants one alone; what came free now may fill up any other."""
    if not alone:
        return []
    fresh: dict[Pool, set[str]] = {}
    for pool, keys in book.freed.items():
        fresh[pool] = {unit.lot for key in keys if (unit := book.units.get(key)) and unit.lot}
    values = in_columns([demand.pool for demand in alone]) | {
        "earliest": [_sought(demand, limits, None, 0).earliest for demand in alone],
        "open": [demand.open for demand in alone],
        "wanted": [wanted[demand.pool] for demand in alone],
    }
    found = [(demand, set(fresh.get(demand.pool, ()))) for demand in alone]
    for row in await tx.rows(LOTS_THAT_FILL, values):
        found[row.place - 1][1].add(row.lot)
    return found


async def load_under(tx: Transaction, book: Book, demands: Iterable[tuple[str, str]]) -> None:
    """Load what is allocated under demands, given as (demand, order)."""
    if wanted := set(demands):
        ids, orders = zip(*wanted, strict=True)
        book.adopt(units_of(await tx.rows(LOAD_UNDER, {"demands": ids, "orders": orders})))


async def count_passed(tx: Transaction, pools: Iterable[Pool], limits: LimitsOf) -> dict[Pool, list[Alike]]:
    """Count what nobody was given in pools: what is held, and what is free and does not fit."""
    found: dict[Pool, list[Alike]] = {}
    if wanted := list(set(pools)):
        values = in_columns(wanted) | {"deep": [pool in limits for pool in wanted]}
        for row in await tx.rows(COUNT_PASSED, values):
            unit = Unit(row.sku, "", lot=row.lot, expiry=row.expiry, holds=int(row.held))
            found.setdefault((row.sku, row.warehouse), []).append(Alike(unit, row.units))
    return found


def in_columns(pools: Iterable[Pool]) -> dict[str, Any]:
    """Give pools as a statement's arrays."""
    listed = list(pools)
    return {"skus": [sku for sku, _ in listed], "warehouses": [warehouse for _, warehouse in listed]}
