"""Many at once for the same goods: one winner, nothing oversold, whatever the order of their commits (P6, P15)."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from shared.contracts.lots import RecallOpened
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.upstream import CustomerLife, LifePolicy
from tests.line import Told
from tests.lots.conftest import Line
from tests.lots.test_receipts import agree
from tests.unit.lots.making import BIN, RACK, SHELF
from tests.unit.lots.ordering import Ordering

TODAY = datetime.now(UTC).date()
PLACES = [SHELF, BIN, RACK, "EAST/A-04", "EAST/A-05"]


def codes(told: Told) -> list[str]:
    """Why a check was refused."""
    return [it["code"] for fact in told.data("lot.dispatch_refused.v1") for it in fact["stock"]]


async def stocked(line: Line, quantity: Any = 5, days: int = 30) -> Ordering:
    """One lot in storage."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("L1", quantity, TODAY + timedelta(days))))
    await line.say(say.put_away("L1", quantity))
    return say


async def test_fifty_orders_for_twenty_pieces(line: Line) -> None:
    """Of fifty orders at once over twenty pieces in five lots exactly twenty are served, first expired first as they
    commit, and nobody twice (S08, S27)."""
    say = Ordering(line.sku)
    days = {f"L{number}": TODAY + timedelta(10 + number * 3 % 5) for number in range(5)}
    await line.say(say.receive(*(say.came(lot, 4, day) for lot, day in days.items())))
    await line.say(
        *(LocationChanged(location=place, version=9, type="STORAGE", pick_sequence=9) for place in PLACES[3:])
    )
    await line.say(*(say.put_away(lot, 4, place) for lot, place in zip(days, PLACES, strict=True)))
    answers = await asyncio.gather(*(line.say(say.want(number, 1)) for number in range(50)))
    # Every transaction reads back all that was said of the product so far: each fact once, in the order of commits.
    facts = {event["id"]: event["data"] for told in answers for event in told.events if event["data"].get("given")}
    given = [days[facts[name]["given"][0]["lot"]] for name in sorted(facts)]
    assert len(given) == 20
    assert all(before <= after for before, after in pairwise(given))
    rows = await line.rows("SELECT demand, quantity FROM reserved WHERE sku = :sku", sku=line.sku)
    assert (len({row["demand"] for row in rows}), sum(row["quantity"] for row in rows)) == (20, 20)
    assert all(on_hand == allocated == 4 for on_hand, allocated in (await line.balances()).values())


async def test_a_hold_races_a_check(line: Line) -> None:
    """Whichever commits first: what is approved was asked about before the hold, and after it nothing is (S28)."""
    say = await stocked(line)
    await line.say(say.want(1, 5))
    await line.say(say.pick(1, say.at("L1", 5)))
    for number in range(10):
        held, checked = await asyncio.gather(line.say(say.hold("L1", f"H-{number}")), line.say(say.check(1, {"L1": 5})))
        [hold] = held.data("lot.held.v1")
        assert [(it["order"], it["quantity"]) for it in hold["stock"]] == [(say.order(1), 5)]
        last = max([*held.events, *checked.events], key=lambda event: str(event["id"]))["type"]
        assert last == ("lot.held.v1" if checked.data("lot.dispatch_approved.v1") else "lot.dispatch_refused.v1")
        assert codes(await line.say(say.check(1, {"L1": 5}))) == ["held"]
        await line.say(say.lift(f"H-{number}"))


async def test_expiry_passes_between_allocation_and_dispatch(line: Line) -> None:
    """What expired after its pick is refused; deallocated or unpicked it is not given again, until its date is
    corrected: then whoever waits has it at once (S28)."""
    say = await stocked(line)
    await line.say(say.want(1, 2), say.want(2, 2))
    await line.say(say.pick(1, say.at("L1", 2)))
    assert codes(await line.say(say.check(1, {"L1": 2}))) == []
    await line.say(say.correct("L1", TODAY - timedelta(2)))
    assert codes(await line.say(say.check(1, {"L1": 2}))) == ["expired"]
    told = await line.say(say.unpick(1, "L1", 2, SHELF, again=True), say.deallocate(2, say.at("L1", 2), again=True))
    answers = told.data("lot.allocated.v1")
    assert [(it.get("given", []), it["short"], it["skipped"]) for it in answers] == [
        ([], 2, [{"lot": "L1", "quantity": 3, "reason": "expired"}]),
        ([], 2, [{"lot": "L1", "quantity": 5, "reason": "expired"}]),
    ]
    told = await line.say(say.correct("L1", TODAY + timedelta(1)))
    assert [(it["demand"], it["short"]) for it in told.data("lot.allocated.v1")] == [
        (say.demand(1), 0),
        (say.demand(2), 0),
    ]


async def test_an_agreed_life_is_looked_at_twice(line: Line) -> None:
    """What a customer's agreement demands of a product keeps too short-lived stock from it, when it is given and when
    it leaves; a relaxed agreement serves who waits for it (P8)."""

    def product(version: int, days: int) -> ProductChanged:
        life = LifePolicy(customers=[CustomerLife(customer="C-1", min_life_days=days)])
        return ProductChanged(sku=line.sku, version=version, name="brie", unit="each", tracking="LOT", life=life)

    say = await stocked(line)
    await line.say(product(2, 40))
    [short] = (await line.say(say.want(1, 2))).data("lot.allocated.v1")
    assert short["skipped"] == [{"lot": "L1", "quantity": 5, "reason": "too near its expiry for this order"}]
    [answer] = (await line.say(product(3, 20))).data("lot.allocated.v1")
    assert (answer["demand"], answer["short"]) == (say.demand(1), 0)
    await line.say(say.pick(1, say.at("L1", 2)))
    assert codes(await line.say(say.check(1, {"L1": 2}))) == []
    await line.say(product(4, 35))
    assert codes(await line.say(say.check(1, {"L1": 2}))) == ["life_too_short"]


async def test_a_shortfall_names_what_is_in_the_way(line: Line) -> None:
    """Whoever is short is told of every lot that lies there and why it is not given: held, expired, too young (P10)."""
    say = Ordering(line.sku)
    expiry = {"L1": TODAY - timedelta(2), "L2": TODAY + timedelta(40), "L3": TODAY + timedelta(3)}
    await line.say(say.receive(*(say.came(lot, 4, day) for lot, day in expiry.items())))
    await line.say(*(say.put_away(lot, 3, place) for lot, place in zip(expiry, PLACES, strict=False)))
    await line.say(say.hold("L2", "H-1"))
    [answer] = (await line.say(say.want(1, 5, min_life_days=10))).data("lot.allocated.v1")
    assert [(it["lot"], it["quantity"], it["reason"]) for it in answer["skipped"]] == [
        ("L1", 3, "expired"), ("L3", 3, "too near its expiry for this order"), ("L2", 3, "on hold"),
    ]  # fmt: skip


async def test_a_recall_races_a_receipt_of_its_lot(line: Line) -> None:
    """Whichever commits first, all of the lot is held, and an order either has none of it or is named (S46)."""
    say = Ordering(line.sku)
    for number in range(8):
        lot = f"L{number}"
        name = line.no(lot)
        opened = RecallOpened(recall=name, sku=line.sku, lots=[lot], hold=name, reason="glass")
        came = say.receive(say.came(lot, 2, TODAY + timedelta(90)), location=PLACES[number % 5])
        await line.say(say.want(number, 2, lots=[lot]))
        first, second = line.say(came), line.say(opened)
        received, held = await asyncio.gather(*([first, second] if number % 2 else [second, first]))
        received, held = (received, held) if number % 2 else (held, received)
        given = [it for fact in received.data("lot.allocated.v1") for it in fact.get("given", ())]
        [hold] = held.data("lot.held.v1")
        assert [it["order"] for it in hold["stock"]] == [say.order(number)] * len(given)
        assert (await line.say(say.want(100 + number, 1, lots=[lot]))).data("lot.allocated.v1")[0]["short"] == 1


async def test_counts_race_orders(line: Line) -> None:
    """Orders and counts at once: a count never takes what an order has, and the books agree with the ledger (S22)."""
    say = await stocked(line, 20)
    orders = [line.say(say.want(number, 1)) for number in range(15)]
    counts = [line.say(say.count("L1", 20 - number)) for number in range(15)]
    told = await asyncio.gather(*(it for both in zip(orders, counts, strict=True) for it in both))
    assert {code for it in told for code in it.codes()} <= {"not_enough"}
    [(on_hand, allocated)] = (await line.balances()).values()
    assert allocated <= on_hand <= 20
    assert await agree(line) == [("L1", "EAST")]
