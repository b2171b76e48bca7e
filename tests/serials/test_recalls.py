"""Holds by lot number, corrections of an expiry, and recalls, on the real tables."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from shared.contracts.commands.serials import Adjust, Correct, Hold, Lift
from shared.contracts.fulfillment import DispatchDone
from shared.contracts.lots import RecallClosed, RecallOpened, RecallRange
from shared.database import Transaction
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.serials.test_expiry import in_days, policy
from tests.serials.test_queue import given, stock
from tests.unit.serials.making import SHELF


def recall(line: Line, name: str = "RC-1", **named: Any) -> RecallOpened:
    """A recall of the test's product."""
    return RecallOpened(recall=name, sku=line.sku, hold=f"{name}-hold", reason="sharp edges", **named)


def units_of(told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The units that answers to a recall name, by serial; the later counts."""
    return {unit["serial"]: unit for answer in told for unit in answer["units"]}


async def test_a_lot_is_held_with_what_arrives(line: Line) -> None:
    """A hold on a lot number stops what is here and what arrives of it; orders are told; lifting frees it all."""
    say = Saying(line.sku)
    await stock(line, names(2), lot="L-1")
    await stock(line, names(1, first=3), lot="l-1")
    await line.say(say.want(1, 1))
    told = await line.say(Hold(sku=line.sku, lot="L-1", hold="H-1", reason="suspicion"))
    held = [(unit["serial"], unit.get("order")) for it in told.data("serial.held.v1") for unit in it["units"]]
    assert sorted(held) == [("SN-00001", say.order(1)), ("SN-00002", None)]
    assert [it["lots"] for it in told.data("serial.held.v1") if it.get("lots")] == [["L-1"]]
    told = await line.say(say.receive(names(1, first=4), lot="L-1"), say.put_away(names(1, first=4)))
    assert [(it["hold"], it["reason"]) for it in told.data("serial.held.v1")] == [("H-1", "suspicion")]
    await line.say(say.want(2, 3))
    assert await given(line) == {"1": names(1), "2": names(1, first=3)}
    again = await line.say(Hold(sku=line.sku, lot="L-1", hold="H-1", reason="again"))
    assert again.codes() == ["hold_exists"]
    await line.say(Lift(sku=line.sku, hold="H-1", reason="cleared"))
    assert await given(line) == {"1": names(1), "2": names(3, first=2)}
    told = await line.say(say.receive(names(1, first=5), lot="L-1"))
    assert told.data("serial.held.v1") == []


async def test_a_lot_that_is_not_here_yet_is_held(line: Line, http: httpx.AsyncClient) -> None:
    """A hold on a lot number of which nothing has arrived is answered, and waits for it."""
    told = await line.say(Hold(sku=line.sku, lot="L-9", hold="H-9", reason="warning"))
    assert (told.codes(), told.answers[0].body is not None) == ([], True)
    shown = (await http.get("/standing-holds", params={"sku": line.sku})).json()["items"]
    assert [(it["hold"], it["lots"], it["reason"], it["opened_by"]) for it in shown] == [
        ("H-9", ["L-9"], "warning", "anna")
    ]
    told = await line.say(Saying(line.sku).receive(names(1), lot="L-9"))
    assert [it["hold"] for it in told.data("serial.held.v1")] == ["H-9"]
    assert (await line.say(Lift(sku=line.sku, hold="H-9", reason="cleared"))).codes() == []
    assert (await line.say(Lift(sku=line.sku, hold="H-9", reason="cleared"))).codes() == ["unknown_hold"]


async def test_a_corrected_expiry_serves_who_waits(line: Line) -> None:
    """A label read wrongly is corrected with a reason, audited, and what is good again goes to who waits (S22, S28)."""
    say = Saying(line.sku)
    await stock(line, names(2), **in_days(-3))
    await line.say(say.want(1, 1))
    assert await given(line) == {}
    good = in_days(300)["expiry"]
    told = await line.say(Correct(sku=line.sku, serials=names(1), expiry=good, reason="misread"), actor="eve")
    assert await given(line) == {"1": names(1)}
    [corrected] = told.data("serial.corrected.v1")
    assert (corrected["serials"], corrected["expiry"], corrected["actor"]) == (names(1), str(good), "eve")
    rows = await line.rows(
        "SELECT change, reason, actor FROM act JOIN audit ON act.id = act JOIN serial ON serial.id = serial_id "
        "WHERE sku = :sku AND change = 'expiry corrected'",
        sku=line.sku,
    )
    before = in_days(-3)["expiry"]
    assert rows == [{"change": "expiry corrected", "reason": f"misread (expiry {before}, now {good})", "actor": "eve"}]
    told = await line.say(Correct(sku=line.sku, serials=["SN-X"], expiry=None, reason="misread"))
    assert told.codes() == ["not_yet_known"]


async def test_units_are_not_without_their_date(line: Line) -> None:
    """Where the product's units have an expiry it is not taken off them (S24, S28)."""
    await line.say(policy(line, 1, expiry_required=True))
    await stock(line, names(1), **in_days(-3))
    told = await line.say(Correct(sku=line.sku, serials=names(1), expiry=None, reason="unreadable"))
    assert told.codes() == ["expiry_missing"]


async def test_a_recall_names_and_holds_what_it_touches(line: Line) -> None:
    """Whatever is named in any way is held and named with its place, order, shipment and customer (S46)."""
    say = Saying(line.sku)
    await stock(line, names(8), lot="L-1")
    await stock(line, ["ab-7", "SN-1", "X-1"])
    await line.say(say.plan(["E-1"]))
    await line.say(say.want(1, 1, serials=["SN-00001"]), say.want(2, 1, serials=["SN-00002"]))
    await line.say(say.pick(1, ["SN-00001"]))
    done: DispatchDone = say.dispatch(1, ["SN-00001"])
    await line.say(done.model_copy(update={"customer_name": "Clinic", "contact": "+1 555 0100"}))
    ranges = [RecallRange(first="SN-00002", last="SN-00003")]
    told = await line.say(
        recall(line, ranges=ranges, serials=["SN-00001", "E-1", "unheard"], words=["AB-7", "the"], lots=["L-2"])
    )
    answers = told.data("serial.recalled.v1")
    units = units_of(answers)
    assert sorted(units) == ["E-1", "SN-00001", "SN-00002", "SN-00003", "ab-7"]
    assert [(it.get("last"), it["recall"]) for it in answers] == [(True, "RC-1")]
    out = units["SN-00001"]
    assert (out["status"], out["held"], out["shipment"], out["customer"]) == ("SHIPPED", False, "SH-1", "C-1")
    assert (out["customer_name"], out["contact"], "shipped_at" in out) == ("Clinic", "+1 555 0100", True)
    assert (units["SN-00002"]["order"], units["SN-00002"]["held"]) == (say.order(2), True)
    assert (units["SN-00003"]["location"], units["SN-00003"]["lot"]) == (SHELF, "L-1")
    assert (units["E-1"]["status"], units["E-1"]["held"]) == ("EXPECTED", False)
    held = [unit["serial"] for it in told.data("serial.held.v1") for unit in it["units"]]
    assert sorted(held) == ["SN-00002", "SN-00003", "ab-7"]


async def test_a_range_in_any_case(line: Line) -> None:
    """A range is of upper and lower case alike, here and in what arrives, as the words of a notice are (S46)."""
    say = Saying(line.sku)
    await stock(line, ["SN-15", "sn-16", "sn-20", "SN-150"])
    told = await line.say(recall(line, ranges=[RecallRange(first="sn-10", last="SN-19")]))
    assert sorted(units_of(told.data("serial.recalled.v1"))) == ["SN-15", "sn-16"]
    told = await line.say(say.receive(["Sn-17", "Sn-21"]))
    assert sorted(units_of(told.data("serial.recalled.v1"))) == ["Sn-17"]


async def test_a_recall_called_as_a_hold_before_it(line: Line) -> None:
    """A lot that was held under the recall's name before does not keep the recall from what else it names (S46)."""
    say = Saying(line.sku)
    await stock(line, names(1), lot="L-1")
    await line.say(Hold(sku=line.sku, lot="L-1", hold="RC-1-hold", reason="suspicion"))
    await line.say(recall(line, lots=["L-1", "L-2"]))
    told = await line.say(say.receive(["A1"], lot="L-2"))
    assert [unit["serial"] for it in told.data("serial.held.v1") for unit in it["units"]] == ["A1"]
    told = await line.say(say.receive(["A2"], lot="L-1"))
    assert units_of(told.data("serial.recalled.v1"))["A2"]["held"]
    assert (await line.rows("SELECT holds FROM serial_state WHERE sku = :sku", sku=line.sku)) == [{"holds": 1}] * 3
    await line.say(Lift(sku=line.sku, hold="RC-1-hold", reason="found good"))
    assert (await line.say(say.receive(["A3"], lot="L-2"))).types() == ["serial.moved.v1"]


async def test_a_recall_that_touches_nothing_is_answered(line: Line) -> None:
    """No units is an answer, too; what arrives of it later is held, and said (S46)."""
    told = await line.say(recall(line, lots=["L-5"], serials=["SN-77777"], words=["l-6"]))
    assert [(it["units"], it["last"]) for it in told.data("serial.recalled.v1")] == [([], True)]
    say = Saying(line.sku)
    told = await line.say(
        say.receive(["A1"], lot="L-5"), say.receive(["SN-77777"]), say.receive(["A2"], lot="L-6"), say.receive(["A3"])
    )
    assert {unit["serial"]: unit["held"] for unit in units_of(told.data("serial.recalled.v1")).values()} == {
        "A1": True, "SN-77777": True, "A2": True,
    }  # fmt: skip
    assert [it.get("last", False) for it in told.data("serial.recalled.v1")] == [False]


async def test_a_mock_recall_holds_nothing(line: Line) -> None:
    """A mock recall names what a real one would, in runs, and holds nothing, now or later (S46)."""
    for start in (1, 501):
        await line.say(Saying(line.sku).receive(names(500, first=start), lot="L-1"))
    told = await line.say(recall(line, lots=["L-1"], mock=True))
    answers = told.data("serial.recalled.v1")
    assert [(len(it["units"]), it.get("last", False)) for it in answers] == [(500, False), (500, True)]
    assert not any(unit["held"] for unit in units_of(answers).values())
    assert told.types() == ["serial.recalled.v1"] * 2
    assert (await line.say(Saying(line.sku).receive(["A1"], lot="L-1"))).types() == ["serial.moved.v1"]


async def test_later_moves_of_recalled_units_are_said(line: Line) -> None:
    """Scrapped, unpicked, lifted, returned: where a recalled unit is and whether it is held is said again (S46)."""
    say = Saying(line.sku)
    await stock(line, names(4), lot="L-1")
    await line.say(say.want(1, 2), say.pick(1, names(2)))
    await line.say(say.dispatch(1, names(1)))
    await line.say(recall(line, lots=["L-1"]))
    told = await line.say(say.unpick(1, ["SN-00002"]))
    assert [(it["status"], it["held"]) for it in units_of(told.data("serial.recalled.v1")).values()] == [
        ("IN_INVENTORY", True)
    ]
    told = await line.say(Adjust(sku=line.sku, serials=["SN-00003"], adjustment="SCRAPPED", reason="recall"))
    assert units_of(told.data("serial.recalled.v1"))["SN-00003"]["adjustment"] == "SCRAPPED"
    told = await line.say(say.give_back(1, ["SN-00001"], 3))
    back = units_of(told.data("serial.recalled.v1"))["SN-00001"]
    assert (back["status"], back["held"]) == ("RECEIVED", True)
    told = await line.say(Lift(sku=line.sku, hold="RC-1-hold", reason="found good"))
    assert {
        unit["serial"]: unit["held"] for unit in units_of(told.data("serial.recalled.v1")).values()
    } == dict.fromkeys(names(4), False)


async def test_a_unit_that_was_let_go_is_told_of_until_the_recall_closes(line: Line) -> None:
    """What was found good is told of at each step, with whom to call once it leaves; not after the closing (S46)."""
    say = Saying(line.sku)
    await stock(line, names(3), lot="L-1")
    await line.say(recall(line, lots=["L-1"]), recall(line, "RC-2", serials=names(1)))
    await line.say(*(Lift(sku=line.sku, hold=f"{it}-hold", reason="found good") for it in ("RC-1", "RC-2")))
    told = await line.say(say.want(1, 1))
    assert sorted((it["recall"], it["units"][0]["status"]) for it in told.data("serial.recalled.v1")) == [
        ("RC-1", "ALLOCATED"), ("RC-2", "ALLOCATED"),
    ]  # fmt: skip
    await line.say(say.pick(1, names(1)), RecallClosed(recall="RC-2", sku=line.sku, reason="done"))
    done: DispatchDone = say.dispatch(1, names(1))
    told = await line.say(done.model_copy(update={"customer_name": "Clinic", "contact": "+1 555 0100"}))
    [answer] = told.data("serial.recalled.v1")
    [out] = answer["units"]
    assert (answer["recall"], out["status"], out["held"], out["customer_name"]) == ("RC-1", "SHIPPED", False, "Clinic")
    await line.say(RecallClosed(recall="RC-1", sku=line.sku, reason="done"))
    assert (await line.say(say.want(2, 1))).data("serial.recalled.v1") == []
    assert await line.rows("SELECT serial FROM serial_state WHERE sku = :sku AND watches <> 0", sku=line.sku) == []


async def test_what_arrives_after_the_closing_is_held_and_not_told_of(line: Line) -> None:
    """A recall is over and its hold stands: what arrives is held, and lots hears no more of where it goes (S46)."""
    say = Saying(line.sku)
    await line.say(recall(line, lots=["L-1"]), RecallClosed(recall="RC-1", sku=line.sku, reason="done"))
    told = await line.say(say.receive(names(2), lot="L-1"))
    assert [(it["hold"], len(it["units"])) for it in told.data("serial.held.v1")] == [("RC-1-hold", 2)]
    told = await line.say(say.put_away(names(2)), Lift(sku=line.sku, hold="RC-1-hold", reason="found good"))
    assert told.data("serial.recalled.v1") == []
    assert await line.rows("SELECT serial FROM serial_state WHERE sku = :sku AND watches <> 0", sku=line.sku) == []


async def test_a_unit_that_was_out_is_told_of_when_it_is_back(line: Line) -> None:
    """A unit that a recall named while it was out or expected is told of where it turns up, held or not (S46)."""
    say = Saying(line.sku)
    await stock(line, names(1), lot="L-1")
    await line.say(say.plan(["E-1"]), say.want(1, 1), say.pick(1, names(1)))
    await line.say(say.dispatch(1, names(1)))
    await line.say(recall(line, serials=[*names(1), "E-1"]))
    await line.say(Lift(sku=line.sku, hold="RC-1-hold", reason="found good"))
    told = await line.say(say.give_back(1, names(1), 3), say.receive(["E-1"]))
    assert {serial: (it["status"], it["held"]) for serial, it in units_of(told.data("serial.recalled.v1")).items()} == {
        "SN-00001": ("RECEIVED", False), "E-1": ("RECEIVED", False),
    }  # fmt: skip


async def test_a_recall_that_is_told_twice_is_one(line: Line) -> None:
    """Asked again, the registry answers again, and holds and watches nothing twice (S46)."""
    await stock(line, names(2), lot="L-1")
    await line.say(recall(line, lots=["L-1"]))
    told = await line.say(recall(line, lots=["L-1"]))
    assert (told.types(), sorted(units_of(told.data("serial.recalled.v1")))) == (["serial.recalled.v1"], names(2))
    rows = await line.rows("SELECT holds, watches FROM serial_state WHERE sku = :sku", sku=line.sku)
    assert rows == [{"holds": 1, "watches": 1}] * 2


async def test_a_recalled_unit_that_a_policy_frees_is_told_of(line: Line) -> None:
    """A unit found good that goes to an order because less life is demanded is told of as well (S46)."""
    say = Saying(line.sku)
    await line.say(policy(line, 1, stop_pick_days=60))
    await stock(line, names(1), lot="L-1", **in_days(50))
    await line.say(recall(line, lots=["L-1"]), Lift(sku=line.sku, hold="RC-1-hold", reason="found good"))
    await line.say(say.want(1, 1))
    told = await line.say(policy(line, 2))
    assert units_of(told.data("serial.recalled.v1"))["SN-00001"]["status"] == "ALLOCATED"


async def test_a_recall_racing_a_receipt_of_its_lot(line: Line) -> None:
    """However a recall, a receipt and an order of its lot meet, nothing of it is given after (S46)."""
    say = Saying(line.sku)
    racing = [line.say(say.receive([serial], lot="L-1")) for serial in names(20)]
    racing.insert(10, line.say(recall(line, lots=["L-1"])))
    told = await asyncio.gather(*racing)
    await line.say(say.put_away(names(20)))
    await line.say(say.want(1, 20))
    assert await given(line) == {}
    assert set(units_of([answer for it in told for answer in it.data("serial.recalled.v1")])) == set(names(20))


async def test_statements_of_a_recall_do_not_grow(line: Line) -> None:
    """A recall of 600 units by every way to name them sends as many statements as one of two (S46)."""
    sent = []
    for one, count in ((Line(line.engine), 2), (line, 600)):
        say = Saying(one.sku)
        await stock(one, names(count), lot="L-1", **in_days(50))
        await one.say(policy(one, 1))
        await one.say(say.want(1, 1), say.pick(1, names(1)))
        await one.say(say.dispatch(1, names(1)))
        before = await one.say(recall(one, lots=["L-1"], words=["sn-00002"], serials=names(1)))
        expiry = Transaction.clock().date() + timedelta(9)
        after = await one.say(
            Correct(sku=one.sku, serials=names(min(count - 1, 499), first=2), expiry=expiry, reason="x")
        )
        sent.append((before.statements, after.statements))
    assert sent[0] == sent[1]
