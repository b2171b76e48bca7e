"""First expired, first out on the real tables: what is passed over and why, and who is served when a policy changes."""

from datetime import timedelta
from typing import Any

from shared.contracts.commands.serials import Correct, Hold
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.reference import ProductChanged, WarehouseChanged
from shared.contracts.upstream import CustomerLife, LifePolicy
from shared.database import Transaction
from shared.stock.expiry import today
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.serials.test_queue import given, stock

KIRITIMATI = "Pacific/Kiritimati"
"""Where the day begins first: it is tomorrow there for most of the day."""


def in_days(days: int, zone: str = "UTC") -> dict[str, Any]:
    """A label that is good for so many days more."""
    return {"expiry": today(Transaction.clock(), zone) + timedelta(days)}


def policy(line: Line, version: int, **life: Any) -> ProductChanged:
    """What the product's days of life mean."""
    return ProductChanged(
        sku=line.sku, version=version, name="Gauze", unit="each", tracking="SERIAL", life=LifePolicy(**life)
    )


async def test_what_is_passed_over_and_why(line: Line) -> None:
    """The answer says of stock that an order may not have whether it is held, expired, or too near to it (S27, S28)."""
    say = Saying(line.sku)
    agreed = [CustomerLife(customer="C-1", min_life_days=60)]
    await line.say(policy(line, 1, stop_pick_days=7, customers=agreed))
    for first, days in enumerate((-1, 6, 59, 60, 90)):
        await stock(line, names(1, first=first * 10), **in_days(days))
    await line.say(Hold(sku=line.sku, serials=names(1, first=40), hold="H-1", reason="suspicion"))
    told = await line.say(say.want(1, 2))
    [answer] = told.data("serial.allocated.v1")
    assert [(it["serial"], it["expiry"]) for it in answer["given"]] == [("SN-00030", str(in_days(60)["expiry"]))]
    assert {it["reason"]: it["count"] for it in answer["skipped"]} == {
        "on hold": 1,
        "expired": 1,
        "too near its expiry for any order": 1,
        "too near its expiry for this order": 1,
    }
    told = await line.say(say.want(2, 2, customer="C-2", lots=["L-9"]))
    [answer] = told.data("serial.allocated.v1")
    assert {it["reason"]: it["count"] for it in answer["skipped"]} == {
        "on hold": 1,
        "expired": 1,
        "too near its expiry for any order": 1,
        "not the lot that is wanted": 1,
    }


async def test_first_expired_first(line: Line) -> None:
    """Of many units the one that expires first is given first, however late it came; undated ones go last (S27)."""
    say = Saying(line.sku)
    await stock(line, names(400))
    await stock(line, names(400, first=1000), **in_days(300))
    await stock(line, names(1, first=9000), **in_days(200))
    await line.say(say.want(1, 2))
    assert await given(line) == {"1": ["SN-01000", "SN-09000"]}
    await line.say(say.want(2, 400))
    assert (await given(line))["2"] == [*names(399, first=1001), "SN-00001"][-1:] + names(399, first=1001)


async def test_a_relaxed_policy_serves_who_waits(line: Line) -> None:
    """Orders that waited beside stock with too little life get it when the product's policy allows it (S28)."""
    say = Saying(line.sku)
    await line.say(policy(line, 1, stop_pick_days=7, customers=[CustomerLife(customer="C-1", min_life_days=60)]))
    await stock(line, names(2), **in_days(30))
    await line.say(say.want(1, 2), say.want(2, 1, serials=names(1)))
    assert await given(line) == {}
    told = await line.say(policy(line, 2, stop_pick_days=7))
    assert await given(line) == {"1": names(2)}
    assert told.data("serial.allocated.v1")[0]["short"] == 0
    assert (await line.say(policy(line, 3, stop_pick_days=7))).types() == []


async def test_a_queue_that_wants_more_life(line: Line) -> None:
    """What came free passes a hundred orders that want more life, and finds the one that it fits (S08, S28)."""
    say = Saying(line.sku)
    await line.say(*(say.want(number, min_life_days=90) for number in range(100)))
    await line.say(say.want(200, 2, min_life_days=30), say.want(300, 1))
    await stock(line, names(2), **in_days(30))
    assert await given(line) == {"200": names(2)}
    await stock(line, names(1, first=3), **in_days(0))
    assert await given(line) == {"200": names(2), "300": names(1, first=3)}


async def test_days_are_the_warehouses(line: Line) -> None:
    """The same date is past in one warehouse and not yet in another: at allocation and at the dispatch check (S28)."""
    say, last = Saying(line.sku), in_days(0)
    await stock(line, names(1), **last)
    await line.say(say.want(1), say.pick(1, names(1)))
    assert "dispatch.approved.v1" in (await line.say(say.check(1, names(1)))).types()
    demanding: DispatchRequested = say.check(1, names(1)).model_copy(update={"min_life_days": 1})
    [refused] = (await line.say(demanding)).data("dispatch.refused.v1")
    assert [it["code"] for it in refused["units"]] == ["life_too_short"]
    ahead = today(Transaction.clock(), KIRITIMATI) > last["expiry"]
    await line.say(WarehouseChanged(warehouse="EAST", version=1_001, name="East", time_zone=KIRITIMATI))
    try:
        refused_there = (await line.say(say.check(1, names(1)))).data("dispatch.refused.v1")
        assert [[it["code"] for it in one["units"]] for one in refused_there] == ([["expired"]] if ahead else [])
    finally:
        await line.say(WarehouseChanged(warehouse="EAST", version=1_002, name="East", time_zone="UTC"))


async def test_a_corrected_date_names_the_orders_that_have_the_units(line: Line) -> None:
    """Who has some of the units, to be picked or picked, is told of their expiry; who had them is not (S28)."""
    say, units = Saying(line.sku), names(5)
    await stock(line, units, **in_days(30))
    await line.say(*(say.want(number) for number in range(1, 5)))
    await line.say(say.pick(2, [units[1]]), say.pick(3, [units[2]]), say.deallocate(4, [units[3]]))
    await line.say(say.dispatch(3, [units[2]]))
    told = await line.say(Correct(sku=line.sku, serials=units, reason="misread", **in_days(20)))
    having = {tuple(it["orders"]): it["serials"] for it in told.data("serial.corrected.v1") if it["orders"]}
    assert having == {(say.order(1),): [units[0]], (say.order(2),): [units[1]]}


async def test_lots_that_an_order_asks_for(line: Line) -> None:
    """An order for certain lots is served from them alone, now and when they come (S27)."""
    say = Saying(line.sku)
    await stock(line, names(3), lot="L-1")
    await stock(line, names(3, first=4), lot="l-1")
    wanted: AllocationRequested = say.want(1, 2, lots=["l-1", "L-2"])
    await line.say(wanted, say.want(2, 1, lots=["L-2"]), say.want(3, 9, lots=["L-2"], single_lot=True))
    assert await given(line) == {"1": names(2, first=4)}
    await stock(line, names(2, first=7), lot="L-2", **in_days(3))
    assert await given(line) == {"1": names(2, first=4), "2": names(1, first=7)}
