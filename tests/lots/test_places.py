"""Where counted stock lies, on the real tables."""

import asyncio
from decimal import Decimal

from shared.contracts.reference import LocationChanged
from shared.database import transaction
from shared.decision import decide
from tests.line import message
from tests.lots.conftest import Line
from tests.unit.lots.making import BIN, DOCK, SHELF
from tests.unit.lots.ordering import Ordering


async def test_a_lot_is_known_with_its_receipt(line: Line) -> None:
    """Who hears of a receipt knows its lots, verbatim and with their quantities (S23, S25, S26)."""
    say = line.saying
    told = await line.say(say.receive(say.came("00392/174 a", "2.5"), say.came("B-2", 3, None)))
    assert await line.balances() == {
        ("00392/174 a", DOCK): (Decimal("2.5"), Decimal(0)), ("B-2", DOCK): (Decimal(3), Decimal(0)),
    }  # fmt: skip
    assert [(it["lot"], it["quantity"], it.get("expiry")) for it in told.data("lot.received.v1")] == [
        ("00392/174 a", 2.5, "2027-03-31"), ("B-2", 3, None),
    ]  # fmt: skip


async def test_a_part_is_put_away(line: Line) -> None:
    """A putaway of a part leaves the rest; both stand in the ledger (S30)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", 10)))
    told = await line.say(say.put_away("B-1", 4))
    assert told.codes() == []
    assert await line.balances() == {("B-1", DOCK): (Decimal(6), Decimal(0)), ("B-1", SHELF): (Decimal(4), Decimal(0))}
    [moved] = told.data("lot.moved.v1")
    assert (moved["from_location"], moved["location"], moved["quantity"]) == (DOCK, SHELF, 4)


async def test_a_second_lot_is_refused_and_sent_elsewhere(line: Line) -> None:
    """A storage place holds one lot of a product: the refusal names a place that holds this lot (S30)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1"), say.came("B-2")))
    await line.say(say.put_away("B-1", 4, SHELF), say.put_away("B-2", 4, BIN))
    told = await line.say(say.put_away("B-2", 1, SHELF))
    assert told.codes() == ["lots_mixed"]
    assert told.answers[0].refusals[0].suggested == [BIN]


async def test_a_place_that_is_known_later(line: Line) -> None:
    """What lies at a place before lots hears of the place is free once it does, and who waits has it (S07, S30)."""
    say, place = Ordering(line.sku), f"EAST/{line.sku}"
    await line.say(say.receive(say.came("B-1", 5), say.came("B-2", 1), location=place), say.want(1, 3))
    storage = LocationChanged(location=place, version=1, type="STORAGE", pick_sequence=7000)
    told = await line.say(storage)
    assert told.types() == ["lot.mixed.v1", "lot.allocated.v1"]
    assert await line.balances() == {("B-1", place): (Decimal(5), Decimal(3)), ("B-2", place): (Decimal(1), Decimal(0))}
    staging = storage.model_copy(update={"version": 2, "type": "STAGING"})
    assert (await line.say(staging, say.want(2, 1))).data("lot.allocated.v1")[0]["short"] == 1


async def test_a_place_that_is_defined_at_this_moment(line: Line) -> None:
    """Stock laid at a place while that is being defined is free once both are done, whoever is first (S07)."""
    say, place = Ordering(line.sku), f"EAST/{line.sku}"
    storage = LocationChanged(location=place, version=1, type="STORAGE", pick_sequence=7000)
    async with transaction(line.engine) as tx:
        await decide(tx, line.map, [message(say.receive(say.came("B-1", 5), location=place))])
        defining = asyncio.create_task(line.insist([message(storage)]))
        await line.someone_waits()
    await defining
    told = await line.say(say.want(1, 3))
    assert told.data("lot.allocated.v1")[0]["short"] == 0
