"""A warehouse changes its time zone, and it is an earlier day there: who waited for what was too old is served."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.receiving import UnitReceived
from shared.database import transaction
from shared.decision import decide
from tests.line import message
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.serials.test_queue import given
from tests.zones import AHEAD, DAY, HERE, noted, places, serve, zone

pytestmark = pytest.mark.usefixtures("at_noon")


async def stocked(line: Line) -> Saying:
    """Two units that expire today and two that do in five days lie in a warehouse where it is tomorrow."""
    say, (shelf, dock) = Saying(line.sku), places(line)
    await line.say(zone(line, AHEAD, 1), shelf, dock)
    for first, days in ((1, 0), (11, 5)):
        came: UnitReceived = say.receive(names(2, first), expiry=DAY + timedelta(days), lot=f"L{days}")
        await line.say(came.model_copy(update={"location": dock.location}))
        await line.say(say.put_away(names(2, first), shelf.location))
    return say


async def test_an_earlier_day_serves_who_waits(line: Line) -> None:
    """Expired a moment ago, or with too few days left, units go to who waits when the day turns back (S27, S28)."""
    say, here = await stocked(line), {"warehouse": line.no("W")}
    await line.say(
        say.want(1, 1, **here), say.want(2, 2, min_life_days=5, **here), say.want(3, 9),
        say.want(4, 2, lots=["L0"], single_lot=True, **here), say.want(5, 1, serials=names(1), **here),
    )  # fmt: skip
    assert await given(line) == {"1": names(1, 11)}
    await line.say(zone(line, "Etc/GMT-14", 2))
    assert (await noted(line), await serve(line)) == (0, 0), "it is tomorrow still"
    await line.say(zone(line, HERE, 3))
    assert (await serve(line), await noted(line)) == (1, 0)
    assert await given(line) == {"1": names(1, 11), "2": names(1, 12), "4": names(2)}
    await line.say(zone(line, AHEAD, 4))
    assert await noted(line) == 0, "what is too old by now serves nobody"


async def test_who_is_refused_meanwhile_is_not_missed(line: Line) -> None:
    """The zone changes while an order is refused by the later day, unseen yet: it waits for the order (S27)."""
    say = await stocked(line)
    async with transaction(line.engine) as tx:
        await decide(tx, line.map, [message(say.want(1, 2, lots=["L0"], warehouse=line.no("W")))])
        change = asyncio.create_task(line.say(zone(line, HERE, 2)))
        await line.someone_waits()
        assert not change.done()
    await change
    assert await given(line) == {}
    await serve(line)
    assert await given(line) == {"1": names(2)}
