"""Every statement that orders by FEFO has the order of the rules, on random stock with many ties (S27)."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from string import ascii_letters, digits
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.fulfillment.orders.queries import SELECT_LOTS
from services.serials.allocation.store.available_units import (
    SELECT_AVAILABLE,
    SELECT_CANDIDATES,
    SELECT_SUFFICIENT_LOTS,
)
from services.serials.allocation.store.skipped_units import SELECT_SKIPPED
from shared.inventory.fefo import FefoKey, fefo_key
from shared.persistence.database import create_engine, transaction

EXPIRIES = [None, None, date(2027, 3, 31), date(2027, 4, 1), date(2199, 12, 31)]
RECEIPTS = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds) for seconds in range(3)]
LOTS = [None, "L-1", "L-2", "l-1", "L-10"]
UNIT_COUNT = 60

INSERT_UNITS = text("""
    WITH input AS (
        SELECT * FROM unnest(
            CAST(:serials AS text[]), CAST(:lots AS text[]), CAST(:expiries AS date[]),
            CAST(:received_at AS timestamptz[])
        ) AS input (serial, lot, expiry, received_at)
    ), inserted AS (
        INSERT INTO serial (sku, serial, created_at, created_by) SELECT :sku, serial, now(), 'test' FROM input
        RETURNING id, serial
    )
    INSERT INTO serial_state (
        id, sku, serial, status, version, receiving_version, warehouse, location, open_hold_count, received_at,
        expiry, lot
    )
    SELECT id, :sku, serial, 'IN_INVENTORY', 1, 1, 'EAST', 'EAST/1', 0, received_at, expiry, lot
    FROM inserted JOIN input USING (serial)
""")
INSERT_LOTS = text("""
    INSERT INTO allocated_lot (
        allocated_lot_id, order_id, line, demand_id, sku, lot, expiry, quantity, status, location
    )
    SELECT id, :order, line, id, sku, lot, expiry, 1, 'ALLOCATED', 'EAST/1' FROM unnest(
        CAST(:ids AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[]),
        CAST(:expiries AS date[])
    ) AS input (id, line, sku, lot, expiry)
""")


class StoredUnit(NamedTuple):
    """An available unit."""

    serial: str
    lot: str | None
    expiry: date | None
    received_at: datetime

    @property
    def fefo_key(self) -> FefoKey:
        """Sort key by the rules."""
        return fefo_key(self.expiry, self.received_at, self.serial)


def random_number(random: Random) -> str:
    """A number with characters whose order depends on the collation."""
    return "".join(random.choices(f"{ascii_letters}{digits}-./_", k=random.randint(1, 12)))


class Stock:
    """Random available units of one product."""

    def __init__(self, engine: AsyncEngine, random: Random) -> None:
        self.engine, self.sku = engine, f"FEFO-{uuid4()}"
        serials = sorted({random_number(random) for _ in range(UNIT_COUNT)})
        units = [
            StoredUnit(serial, random.choice(LOTS), random.choice(EXPIRIES), random.choice(RECEIPTS))
            for serial in serials
        ]
        random.shuffle(units)
        self.units = sorted(units, key=lambda unit: unit.fefo_key)
        """Units in the order of the rules."""
        self._insertion_order = units

    async def insert(self) -> None:
        """Insert the units."""
        serials, lots, expiries, received_at = zip(*self._insertion_order, strict=True)
        values = {"sku": self.sku, "serials": serials, "lots": lots, "expiries": expiries, "received_at": received_at}
        async with transaction(self.engine) as tx:
            await tx.execute(INSERT_UNITS, values)

    async def select(self, statement: TextClause, **values: Any) -> Sequence[Row[Any]]:
        """Run a statement for the pool of the product."""
        pool = {"skus": [self.sku], "warehouses": ["EAST"]}
        async with transaction(self.engine) as tx:
            return await tx.fetch_all(statement, pool | {name: [value] for name, value in values.items()})


@pytest.fixture(params=range(3))
async def stock(request: pytest.FixtureRequest, environment: Mapping[str, str]) -> AsyncIterator[Stock]:
    """Random stock in the database of serials."""
    engine = create_engine(environment["SERIALS_DATABASE_URL"], "test")
    stock = Stock(engine, Random(request.param))  # noqa: S311
    await stock.insert()
    yield stock
    await engine.dispose()


async def test_available_units_are_loaded_in_fefo_order(stock: Stock) -> None:
    """For every quantity, the statement loads the first units by the rules."""
    for quantity in range(1, len(stock.units) + 1):
        rows = await stock.select(SELECT_AVAILABLE, quantities=quantity)
        assert {row.serial for row in rows} == {unit.serial for unit in stock.units[:quantity]}


async def test_candidates_are_loaded_in_fefo_order(stock: Stock) -> None:
    """For every quantity and lot, the statement loads the first units that expire late enough."""
    min_expiry = date(2027, 4, 1)
    for lot in LOTS:
        eligible = [
            unit
            for unit in stock.units
            if (lot is None or unit.lot == lot) and (unit.expiry is None or unit.expiry >= min_expiry)
        ]
        for quantity in range(1, len(eligible) + 1):
            rows = await stock.select(SELECT_CANDIDATES, min_expiries=min_expiry, lots=lot, quantities=quantity)
            assert {row.serial for row in rows} == {unit.serial for unit in eligible[:quantity]}


async def test_sufficient_lots_are_found_in_fefo_order(stock: Stock) -> None:
    """The statement finds the first lots that could fill a demand, and none that expires later."""
    count_by_lot = Counter(unit.lot for unit in stock.units if unit.lot)
    expiry_by_lot = {lot: next(unit.fefo_key.expiry for unit in stock.units if unit.lot == lot) for lot in count_by_lot}
    lots_in_order = list(dict.fromkeys(unit.lot for unit in stock.units if unit.lot))
    for open_quantity in range(1, max(count_by_lot.values()) + 1):
        sufficient_lots = [lot for lot in lots_in_order if count_by_lot[lot] >= open_quantity]
        for quantity in range(1, len(sufficient_lots) + 1):
            rows = await stock.select(
                SELECT_SUFFICIENT_LOTS,
                min_expiries=date(2000, 1, 1), open_quantities=open_quantity, quantities=quantity,
            )  # fmt: skip
            last_expiry = expiry_by_lot[sufficient_lots[quantity - 1]]
            assert {row.lot for row in rows} == {lot for lot in sufficient_lots if expiry_by_lot[lot] <= last_expiry}


async def test_skipped_units_are_counted_in_fefo_order(stock: Stock) -> None:
    """The counted units are the first ones by the rules, whatever the limit."""
    for limit in range(1, len(stock.units) + 1):
        statement = text(SELECT_SKIPPED.text.replace("LIMIT 10000", f"LIMIT {limit}"))
        rows = await stock.select(statement, with_available=True)
        counted = Counter({(row.lot, row.expiry): row.unit_count for row in rows})
        assert counted == Counter((unit.lot, unit.expiry) for unit in stock.units[:limit])


@pytest.mark.parametrize("seed", range(3))
async def test_lots_of_an_order_are_shown_in_fefo_order(environment: Mapping[str, str], seed: int) -> None:
    """The lots of an order line are listed by expiry and lot number; its receipt is not known to fulfillment."""
    random, order_id = Random(seed), f"FEFO-{uuid4()}"  # noqa: S311
    lots = [
        (f"{order_id}-{index}", random.choice("12"), random.choice("ab"), random_number(random)[:2], expiry)
        for index, expiry in enumerate(random.choices(EXPIRIES, k=UNIT_COUNT))
    ]
    ids, lines, skus, numbers, expiries = zip(*lots, strict=True)
    values = {"order": order_id, "ids": ids, "lines": lines, "skus": skus, "lots": numbers, "expiries": expiries}
    engine = create_engine(environment["FULFILLMENT_DATABASE_URL"], "test")
    async with transaction(engine) as tx:
        await tx.execute(INSERT_LOTS, values)
        rows = await tx.fetch_all(SELECT_LOTS, {"order": order_id})
    await engine.dispose()
    in_order = sorted(lots, key=lambda lot: (lot[1], lot[2], fefo_key(lot[4], RECEIPTS[0], lot[3]), lot[0]))
    assert [row.demand_id for row in rows] == [lot[0] for lot in in_order]
