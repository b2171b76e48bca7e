"""Demands and counted stock on the real tables: who gets how much of which lot, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.envelope import Fact
from tests.lots.conftest import Line
from tests.unit.lots.making import BIN, RACK, SHELF
from tests.unit.lots.ordering import Ordering

TODAY = datetime.now(UTC).date()
SPRING, SUMMER = TODAY + timedelta(100), TODAY + timedelta(200)


async def stocked(line: Line, *lots: tuple[str, Any, Any, str]) -> None:
    """Put lots away: number, quantity, expiry, place."""
    say = Ordering(line.sku)
    await line.say(say.receive(*(say.came(lot, quantity, expiry) for lot, quantity, expiry, _ in lots)))
    await line.say(*(say.put_away(lot, quantity, place) for lot, quantity, _, place in lots))


async def stands(line: Line) -> dict[tuple[str, str], tuple[Any, Any]]:
    """What is on hand and allocated, by lot and place."""
    return {**await line.balances()}


async def given(line: Line, *facts: Fact) -> dict[str, list[tuple[str, str, Any]]]:
    """What the answers to messages give, by demand: lot, place, quantity."""
    told = await line.say(*facts)
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for fact in told.data("lot.allocated.v1"):
        name = fact["demand"].rpartition("-")[2]
        found.setdefault(name, []).extend((it["lot"], it["location"], it["quantity"]) for it in fact.get("given", ()))
    return found


async def test_a_line_is_split_over_lots(line: Line) -> None:
    """What expires first goes first, over several lots; what is short is told and waits (S08, S27)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-2", 3, SUMMER, SHELF), ("B-1", 2, SPRING, BIN))
    told = await line.say(say.want(1, 4), say.want(2, "1.5"))
    first, second = told.data("lot.allocated.v1")
    assert [(it["lot"], it["location"], it["quantity"], it["expiry"]) for it in first["given"]] == [
        ("B-1", BIN, 2, str(SPRING)), ("B-2", SHELF, 2, str(SUMMER)),
    ]  # fmt: skip
    assert (first["short"], first["closed"]) == (0, False)
    assert ([(it["lot"], it["quantity"]) for it in second["given"]], second["short"]) == ([("B-2", 1)], 0.5)
    assert await stands(line) == {("B-1", BIN): (2, 2), ("B-2", SHELF): (3, 3)}


async def test_a_wait_is_served_by_a_later_putaway(line: Line) -> None:
    """What comes free goes to who waits, by priority, then the older order, again and again (S07, S08)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("B-1", 10)))
    assert await given(line, say.want(1, 3), say.want(2, 3), say.want(3, 3, priority=9)) == {"1": [], "2": [], "3": []}
    assert await given(line, say.put_away("B-1", 4)) == {"3": [("B-1", SHELF, 3)], "1": [("B-1", SHELF, 1)]}
    assert await given(line, say.put_away("B-1", 4)) == {"1": [("B-1", SHELF, 2)], "2": [("B-1", SHELF, 2)]}
    assert await stands(line) == {("B-1", "EAST/DOCK"): (2, 0), ("B-1", SHELF): (8, 8)}


async def test_withdrawing_frees_and_serves_the_next(line: Line) -> None:
    """A withdrawn demand's quantity goes back to stock and to the next in line, in the same act (S11)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 5, SPRING, SHELF))
    await line.say(say.want(1, 4), say.want(2, 3))
    told = await line.say(say.give_up(1))
    [back] = told.data("lot.deallocated.v1")
    assert ([(it["lot"], it["quantity"]) for it in back["lots"]], back["reason"]) == ([("B-1", 4)], "cancelled")
    [answer] = told.data("lot.allocated.v1")
    assert (answer["demand"], answer["short"]) == (say.demand(2), 0)
    assert await stands(line) == {("B-1", SHELF): (5, 3)}
    assert await given(line, say.give_up(9), say.want(9, 1)) == {}, "it was withdrawn before it was asked for"


async def test_drop_single_lot_and_named_lots(line: Line) -> None:
    """One lot or nothing, the lots that are named and no others, and no waiting for who does not wait (S27)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 2, SPRING, SHELF), ("B-2", 5, SUMMER, BIN), ("B-3", 9, None, RACK))
    assert await given(
        line,
        say.want(1, 4, single_lot=True),
        say.want(2, 10, lots=["B-3", "B-9"]),
        say.want(3, 9, shortfall="DROP"),
        say.want(4, 2, single_lot=True),
    ) == {
        "1": [("B-2", BIN, 4)],
        "2": [("B-3", RACK, 9)],
        "3": [("B-1", SHELF, 2), ("B-2", BIN, 1)],
        "4": [],
    }
    assert await given(line, say.give_up(3)) == {"4": [("B-1", SHELF, 2)]}
    rows = await line.rows("SELECT id, status, open, lot FROM demand WHERE sku = :sku ORDER BY id", sku=line.sku)
    assert [(row["status"], row["open"], row["lot"]) for row in rows] == [
        ("OPEN", 0, "B-2"), ("OPEN", 1, None), ("WITHDRAWN", 0, None), ("OPEN", 0, "B-1"),
    ]  # fmt: skip


async def test_pick_check_and_leave(line: Line) -> None:
    """Picked, asked about, shipped: the ledger says where each quantity went and to whom (S09, S10, S28)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 5, SPRING, SHELF))
    await line.say(say.want(1, 3))
    told = await line.say(say.pick(1, say.at("B-1", 3)))
    assert told.data("lot.picked.v1")[0]["location"] == "EAST/OUT"
    assert await stands(line) == {("B-1", SHELF): (2, 0)}
    told = await line.say(say.check(1, {"B-1": 3}))
    [approved] = told.data("lot.dispatch_approved.v1")
    assert approved["stock"] == [{"line": "1", "sku": line.sku, "lot": "B-1", "quantity": 3}]
    told = await line.say(say.check(1, {"B-1": 4}))
    assert [it["code"] for it in told.data("lot.dispatch_refused.v1")[0]["stock"]] == ["not_picked"]
    told = await line.say(say.dispatch(1, {"B-1": 3}))
    [shipped] = told.data("lot.shipped.v1")
    assert (shipped["shipment"], shipped["customer"], shipped["lots"]) == (
        "SH-1", "C-1", [{"lot": "B-1", "quantity": 3}],
    )  # fmt: skip
    rows = await line.rows("SELECT change, on_hand, picked FROM ledger WHERE sku = :sku ORDER BY id", sku=line.sku)
    assert [(row["change"], row["on_hand"], row["picked"]) for row in rows][-2:] == [
        ("PICKED", Decimal(-3), Decimal(3)), ("SHIPPED", Decimal(0), Decimal(-3)),
    ]  # fmt: skip


async def test_unpicked_and_wanted_again(line: Line) -> None:
    """What was picked lies in a storage place again, and is served to whoever is first, the same demand too (S12)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 5, SPRING, SHELF), ("B-2", 1, SUMMER, BIN))
    await line.say(say.want(1, 3))
    await line.say(say.pick(1, say.at("B-1", 3)))
    told = await line.say(say.unpick(1, "B-1", 3, BIN, again=True))
    assert told.types() == ["lot.unpicked.v1", "lot.mixed.v1", "lot.allocated.v1"]
    assert await stands(line) == {("B-1", SHELF): (2, 2), ("B-1", BIN): (3, 1), ("B-2", BIN): (1, 0)}


async def test_not_found_is_held_and_others_are_sought(line: Line) -> None:
    """A short pick holds the lot at that place only, and the demand gets it from elsewhere (S11)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 5, SPRING, SHELF))
    await line.say(say.receive(say.came("B-1", 5, SPRING)))
    await line.say(say.put_away("B-1", 5, BIN), say.want(1, 3))
    told = await line.say(say.deallocate(1, say.at("B-1", 3), again=True, hold="H-1"))
    assert told.types() == ["lot.deallocated.v1", "lot.held.v1", "lot.allocated.v1"]
    [answer] = told.data("lot.allocated.v1")
    assert [(it["location"], it["quantity"]) for it in answer["given"]] == [(BIN, 3)]
    assert [(it["lot"], it["quantity"], it["reason"]) for it in answer["skipped"]] == [("B-1", 5, "on hold")]


async def test_what_does_not_fit_changes_nothing(line: Line) -> None:
    """A fact about more than a demand has is a disagreement that a supervisor sees; the rest of it is taken."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 5, SPRING, SHELF))
    await line.say(say.want(1, 3))
    told = await line.say(
        say.pick(1, say.at("B-1", 2), say.at("B-1", 2), say.at("B-9", 1)),
        say.deallocate(2, say.at("B-1", 1)),
        say.unpick(1, "B-9", 1),
        say.dispatch(1, {"B-1": 3}),
    )
    rejected = told.data("lot.rejected.v1")
    assert [it["refused_type"] for it in rejected].count("stock.picked.v1") == 2
    assert {it["refused_type"] for it in rejected} == {
        "stock.picked.v1", "stock.deallocated.v1", "stock.unpicked.v1", "dispatch.done.v1",
    }  # fmt: skip
    assert {it["kind"] for it in rejected} == {"DISAGREEMENT"}
    assert await stands(line) == {("B-1", SHELF): (3, 1)}
