"""The same with orders that mix serials, lots and untracked products, in parts of units too."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.fulfillment.orders.domain import Line, Pile
from shared.contracts.commands import fulfillment as commands
from shared.contracts.envelope import Fact
from shared.contracts.upstream import Customer, OrderAmended, OrderLine, OrderPlaced
from tests.unit.fulfillment.counter import LOT, NONE, NOW
from tests.unit.fulfillment.lots import Lots
from tests.unit.fulfillment.test_machine import BACKORDERS, CHOICE, ORDERS, Orders

COUNTED = st.sampled_from(["M", "M", "N"])
PLACES = st.sampled_from(["EAST/A-1", "EAST/A-2"])
AMOUNTS = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("2.25"), Decimal(4)])
Amounts = defaultdict[tuple[str, ...], Decimal]
ALONE = {"single_lot": True}
WISHES = st.sampled_from([{}, ALONE, ALONE, {"lots": ["L1"]}, {"lots": ["L1", "L2"]}])


class Mixed(Orders):
    """Fulfillment's rules against a registry and an owner of what is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.counter.products |= {"M": LOT, "N": NONE}
        self.lots = Lots(NOW)
        self.owners.append(self.lots)

    def send(self, said: Fact) -> None:
        """Both owners hear everything, each in its own time."""
        super().send(said)
        self.lots.coming[said.key()].append(said)

    def pile(self, choice: int, status: str, packed: bool | None = None) -> Pile | None:
        """Some pile in hand."""
        piles = [
            pile for pile in self.counter.book.piles
            if pile.status == status and (packed is None or packed == (pile.carton is not None))
        ]  # fmt: skip
        return piles[choice % len(piles)] if piles else None

    @rule(order=ORDERS, backorders=BACKORDERS, m=AMOUNTS, n=AMOUNTS, wish=WISHES)
    def place_mixed(self, order: str, backorders: Any, m: Decimal, n: Decimal, wish: dict[str, Any]) -> None:
        """An order of a serialised product, one that is tracked by lot and one that is not tracked."""
        lines = [
            OrderLine(line="M", sku="M", quantity=m, **wish),
            OrderLine(line="N", sku="N", quantity=n),
            OrderLine(line="1", sku="A", quantity=Decimal(1)),
        ]
        customer = Customer(id="C")
        self.do(OrderPlaced(order=order, warehouse="EAST", customer=customer, backorders=backorders, lines=lines))

    @rule(order=ORDERS, quantity=AMOUNTS, wish=WISHES, life=st.sampled_from([None, None, 0, 30]))
    def amend_counted(self, order: str, quantity: Decimal, wish: dict[str, Any], life: int | None) -> None:
        """A line of lots is changed, or the life that is demanded."""
        line = OrderLine(line="M", sku="M", quantity=quantity, **wish)
        self.do(OrderAmended(order=order, min_life_days=life, lines=[line] if life is None else []))

    @rule(sku=COUNTED, lot=st.sampled_from(["L1", "L2"]), place=PLACES, quantity=AMOUNTS)
    def store(self, sku: str, lot: str, place: str, quantity: Decimal) -> None:
        """So much of a lot is free."""
        self.lots.store((sku, lot if sku == "M" else "", place), quantity)

    @rule(choice=CHOICE)
    def lots_hear(self, choice: int) -> None:
        """Lots hears the next fact about some order."""
        if waiting := [order for order, facts in self.lots.coming.items() if facts]:
            self.lots.hear(waiting[choice % len(waiting)])

    @rule(sku=COUNTED)
    def lots_are_heard(self, sku: str) -> None:
        """Fulfillment hears the next fact about a counted product."""
        if self.lots.going[sku]:
            self.do(self.lots.going[sku].popleft())

    @rule(choice=CHOICE, part=AMOUNTS)
    def pick_stock(self, choice: int, part: Decimal) -> None:
        """A pile of a pick list, or a part of it, is scanned."""
        if pile := self.pile(choice, "ALLOCATED"):
            self.do(commands.Pick(order=pile.order, stock=_stock(pile, part), location="EAST/STAGE"))

    def work_counted(self, order: str) -> None:
        """A picker and a packer do all of what is counted."""
        for status in ("ALLOCATED", "PICKED"):
            for pile in [pile for pile in self.counter.book.piles if (pile.order, pile.status) == (order, status)]:
                stock = _stock(pile, pile.quantity)
                if status == "ALLOCATED":
                    self.do(commands.Pick(order=order, stock=stock, location="EAST/STAGE"))
                elif not pile.carton:
                    self.do(commands.Pack(order=order, carton=f"{order}-C1", stock=stock))

    @rule(choice=CHOICE, part=AMOUNTS)
    def short_pick_stock(self, choice: int, part: Decimal) -> None:
        """Some of a pile is not there."""
        if pile := self.pile(choice, "ALLOCATED"):
            self.do(commands.ShortPick(order=pile.order, stock=_stock(pile, part), reason="gone"))

    @rule(choice=CHOICE, part=AMOUNTS)
    def unpick_stock(self, choice: int, part: Decimal) -> None:
        """Some of what was picked goes back."""
        if pile := self.pile(choice, "PICKED"):
            stock = _stock(pile, part)
            self.do(commands.Unpick(order=pile.order, stock=stock, location="EAST/A-1", reason="wrong"))

    @rule(choice=CHOICE, part=AMOUNTS, instead=st.sampled_from(["L1", "L2", "L3"]))
    def exchange_stock(self, choice: int, part: Decimal, instead: str) -> None:
        """A supervisor wants another lot, of which there may be enough or not."""
        pile = self.pile(choice, "ALLOCATED")
        if pile and pile.sku == "M":
            (stock,) = _stock(pile, part)
            self.do(commands.ExchangeStock(order=pile.order, stock=stock, instead=instead, reason="older"))

    @rule(lot=st.sampled_from(["L1", "L2"]), place=st.sampled_from([None, "EAST/A-1"]))
    def hold_lot(self, lot: str, place: str | None) -> None:
        """A lot is held, everywhere or at one place."""
        self.lots.hold("M", lot, place, self.name("H"))

    @rule(choice=CHOICE)
    def lift_lot(self, choice: int) -> None:
        """Some hold on a lot is lifted."""
        if self.lots.holds:
            self.lots.lift(sorted(self.lots.holds)[choice % len(self.lots.holds)])

    @rule(choice=CHOICE, part=AMOUNTS, box=st.integers(1, 2))
    def pack_stock(self, choice: int, part: Decimal, box: int) -> None:
        """Some of what was picked is packed."""
        if pile := self.pile(choice, "PICKED", packed=False):
            self.do(commands.Pack(order=pile.order, carton=f"{pile.order}-C{box}", stock=_stock(pile, part)))

    @rule(choice=CHOICE, part=AMOUNTS, to=st.sampled_from([None, "C1", "C2"]))
    def unpack_stock(self, choice: int, part: Decimal, to: str | None) -> None:
        """Some is taken out of its carton, or laid into another."""
        pile = self.pile(choice, "PICKED", packed=True)
        if pile and pile.carton:
            about = {"order": pile.order, "carton": pile.carton, "stock": _stock(pile, part)}
            self.do(commands.Repack(**about, to_carton=f"{pile.order}-{to}") if to else commands.Unpack(**about))

    def open_demands(self) -> list[tuple[str, Decimal]]:
        """What is asked for still, of both owners."""
        return super().open_demands() + [(name, demand.open) for name, demand in self.lots.demands.items()]

    def teardown(self) -> None:
        """At rest both sides say the same of every lot, and nothing was lost or made."""
        self.quiet()
        allocated, picked, lines = Amounts(Decimal), Amounts(Decimal), Amounts(Decimal)
        for pile in self.counter.book.piles:
            at = (pile.demand, pile.lot, pile.location)
            if pile.status == "ALLOCATED":
                allocated[at] += pile.quantity
            else:
                picked[at[:2]] += pile.quantity
        for pile in self.counter.shipped:
            lines[pile.order, pile.line] += pile.quantity
        assert allocated == {at: quantity for at, quantity in self.lots.reserved.items() if quantity}
        assert picked == {at: quantity for at, quantity in self.lots.picked.items() if quantity}
        assert lines == self.lots.shipped
        held = (self.lots.free, self.lots.reserved, self.lots.picked, self.lots.shipped)
        assert self.lots.stored == sum((quantity for rows in held for quantity in rows.values()), Decimal(0))
        for line in self.counter.book.lines:
            if line.single_lot and line.sku == "M":
                self._of_one_lot(line)
        super().teardown()

    def _of_one_lot(self, line: Line) -> None:
        """What is to pick of a line from one lot is of the lot that was picked; with none picked, it waits whole."""
        piles = [*self.counter.book.piles, *self.counter.shipped]
        of_line = [pile for pile in piles if (pile.order, pile.line) == (line.order, line.line)]
        to_pick = {pile.lot for pile in of_line if pile.status == "ALLOCATED"}
        had = {pile.lot for pile in of_line if pile.status != "ALLOCATED"}
        assert len(to_pick) <= 1
        assert not had or to_pick <= had
        open_ = [demand for name, demand in self.lots.demands.items() if name in line.demands and demand.open]
        if line.of_any_lot and open_:
            assert not line.allocated
            assert [demand.lot for demand in open_] == [None]


def _stock(pile: Pile, part: Decimal) -> list[commands.Stock]:
    """A part of a pile, as scanned."""
    location = pile.location if pile.status == "ALLOCATED" else None
    quantity = min(part, pile.quantity)
    return [commands.Stock(sku=pile.sku, lot=pile.lot, quantity=quantity, line=pile.line, location=location)]


TestMixed = Mixed.TestCase
TestMixed.settings = settings(
    max_examples=45, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
