"""Long queues on the real tables: what is loaded is bounded, and nobody who could be served is missed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Row, TextClause

from shared.contracts.envelope import Fact
from shared.contracts.reference import ProductChanged
from shared.database import Transaction
from tests.lots.conftest import Line
from tests.unit.lots.making import BIN, FAR, PLACES, RACK, SHELF
from tests.unit.lots.ordering import DAWN, Ordering
from tests.unit.lots.shop import POLICY, Part, Shop, parts

NOW = datetime.now(UTC)
WALK = {place: number for number, place in enumerate(PLACES)}
WHAT = ["put", "put", "want", "want", "want", "lift", "give up", "give back", "obey"]
LOTS = ["L1", "L2", "L3", "l1"]


class Twin:
    """A product on the tables, which load what could matter, and in a shop, which has all of it at hand."""

    def __init__(self, line: Line, seed: int) -> None:
        self.line, self.chance, self.opened = line, Random(seed), 0  # noqa: S311
        self.say = Ordering(line.sku)
        self.shop = Shop(NOW, {"EAST": "Europe/Berlin", "WEST": "Europe/Berlin"}, WALK, sku=line.sku)
        self.version, self.holds, self.held = 1, 0, dict[str, str]()

    async def begin(self) -> None:
        """Make the product and its lots known: some expire, some do so on the same day, one never."""
        await self.line.say(self.product(POLICY.stop_pick_days))
        today = self.shop.today
        for number, lot in enumerate(LOTS):
            days = self.chance.choice([None, 1, 2, 3, 4, 5, 5, 9])
            expiry = None if days is None else today + timedelta(days)
            await self.line.say(self.say.receive(self.say.came(lot, 500, expiry)))
            await self.line.say(self.say.receive(self.say.came(lot, 500, expiry), location="WEST/DOCK"))
            self.shop.lot(lot, expiry, number)

    def product(self, stop_pick: int) -> ProductChanged:
        """The product, with another policy."""
        self.version += 1
        life = POLICY.model_copy(update={"stop_pick_days": stop_pick})
        return ProductChanged(
            sku=self.line.sku, version=self.version, name="cheese", unit="kg", tracking="LOT", life=life
        )

    async def step(self) -> None:
        """Do something to both, and compare what was given."""
        message, expected = self._act(self.chance.choice(WHAT))
        told = await self.line.say(message)
        given = [
            Part(fact["demand"], it["lot"], it["location"], it["quantity"])
            for fact in told.data("lot.allocated.v1")
            for it in fact.get("given", ())
        ]
        assert sorted(given) == sorted(expected), message

    def _act(self, what: str) -> tuple[Fact, list[Part]]:
        chance, shop, say = self.chance, self.shop, self.say
        lot, place = chance.choice(LOTS), chance.choice([SHELF, BIN, RACK, FAR])
        if what == "put":
            here = {it.lot for it in shop.book.balances.values() if it.location == place and it.on_hand}
            lot, quantity = next(iter(here), lot), chance.randint(1, 5)
            dock = "WEST/DOCK" if place == FAR else "EAST/DOCK"
            return say.put_away(lot, quantity, place, dock), parts(shop.put(lot, place, quantity))
        if what == "lift":
            if lot in self.held:
                return say.lift(self.held.pop(lot)), parts(shop.lift(lot))
            self.holds += 1
            self.held[lot] = f"H-{self.holds}"
            shop.hold(lot, None)
            return say.hold(lot, self.held[lot]), []
        if what == "obey":
            stop_pick = chance.randint(0, 4)
            message = self.product(stop_pick)
            return message, parts(shop.obey(message.life))
        return self._order(what)

    def _order(self, what: str) -> tuple[Fact, list[Part]]:
        chance, shop, say = self.chance, self.shop, self.say
        if what == "give up" and self.opened:
            gone = say.give_up(chance.randint(1, self.opened))
            return gone, parts(shop.give_up(gone))
        had = [row for row in shop.book.reserved.values() if row.quantity]
        if what == "give back" and had:
            row = chance.choice(had)
            part = say.at(row.lot, chance.randint(1, int(row.quantity)), row.location)
            back = say.deallocate(int(row.demand.rpartition("-")[2]), part, again=chance.random() < 0.7)
            return back, parts(shop.give_back(back))
        self.opened += 1
        wish = say.want(
            self.opened,
            chance.randint(1, 8),
            warehouse=chance.choice(["EAST", "EAST", "WEST"]),
            customer=chance.choice(["C-1", "C-1", "C-2", "C-3"]),
            priority=chance.choice([5, 5, 9]),
            placed_at=DAWN - timedelta(hours=chance.randint(0, 5)),
            shortfall=chance.choice(["WAIT", "WAIT", "WAIT", "DROP"]),
            lots=chance.choice([[], [], chance.sample(LOTS, 2)]),
            single_lot=chance.random() < 0.3,
            min_life_days=chance.choice([0, 0, 3, 5]),
        )
        return wish, parts(shop.want(wish))


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_loaded_is_enough(line: Line, seed: int) -> None:
    """However few of a queue are loaded, all are served as if every demand and all stock were at hand (S08, S27)."""
    twin = Twin(line, seed)
    await twin.begin()
    for _ in range(60):
        await twin.step()


async def test_loads_are_bounded(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A little put away into a queue of two thousand, many of whom it does not fit: few rows are read."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("L1", 10, NOW.date() + timedelta(20))))
    for start in range(0, 2000, 500):
        await line.say(*(say.want(number, 5, min_life_days=number % 2 * 90) for number in range(start, start + 500)))
    rows, most = Transaction.rows, 0

    async def counted(self: Transaction, statement: TextClause, values: Any = None) -> Sequence[Row[Any]]:
        nonlocal most
        found = await rows(self, statement, values)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(Transaction, "rows", counted)
    told = await line.say(say.put_away("L1", 7))
    assert [fact["demand"] for fact in told.data("lot.allocated.v1")] == [say.demand(0), say.demand(2)]
    assert most < 10


async def had(line: Line) -> list[tuple[int, str, int, str]]:
    """What demands have: the demand's number, lot, quantity, place."""
    rows = await line.rows("SELECT * FROM reserved WHERE sku = :sku AND quantity > 0", sku=line.sku)
    return [(int(row["demand"].rpartition("-")[2]), row["lot"], row["quantity"], row["location"]) for row in rows]


async def statements(line: Line, size: int) -> list[int]:
    """How many statements a life of so many demands takes, act by act."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("L1", 400, None), say.came("L2", 10, NOW.date() + timedelta(50))))
    acts = [
        await line.say(*(say.want(number, 2) for number in range(size))),
        await line.say(say.put_away("L1", 400), say.put_away("L2", 10, BIN)),
    ]
    one = await had(line)
    acts += [
        await line.say(*(say.pick(number, say.at(lot, quantity, place)) for number, lot, quantity, place in one)),
        await line.say(*(say.unpick(number, lot, quantity, RACK, again=True) for number, lot, quantity, _ in one)),
    ]
    two = await had(line)
    acts += [
        await line.say(*(say.pick(number, say.at(lot, quantity, place)) for number, lot, quantity, place in two)),
        await line.say(*(say.check(number, {lot: quantity}) for number, lot, quantity, _ in two)),
        await line.say(*(say.dispatch(number, {lot: quantity}) for number, lot, quantity, _ in two)),
    ]
    assert acts[-1].types().count("lot.shipped.v1") == len(one) == len(two) == size
    return [act.statements for act in acts]


async def test_statements_do_not_grow(line: Line) -> None:
    """A transaction takes as many statements for two hundred demands, picks and dispatches as for twenty."""
    assert await statements(line, 20) == await statements(Line(line.engine), 200)
