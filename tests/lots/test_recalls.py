"""Recalls on the real tables: found, held, answered, listed, marked, closed."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.recalls.queries import recalls as queries
from services.lots.recalls.queries.lists import LISTS
from shared.contracts.commands.lots import CloseRecall, MarkRecalled, OpenRecall
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import RecalledUnit, SerialRecalled
from shared.database import transaction
from tests.line import Told
from tests.lots.conftest import Line
from tests.unit.lots.making import SHELF
from tests.unit.lots.ordering import Ordering


@pytest.fixture
def name() -> str:
    """A recall of the test's own."""
    return f"RC-{uuid4().hex[:8]}"


async def opened(line: Line, name: str, **wish: Any) -> Told:
    """A recall that was opened, and what lots did when it heard of its own products."""
    told = await line.say(OpenRecall.model_validate({"recall": name, "reason": "glass found"} | wish))
    assert told.codes() == []
    own = [data for data in told.data("recall.opened.v1") if data["sku"] == line.sku]
    return await line.say(*(RecallOpened.model_validate(data) for data in own))


async def page(line: Line, name: str, recall: str) -> list[dict[str, Any]]:
    """All of one list of a recall."""
    (wanted,) = (it for it in LISTS if it.name == name)
    async with transaction(line.engine) as tx:
        rows = await tx.rows(text(wanted.statement), {"recall": recall} | wanted.after(None, None))
    return [row._asdict() for row in rows]


async def stock(line: Line, recall: str) -> list[tuple[str, str, bool]]:
    """What of it lies where, and whether it is held."""
    rows = await page(line, "stock", recall)
    return [(row["item"], row["location"], row["held"]) for row in rows]


async def test_a_pasted_lot_is_found_and_held(line: Line, name: str) -> None:
    """A notice names the lot in capitals and in a sentence: it is found, held, listed, and reconciles (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("lx-0042/a"), say.came("LX-0043")))
    await line.say(say.put_away("lx-0042/a", 4))
    told = await opened(line, name, text="Recall of Lot LX-0042/A, and others.", skus=[line.sku])
    assert [(it["lot"], it["hold"]) for it in told.data("lot.held.v1")] == [("lx-0042/a", name)]
    assert {place for item, place, held in await stock(line, name) if held and item == "lx-0042/a"} == {
        "EAST/DOCK", SHELF,
    }  # fmt: skip
    [row] = await page(line, "reconciliation", name)
    assert (row["received"], row["on_hand"], row["difference"]) == (10, 10, 0)
    async with transaction(line.engine) as tx:
        one = await queries.one(tx, name)
    assert one is not None
    assert one.complete_at is not None


async def test_a_lot_is_found_whoever_has_it(line: Line, name: str) -> None:
    """A lot number without its product finds the product (S46)."""
    say = line.saying
    await line.say(say.receive(say.came(f"X{name}")))
    told = await line.say(OpenRecall.model_validate({"recall": name, "lots": [{"lot": f"X{name}"}], "reason": "x"}))
    # of products with serials the registry is asked, too
    assert line.sku in {data["sku"] for data in told.data("recall.opened.v1")}


async def test_a_notice_is_looked_for_in_all_products(line: Line, name: str) -> None:
    """Hundreds of products with serials, and a notice that names none of them: each is asked about (S46)."""
    pumps = [f"PUMP-{name}-{number}" for number in range(600)]
    await line.say(*(ProductChanged(sku=it, version=1, name="pump", unit="each", tracking="SERIAL") for it in pumps))
    told = await line.say(OpenRecall(recall=name, text="unit SN-1", reason="leaks", mock=True))
    assert told.codes() == []
    assert set(pumps) <= {data["sku"] for data in told.data("recall.opened.v1")}
    assert (await line.say(CloseRecall(recall=name, reason="exercise"))).codes() == []


async def test_what_arrives_later_is_held_too(line: Line, name: str) -> None:
    """A lot that was recalled before it came cannot be put to any order when it comes (S46)."""
    say = line.saying
    await opened(line, name, lots=[{"sku": line.sku, "lot": "SOON"}])
    await line.say(say.receive(say.came("SOON")))
    assert await stock(line, name) == [("SOON", "EAST/DOCK", True)]


@pytest.mark.parametrize("mock", [False, True])
async def test_what_a_notice_means_is_sought_in_what_arrives(line: Line, name: str, mock: bool) -> None:
    """A word, a range, or a lot without its product: what fits and comes later is held, by no mock recall (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("LX-0042")))
    await opened(line, name, text="lots lx-0042 to LX-0049, or ab7.", skus=[line.sku], lots=[{"lot": "Z9"}], mock=mock)
    await line.say(*(say.receive(say.came(lot)) for lot in ("LX-0045", "AB7", "Z9", "z9", "LX-0050")))
    held = {item for item, _, held in await stock(line, name) if held}
    assert held == (set() if mock else {"LX-0042", "LX-0045", "AB7", "Z9"})


async def test_a_mock_recall_holds_nothing(line: Line, name: str) -> None:
    """It finds and lists the same, and closes without a disposition (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1")))
    told = await opened(line, name, lots=[{"sku": line.sku, "lot": "B-1"}], mock=True)
    assert told.types() == []
    assert await stock(line, name) == [("B-1", "EAST/DOCK", False)]
    assert (await line.say(CloseRecall(recall=name, reason="exercise"))).codes() == []


async def test_a_recall_closes_when_its_stock_is_disposed_of(line: Line, name: str) -> None:
    """Until everything of it is scrapped, or its hold lifted as it was found good; then it is over (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1"), say.came("B-2")))
    await opened(line, name, lots=[{"sku": line.sku, "lot": "B-1"}, {"sku": line.sku, "lot": "B-2"}])
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]
    await line.say(say.adjust("B-1", 10, "SCRAPPED", "EAST/DOCK"))
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]
    good = say.lift(name).model_copy(update={"lot": "B-2"})
    assert [it["lot"] for it in (await line.say(good)).data("lot.hold_lifted.v1")] == ["B-2"]
    assert (await line.say(good)).codes() == ["unknown_hold"]
    told = await line.say(CloseRecall(recall=name, reason="done"))
    assert told.codes() == []
    assert [data["sku"] for data in told.data("recall.closed.v1")] == [line.sku]
    assert (await line.say(CloseRecall(recall=name, reason="again"))).codes() == ["recall_closed"]


async def test_only_the_owner_answers(line: Line, name: str) -> None:
    """The registry hears of every product; that it has nothing of a counted one is no answer (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1")))
    told = await line.say(OpenRecall(recall=name, lots=[{"sku": line.sku, "lot": "B-1"}], reason="glass found"))
    await line.say(SerialRecalled(recall=name, sku=line.sku, units=[], last=True))
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]
    await line.say(*(RecallOpened.model_validate(data) for data in told.data("recall.opened.v1")))
    assert await stock(line, name) == [("B-1", "EAST/DOCK", True)]


async def test_a_lot_whose_product_is_not_told_of_yet(engine: AsyncEngine, name: str) -> None:
    """Its receipt may be faster than its product: it is found and held all the same (S46)."""
    line = Line(engine)
    say = line.saying
    await line.say(say.receive(say.came(f"X{name}")))
    await opened(line, name, lots=[{"lot": f"X{name}"}])
    assert await stock(line, name) == [(f"X{name}", "EAST/DOCK", True)]


async def test_a_recall_called_as_a_hold_before_it(line: Line, name: str) -> None:
    """What quality holds under the recall's name beforehand is held by the recall, until that is lifted (S46)."""
    say = line.saying
    await line.say(say.receive(say.came("B-1")))
    await line.say(say.hold("B-1", name))
    await opened(line, name, lots=[{"sku": line.sku, "lot": "B-1"}])
    assert await stock(line, name) == [("B-1", "EAST/DOCK", True)]
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]


async def test_the_registry_answers_for_its_serials(line: Line, name: str) -> None:
    """Units that it names are listed where they are; those with a customer are called, marked, and then done (S46)."""
    pump = f"PUMP-{uuid4().hex[:8]}"
    await line.say(ProductChanged(sku=pump, version=1, name="pump", unit="each", tracking="SERIAL"))
    await line.say(OpenRecall(recall=name, serials=[{"sku": pump, "serial": "SN-1"}], reason="leaks"))
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]
    gone = RecalledUnit(
        serial="SN-1", status="SHIPPED", held=False, order="SO-1", shipment="SH-1", customer="C-1",
        customer_name="Clinic", contact="+49 40 1",
    )  # fmt: skip
    here = RecalledUnit(serial="SN-2", status="ALLOCATED", location=SHELF, order="SO-2")
    await line.say(SerialRecalled(recall=name, sku=pump, units=[gone, here], last=True))
    assert await stock(line, name) == [("SN-2", SHELF, True)]
    [order] = await page(line, "orders", name)
    assert (order["order"], order["item"], order["status"]) == ("SO-2", "SN-2", "ALLOCATED")
    await line.say(SerialRecalled(recall=name, sku=pump, units=[here.model_copy(update={"held": False})]))

    def mark(what: Any, item: str = "SN-1") -> MarkRecalled:
        return MarkRecalled(recall=name, shipment="SH-1", sku=pump, item=item, mark=what)

    assert (await line.say(mark("NOTIFIED", "SN-9"))).codes() == ["not_on_call_list"]
    assert (await line.say(mark("NOTIFIED"))).codes() == []
    [call] = await page(line, "calls", name)
    assert (call["customer_name"], call["contact"], call["mark"]) == ("Clinic", "+49 40 1", "NOTIFIED")
    refused = await line.say(CloseRecall(recall=name, reason="done"))
    assert refused.answers[0].refusals[0].blocked_by == [f"/recalls/{name}/calls"]
    assert (await line.say(mark("DESTROYED"))).codes() == []
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == []


async def test_bad_recalls(line: Line, name: str) -> None:
    """Nothing found, an unknown product, a name that is taken, a recall that is not there: each is said (S46)."""
    nothing = await line.say(OpenRecall(recall=name, text="lot 404", skus=[line.sku], reason="x"))
    assert nothing.codes() == ["recall_empty"]
    unknown = await line.say(OpenRecall(recall=name, lots=[{"sku": "GONE", "lot": "1"}], reason="x"))
    assert unknown.codes() == ["unknown_product"]
    await opened(line, name, lots=[{"sku": line.sku, "lot": "1"}])
    again = await line.say(OpenRecall(recall=name, lots=[{"sku": line.sku, "lot": "2"}], reason="x"))
    assert again.codes() == ["document_exists"]
    assert (await line.say(CloseRecall(recall="RC-none", reason="x"))).codes() == ["unknown_recall"]


async def test_many_lots_cost_as_many_statements_as_one(line: Line, name: str) -> None:
    """Opening and holding take the same number of statements for one lot and for three hundred."""
    counts = []
    for size in (1, 300):
        lots = [{"sku": line.sku, "lot": f"{name}-{size}-{number}"} for number in range(size)]
        wish = OpenRecall.model_validate({"recall": f"{name}-{size}", "lots": lots, "reason": "x"})
        first = await line.say(wish)
        second = await line.say(*(RecallOpened.model_validate(data) for data in first.data("recall.opened.v1")))
        counts.append((first.statements, second.statements))
    assert counts[0] == counts[1]


async def test_a_lot_is_followed_to_its_customers(line: Line, name: str) -> None:
    """Of one lot some is shelved, some picked, some shipped to two customers, some is back: the lists say so (S46)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("B-1", 10)))
    await line.say(say.put_away("B-1", 10), *(say.want(number, 2) for number in (1, 2, 3)))
    await line.say(*(say.pick(number, say.at("B-1", 2)) for number in (1, 2, 3)))
    for number, customer in ((1, "C-1"), (2, "C-2")):
        left = say.dispatch(number, {"B-1": 2}).model_copy(
            update={"customer": customer, "customer_name": f"Clinic {number}", "contact": "+49 40 1"}
        )
        await line.say(left)
    back = say.back("B-1", 1).model_copy(update={"order": say.order(1), "customer": "C-1"})
    await line.say(back)
    await opened(line, name, lots=[{"sku": line.sku, "lot": "B-1"}])
    calls = await page(line, "calls", name)
    assert [(it["customer_name"], it["shipment"], it["quantity"], it["returned"]) for it in calls] == [
        ("Clinic 1", "SH-1", 2, 1), ("Clinic 2", "SH-2", 2, 0),
    ]  # fmt: skip
    [blocked] = await page(line, "orders", name)
    assert (blocked["order"], blocked["status"], blocked["quantity"], blocked["held"]) == (
        say.order(3), "PICKED", 2, True,
    )  # fmt: skip
    [row] = await page(line, "reconciliation", name)
    assert [row[part] for part in ("received", "returned", "on_hand", "picked", "shipped", "difference")] == [
        10, 1, 5, 2, 4, 0,
    ]  # fmt: skip
