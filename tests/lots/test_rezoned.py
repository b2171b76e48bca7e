"""A warehouse changes its time zone, and it is an earlier day there: who waited for what was too old is served."""

import asyncio
from datetime import timedelta

import pytest

from shared import clock as clocks
from shared.clock import Clock
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.database import Transaction, transaction
from shared.decision import decide
from tests.line import message
from tests.lots.conftest import Line
from tests.unit.lots.ordering import Ordering
from tests.zones import AHEAD, DAY, HERE, NOON, noted, places, serve, zone

pytestmark = pytest.mark.usefixtures("at_noon")


async def stocked(line: Line, *days: int) -> Ordering:
    """Lots that expire in so many days lie in a warehouse where it is tomorrow."""
    say, (shelf, dock) = Ordering(line.sku), places(line)
    await line.say(zone(line, AHEAD, 1), shelf, dock)
    lots = [say.came(f"L{it}", 10, DAY + timedelta(it)) for it in days]
    await line.say(say.receive(*lots, location=dock.location))
    for number, it in enumerate(days):
        place = f"{shelf.location}{number or ''}"
        await line.say(LocationChanged(location=place, version=1, type="STORAGE", pick_sequence=1))
        await line.say(say.put_away(f"L{it}", 10, place, dock.location))
    return say


async def had(line: Line) -> dict[str, tuple[str, int]]:
    """What demands have: lot and quantity, by the demand's number."""
    rows = await line.rows("SELECT * FROM reserved WHERE sku = :sku AND quantity > 0", sku=line.sku)
    return {row["demand"].rpartition("-")[2]: (row["lot"], row["quantity"]) for row in rows}


async def test_an_earlier_day_serves_who_waits(line: Line) -> None:
    """Expired a moment ago, or with too few days left, a lot goes to who waits when the day turns back (S27, S28)."""
    say, here = await stocked(line, 0, 5), {"warehouse": line.no("W")}
    await line.say(say.want(1, 3, **here), say.want(2, 2, min_life_days=5, **here), say.want(3, 9))
    assert await had(line) == {"1": ("L5", 3)}
    await line.say(say.want(4, 9, lots=["L0"], **here))
    await line.say(zone(line, "Etc/GMT-14", 2))
    assert (await noted(line), await serve(line)) == (0, 0), "it is tomorrow still"
    await line.say(zone(line, HERE, 3))
    assert (await serve(line), await noted(line)) == (1, 0)
    assert await had(line) == {"1": ("L5", 3), "2": ("L5", 2), "4": ("L0", 9)}
    await line.say(zone(line, AHEAD, 4), zone(line, AHEAD, 3))
    assert await noted(line) == 0, "what is too old by now serves nobody"


async def test_who_is_refused_meanwhile_is_not_missed(line: Line) -> None:
    """The zone changes while an order is refused by the later day, unseen yet: it waits for the order (S27)."""
    say = await stocked(line, 0)
    async with transaction(line.engine) as tx:
        await decide(tx, line.map, [message(say.want(1, 3, warehouse=line.no("W")))])
        change = asyncio.create_task(line.say(zone(line, HERE, 2)))
        await line.someone_waits()
        assert not change.done()
    await change
    assert await had(line) == {}
    await serve(line)
    assert await had(line) == {"1": ("L0", 3)}


async def test_a_warehouse_that_was_not_known(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its zone is known a warehouse has the UTC day; where that was too late, who waits is served (S27, S28)."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON - timedelta(hours=6)))
    say, (shelf, dock) = Ordering(line.sku), places(line)
    came = say.receive(say.came("L0", 5, DAY - timedelta(1)), location=dock.location)
    await line.say(shelf, dock, came)
    await line.say(say.put_away("L0", 5, shelf.location, dock.location), say.want(1, 3, warehouse=line.no("W")))
    assert await had(line) == {}
    await line.say(zone(line, "America/Los_Angeles", 1))
    await serve(line)
    assert await had(line) == {"1": ("L0", 3)}


async def test_many_products_are_served_in_bounded_transactions(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred products that somebody waits for: noted by one statement, taken so many at once (S27)."""
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
