"""A warehouse changes its time zone, and it is an earlier day there: who waited for what was too old is served."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared import clock as clocks
from shared.clock import Clock
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.database import Transaction, transaction
from shared.decision import decide
from tests.line import message
from tests.lots.conftest import Line
from tests.unit.lots.ordering import Ordering

NOON = datetime(2033, 5, 10, 12, tzinfo=UTC)
DAY = NOON.date()
HERE, AHEAD = "Europe/Berlin", "Pacific/Kiritimati"
"""At noon in London it is the same day in the one, and the next day already in the other."""


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the same moment all the time."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON))


def zone(line: Line, name: str, version: int) -> WarehouseChanged:
    """The test's own warehouse, in a time zone."""
    return WarehouseChanged(warehouse=line.no("W"), version=version, name="West", time_zone=name)


async def stocked(line: Line, *days: int) -> Ordering:
    """Lots that expire in so many days lie in a warehouse where it is tomorrow."""
    say, shelf, dock = Ordering(line.sku), f"{line.no('W')}/S", f"{line.no('W')}/D"
    await line.say(
        zone(line, AHEAD, 1),
        LocationChanged(location=shelf, version=1, type="STORAGE", pick_sequence=1),
        LocationChanged(location=dock, version=1, type="DOCK", pick_sequence=2),
    )
    lots = [say.came(f"L{it}", 10, DAY + timedelta(it)) for it in days]
    await line.say(say.receive(*lots, location=dock))
    for number, it in enumerate(days):
        place = f"{shelf}{number or ''}"
        await line.say(LocationChanged(location=place, version=1, type="STORAGE", pick_sequence=1))
        await line.say(say.put_away(f"L{it}", 10, place, dock))
    return say


async def serve(line: Line) -> int:
    """Let the clock serve who is noted; how many products that were."""
    clock = Clock(line.map, line.map.finds[1], line.engine, lambda: None)
    taken = await clock.round()
    assert (clock.ran, clock.trouble) == (Transaction.clock(), None)
    return taken


async def had(line: Line) -> dict[str, tuple[str, int]]:
    """What demands have: lot and quantity, by the demand's number."""
    rows = await line.rows("SELECT * FROM reserved WHERE sku = :sku AND quantity > 0", sku=line.sku)
    return {row["demand"].rpartition("-")[2]: (row["lot"], row["quantity"]) for row in rows}


async def noted(line: Line) -> int:
    """How many products the clock has to look at in the test's warehouse."""
    return len(await line.rows("SELECT 1 FROM rezoned WHERE warehouse = :name", name=line.no("W")))


async def test_an_earlier_day_serves_who_waits(line: Line) -> None:
    """Expired a moment ago, or with too few days left, a lot goes to who waits when the day turns back (S27, S28)."""
    say, here = await stocked(line, 0, 5), {"warehouse": line.no("W")}
    await line.say(say.want(1, 3, **here), say.want(2, 2, min_life_days=5, **here), say.want(3, 9))
    assert await had(line) == {"1": ("L5", 3)}
    await line.say(say.want(4, 9, lots=["L0"], **here))
    await line.say(zone(line, "Etc/GMT-14", 2))
    assert (await noted(line), await serve(line)) == (0, 0), "it is tomorrow still"
    await line.say(zone(line, HERE, 3))
    assert (await noted(line), await serve(line), await noted(line)) == (1, 1, 0)
    assert await had(line) == {"1": ("L5", 3), "2": ("L5", 2), "4": ("L0", 9)}
    await line.say(zone(line, AHEAD, 4), zone(line, AHEAD, 3))
    assert await noted(line) == 0, "what is too old by now serves nobody"


async def test_who_is_refused_meanwhile_is_not_missed(line: Line) -> None:
    """The zone changes while an order is refused by the later day, unseen yet: it waits for the order (S27)."""
    say = await stocked(line, 0)
    async with transaction(line.engine) as tx:
        await decide(tx, line.map, [message(say.want(1, 3, warehouse=line.no("W")))])
        change = asyncio.create_task(line.say(zone(line, HERE, 2)))
        done, _ = await asyncio.wait([change], timeout=0.5)
        assert not done
    await change
    assert await had(line) == {}
    await serve(line)
    assert await had(line) == {"1": ("L0", 3)}


async def test_a_warehouse_that_was_not_known(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its time zone is known a warehouse has the day of London: where that was too late, who waits is served."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON - timedelta(hours=6)))
    say, shelf, dock = Ordering(line.sku), f"{line.no('W')}/S", f"{line.no('W')}/D"
    await line.say(
        LocationChanged(location=shelf, version=1, type="STORAGE", pick_sequence=1),
        LocationChanged(location=dock, version=1, type="DOCK", pick_sequence=2),
        say.receive(say.came("L0", 5, DAY - timedelta(1)), location=dock),
    )
    await line.say(say.put_away("L0", 5, shelf, dock), say.want(1, 3, warehouse=line.no("W")))
    assert await had(line) == {}
    await line.say(zone(line, "America/Los_Angeles", 1))
    await serve(line)
    assert await had(line) == {"1": ("L0", 3)}


async def test_many_products_are_served_in_bounded_transactions(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred products that somebody waits for: noted by one statement, taken so many at once."""
    await stocked(line, 0)
    skus = [f"{line.sku}-{number}" for number in range(500)]
    await line.say(*(ProductChanged(sku=it, version=1, name="jam", unit="each", tracking="LOT") for it in skus))
    one = await line.say(zone(line, HERE, 2))
    await line.say(zone(line, AHEAD, 3))
    await line.say(*(Ordering(it).want(1, 3, warehouse=line.no("W")) for it in skus))
    many = await line.say(zone(line, HERE, 4))
    assert many.statements == one.statements
    largest, whole = 0, Clock._transaction  # noqa: SLF001 - the unit that is counted

    async def counted(self: Clock, after: object, size: int, found: list[object]) -> bool:
        nonlocal largest
        done = await whole(self, after, size, found)  # type: ignore[arg-type]
        largest = max(largest, len(found))
        return done

    monkeypatch.setattr(Clock, "_transaction", counted)
    assert (await serve(line), largest, await noted(line)) == (500, clocks.MANY, 0)
