"""The tables and their bounded loads decide what the rules decide when they see everything."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.balances import store
from services.lots.balances.domain.refusals import Outcome
from services.lots.balances.domain.stock import Claim
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import ProductChanged
from shared.database import transaction
from tests.line import message
from tests.lots.conftest import Line
from tests.lots.test_receipts import agree
from tests.unit.lots.house import House
from tests.unit.lots.making import BIN, DOCK, RACK, SHELF, SPRING, STAGE, SUMMER, Saying

Step = tuple[str, str, Decimal, str, str, int]
steps = st.tuples(
    st.sampled_from(
        ["receive", "receive held", "receive later", "receive here", "put away", "put away", "put away", "move",
         "scrap", "find", "count", "hold", "hold here", "lift", "correct", "give back", "restock", "scrap returned",
         "allocate"]
    ),
    st.sampled_from(["B-1", "B-2"]), st.sampled_from(["0.5", "1", "2", "5"]).map(Decimal),
    st.sampled_from([DOCK, STAGE]), st.sampled_from([SHELF, BIN, RACK]), st.integers(1, 3),
)  # fmt: skip


def said(say: Saying, step: Step) -> Fact:
    """Make the message of a step; whether it fits is not asked."""
    what, lot, quantity, floor, shelf, which = step
    fact: dict[str, Any] = {
        "receive": lambda: say.receive(say.came(lot, quantity), location=floor),
        "receive held": lambda: say.receive(say.came(lot, quantity, hold=f"HS-{which}"), location=floor),
        "receive later": lambda: say.receive(say.came(lot, quantity, SUMMER), location=floor),
        "receive here": lambda: say.receive(say.came(lot, quantity), location=shelf),
        "put away": lambda: say.put_away(lot, quantity, shelf, floor),
        "move": lambda: say.move(lot, quantity, RACK, shelf),
        "scrap": lambda: say.adjust(lot, quantity, "SCRAPPED", shelf),
        "find": lambda: say.adjust(lot, quantity, "FOUND", shelf),
        "count": lambda: say.count(lot, quantity, shelf),
        "hold": lambda: say.hold(lot, f"H-{which}"),
        "hold here": lambda: say.hold(lot, f"H-{which}", shelf),
        "lift": lambda: say.lift(f"H-{which}"),
        "correct": lambda: say.correct(lot, SPRING if which == 1 else SUMMER),
        "give back": lambda: say.back(lot, quantity, f"RMA-{which}", floor),
        "restock": lambda: say.dispose(lot, quantity, "RESTOCK", f"RMA-{which}", floor),
        "scrap returned": lambda: say.dispose(lot, quantity, "SCRAP", f"RMA-{which}", floor),
    }
    made: Fact = fact[what]()
    return made


async def allocate(line: Line, house: House, step: Step) -> None:
    """Let an order have some of a place in both, as allocation would."""
    _, lot, quantity, _, shelf, which = step
    key, claim = (line.sku, lot, shelf), Claim(f"D-{line.sku}-{which}", f"SO-{which}", "1")
    found = house.balances.get(key)
    if found and found.free >= quantity and not house.book().held(found):
        async with transaction(line.engine) as tx:
            book = await store.load(tx, [key])
            await store.load_had(tx, book, [key[:2]])
            book.reserve(book.balances[key], claim, quantity)
            await store.save(tx, book)
        house.reserve(key, claim, quantity)


def plain(fact: Fact) -> dict[str, Any]:
    """Show a fact as its message shows it, with what orders have in one order."""
    data = fact.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in data.items() if name not in {"actor", "cause", "stock"}} | {
        "stock": sorted(str(sorted(it.items())) for it in data.get("stock", ()))
    }


def told(data: dict[str, Any]) -> dict[str, Any]:
    """Show the data of a message so too."""
    return {name: value for name, value in data.items() if name not in {"actor", "cause", "stock"}} | {
        "stock": sorted(str(sorted(it.items())) for it in data.get("stock", ()))
    }


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(played=st.lists(steps, min_size=20, max_size=45))
async def test_the_tables_decide_as_the_rules_do(engine: AsyncEngine, played: list[Step]) -> None:
    """After any messages, fitting or not, tables and rules agree on balances, holds, facts and refusals (S22, S30)."""
    line = Line(engine)
    house = House(tracking={line.sku: "LOT"})
    await line.say(ProductChanged(sku=line.sku, version=1, name="yoghurt", unit="each", tracking="LOT"))
    for step in played:
        if step[0] == "allocate":
            await allocate(line, house, step)
            continue
        event: CloudEvent[Any] = message(said(line.saying, step))
        before, misfits = len(house.said), len(house.misfits)
        outcomes = house.take([event])
        answer = await line.take([event])
        facts = [it for it in answer.events if it["type"] != "lot.rejected.v1"]
        assert [(it["type"], told(it["data"])) for it in facts] == [(it.TYPE, plain(it)) for it in house.said[before:]]
        refusals = [it.refusal for it in outcomes if isinstance(it, Outcome) and it.refusal]
        assert answer.codes() == [str(it.code) for it in refusals]
        for given_, expected in zip((no for it in answer.answers for no in it.refusals), refusals, strict=True):
            assert given_.detail.startswith(expected.detail)
            assert given_.blocked_by == expected.blocked_by
        disagreements = [it for it in answer.data("lot.rejected.v1") if it["kind"] == "DISAGREEMENT"]
        assert [it["detail"] for it in disagreements] == [it.detail for it in house.misfits[misfits:]]
    assert await line.balances() == {
        (it.lot, it.location): (it.on_hand, it.allocated) for it in house.balances.values() if it.on_hand
    }
    rows = await line.rows(
        "SELECT hold, lot, location, waiting FROM hold WHERE sku = :s AND lifted_at IS NULL", s=line.sku
    )
    assert {tuple(row.values()) for row in rows} == {
        (it.hold, it.lot, it.location, it.waiting) for its in house.holds.values() for it in its if it.open
    }
    assert len(await agree(line)) == len({(it.lot, it.warehouse) for it in house.ledger})
