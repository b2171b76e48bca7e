"""Products that are tracked another way while recalls on them are open: who owns them then is asked, and holds."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.lots.recalls.queries import recalls as queries
from shared.contracts.commands.lots import CloseRecall, OpenRecall
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.serials import SerialRecalled
from shared.database import transaction
from tests.line import Told
from tests.lots.conftest import Line
from tests.lots.test_recalls import stock


@pytest.fixture
def name() -> str:
    """A recall of the test's own."""
    return f"RC-{uuid4().hex[:8]}"


def product(line: Line, version: int, tracking: Tracking) -> ProductChanged:
    """The test's product, from this version on."""
    return ProductChanged(sku=line.sku, version=version, name="gauze", unit="each", tracking=tracking)


def asked(line: Line, told: Told, recall: str) -> list[RecallOpened]:
    """What the owner of the line's product was asked for the recall; others may be open."""
    facts = [RecallOpened.model_validate(it) for it in told.data("recall.opened.v1")]
    return [fact for fact in facts if (fact.sku, fact.recall) == (line.sku, recall)]


async def open_recall(line: Line, name: str, **wish: Any) -> list[RecallOpened]:
    """A recall that was opened, and what its own product's owner was asked."""
    told = await line.say(OpenRecall.model_validate({"recall": name, "reason": "glass"} | wish))
    assert told.codes() == []
    return asked(line, told, name)


async def outstanding(line: Line, name: str) -> int:
    """How many owners have not answered."""
    async with transaction(line.engine) as tx:
        one = await queries.one(tx, name)
    assert one is not None
    return int(one.products - one.answered)


@pytest.mark.parametrize("answered", [False, True])
async def test_from_lots_to_serials(line: Line, name: str, answered: bool) -> None:
    """The registry is asked all that the notice says of it, and it alone answers from then on (S46)."""
    wish = {"lots": [{"sku": line.sku, "lot": "X"}], "text": "serials sn-7 and SN-10 to SN-19", "skus": [line.sku]}
    [first] = await open_recall(line, name, **wish)
    assert (first.tracking, first.lots, first.words) == ("LOT", ["X"], [])
    if answered:
        await line.say(first)
    [again] = asked(line, await line.say(product(line, 2, "SERIAL")), name)
    assert (again.tracking, again.recall, again.hold, again.actor) == ("SERIAL", name, name, "anna")
    assert (again.lots, "sn-7" in again.words, len(again.ranges)) == (["X"], True, 1)
    await line.say(first)  # late, or once more: it is no answer for serials
    assert await outstanding(line, name) == 1
    assert (await line.say(CloseRecall(recall=name, reason="done"))).codes() == ["recall_open"]
    await line.say(SerialRecalled(recall=name, sku=line.sku, units=[], last=True))
    assert await outstanding(line, name) == 0


async def test_from_serials_to_lots(line: Line, name: str) -> None:
    """A lot that was named with a product of serials is held when it comes as a lot (S46)."""
    await line.say(product(line, 2, "SERIAL"))
    [first] = await open_recall(line, name, lots=[{"sku": line.sku, "lot": "L-9"}])
    assert first.tracking == "SERIAL"
    [again] = asked(line, await line.say(product(line, 3, "LOT")), name)
    assert (again.tracking, again.lots) == ("LOT", ["L-9"])
    await line.say(SerialRecalled(recall=name, sku=line.sku, units=[], last=True))
    assert await outstanding(line, name) == 1
    await line.say(again)
    assert await outstanding(line, name) == 0
    await line.say(line.saying.receive(line.saying.came("L-9")))
    assert await stock(line, name) == [("L-9", "EAST/DOCK", True)]


async def test_a_new_product_of_serials(line: Line, name: str) -> None:
    """A notice that names no products may mean one that is defined later: the registry is asked about it (S46)."""
    await open_recall(line, name, text="lot LX-0042")
    new = Line(line.engine)
    [again] = asked(new, await line.say(product(new, 1, "SERIAL")), name)
    assert again.words == ["LX-0042", "lot LX-0042"]


async def test_who_is_not_asked_again(line: Line, line_too: Line, name: str) -> None:
    """Nobody is, of a recall that is about another product, or closed, or where the owner stays the same (S46)."""
    await open_recall(line, name, lots=[{"sku": line.sku, "lot": "X"}], mock=True)
    assert asked(line_too, await line.say(product(line_too, 2, "SERIAL")), name) == []
    assert asked(line, await line.say(product(line, 2, "NONE")), name) == []
    await line.say(CloseRecall(recall=name, reason="exercise"))
    assert asked(line, await line.say(product(line, 3, "SERIAL")), name) == []


async def test_a_recall_races_a_switch(line: Line, name: str) -> None:
    """Whichever is first: the registry is asked about what is its own in the end (S46)."""
    lines = [Line(line.engine) for _ in range(10)]
    await line.say(*(product(one, 1, "LOT") for one in lines))
    wish = {"text": "SN-7", "skus": [one.sku for one in lines], "lots": [{"sku": one.sku, "lot": "X"} for one in lines]}
    opening = line.say(OpenRecall.model_validate({"recall": name, "reason": "glass"} | wish))
    switches = [line.say(product(one, 2, "SERIAL")) for one in lines]
    told = await asyncio.gather(*switches[:5], opening, *switches[5:])
    for one in lines:
        last = [it for some in told for it in asked(one, some, name) if it.tracking == "SERIAL"]
        assert [it.words for it in last] == [["SN-7"]]


async def test_a_closing_races_a_switch(line: Line, name: str) -> None:
    """Either the recall is closed first and nobody is asked anew, or who is asked is waited for (S46)."""
    for number in range(10):
        one, recall = Line(line.engine), f"{name}-{number}"
        await line.say(product(one, 1, "LOT"))
        await line.say(*await open_recall(one, recall, lots=[{"sku": one.sku, "lot": "X"}]))
        switch = asyncio.create_task(line.say(product(one, 2, "SERIAL")))
        await asyncio.sleep(number / 1000)
        closed = await line.say(CloseRecall(recall=recall, reason="nothing here"))
        assert bool(closed.codes()) == bool(asked(one, await switch, recall))


async def test_many_switches_cost_as_many_statements_as_one(line: Line, name: str) -> None:
    """Asking anew takes the same number of statements for one product and for fifty (S46)."""
    counts = []
    for size in (1, 50):
        lines = [Line(line.engine) for _ in range(size)]
        await line.say(*(product(one, 1, "SERIAL") for one in lines))
        lots = [{"sku": one.sku, "lot": "X"} for one in lines]
        await open_recall(lines[0], f"{name}-{size}", lots=lots)
        counts.append((await line.say(*(product(one, 2, "LOT") for one in lines))).statements)
    assert counts[0] == counts[1]
