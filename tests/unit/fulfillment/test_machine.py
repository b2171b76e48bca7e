"""Anything may happen to orders in any order, with every message under way as long as it likes."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.fulfillment.orders.domain import Unit
from shared.contracts.commands import fulfillment as commands
from shared.contracts.upstream import (
    Customer,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderLineCancelled,
    OrderPlaced,
)
from tests.unit.fulfillment.floor import Floor
from tests.unit.fulfillment.owner import Unit as Stock

ORDERS = st.sampled_from(["O1", "O2", "O3"])
SKUS = st.sampled_from(["A", "B"])
CHOICE = st.integers(0, 50)
BACKORDERS = st.sampled_from(["ALLOWED", "ALLOWED", "REFUSED", "SHIP_COMPLETE"])


SELDOM = st.sampled_from([False, False, True])


class Orders(Floor):
    """What may happen to orders of serialised units."""

    @initialize(stock=st.integers(0, 6), orders=st.integers(0, 3))
    def morning(self, stock: int, orders: int) -> None:
        """The day begins with some stock and some orders."""
        for number in range(stock):
            self.put_away("AB"[number % 2])
        for number in range(orders):
            self.place(f"O{number + 1}", "ALLOWED", 2, 1, named=False)

    @rule(order=ORDERS, backorders=BACKORDERS, a=st.integers(0, 3), b=st.integers(0, 2), named=st.booleans())
    def place(self, order: str, backorders: Any, a: int, b: int, named: bool) -> None:
        """An order is placed, perhaps the same again, perhaps another under its name."""
        wanted = [("1", "A", a), ("2", "B", b)]
        lines = [
            OrderLine.model_validate(
                {"line": line, "sku": sku, "quantity": n, "serials": [f"{sku}1"] if named and sku == "A" else []}
            )
            for line, sku, n in wanted if n
        ]  # fmt: skip
        if lines:
            customer = Customer(id="C")
            self.do(OrderPlaced(order=order, warehouse="EAST", customer=customer, backorders=backorders, lines=lines))

    @rule(order=ORDERS, line=st.sampled_from(["1", "2", "3"]), quantity=st.integers(1, 4), urgent=st.booleans())
    def amend(self, order: str, line: str, quantity: int, urgent: bool) -> None:
        """A line is changed or added, perhaps before its order."""
        wanted = OrderLine.model_validate({"line": line, "sku": "B" if line == "2" else "A", "quantity": quantity})
        self.do(OrderAmended(order=order, lines=[wanted], priority=9 if urgent else None))

    @rule(order=ORDERS, line=st.sampled_from([None, "1", "2"]), really=SELDOM)
    def cancel(self, order: str, line: str | None, really: bool) -> None:
        """An order or one of its lines is cancelled, perhaps before it is placed."""
        if really:
            self.do(OrderLineCancelled(order=order, line=line) if line else OrderCancelled(order=order))

    @rule(sku=SKUS)
    def put_away(self, sku: str) -> None:
        """Another unit is free."""
        if len(self.owner.units) < 10:
            self.owner.put_away(sku, f"{sku}{len(self.owner.units) + 1}")

    @rule(choice=CHOICE)
    def owner_hears(self, choice: int) -> None:
        """The registry hears the next fact about some order."""
        if waiting := [order for order, facts in self.owner.coming.items() if facts]:
            self.owner.hear(waiting[choice % len(waiting)])

    @rule(sku=SKUS)
    def counter_hears(self, sku: str) -> None:
        """Fulfillment hears the next fact about a product."""
        if self.owner.going[sku]:
            self.do(self.owner.going[sku].popleft())

    @rule()
    def all_hear(self) -> None:
        """Everything that is under way arrives."""
        self.quiet()

    @rule(choice=CHOICE)
    def pick(self, choice: int) -> None:
        """Some unit of a pick list is scanned."""
        if unit := self.unit(choice, "ALLOCATED"):
            self.do(commands.Pick(order=unit.order, units=_units(unit), location="EAST/STAGE"))

    @rule(order=ORDERS, packed=st.booleans())
    def work(self, order: str, packed: bool) -> None:
        """A picker walks the whole pick list of an order, and a packer packs it."""
        for number, unit in enumerate([unit for unit in self.counter.book.units if unit.order == order]):
            if unit.status == "ALLOCATED":
                self.do(commands.Pick(order=order, units=_units(unit), location="EAST/STAGE"))
            if packed and unit.status == "PICKED" and not unit.carton:
                self.do(commands.Pack(order=order, carton=f"{order}-C{1 + number % 2}", units=_units(unit)))

    def work_counted(self, order: str) -> None:
        """The same for what is counted, where there is such."""

    @rule(choice=CHOICE)
    def short_pick(self, choice: int) -> None:
        """Some unit of a pick list is not there."""
        if unit := self.unit(choice, "ALLOCATED"):
            self.do(commands.ShortPick(order=unit.order, units=_units(unit), reason="gone"))

    @rule(choice=CHOICE)
    def unpick(self, choice: int) -> None:
        """Some picked unit goes back."""
        if unit := self.unit(choice, "PICKED"):
            self.do(commands.Unpick(order=unit.order, units=_units(unit), location="EAST/A-1", reason="wrong"))

    @rule(choice=CHOICE, other=CHOICE)
    def exchange(self, choice: int, other: int) -> None:
        """A supervisor wants another unit, which may be free or not."""
        unit = self.unit(choice, "ALLOCATED")
        if unit and (stock := [one.serial for one in self.owner.units.values() if one.sku == unit.sku]):
            scanned = commands.Unit(sku=unit.sku, serial=unit.serial)
            instead = stock[other % len(stock)]
            self.do(commands.Exchange(order=unit.order, unit=scanned, instead=instead, reason="older"))

    @rule(choice=CHOICE)
    def hold(self, choice: int) -> None:
        """Some unit in the house is held."""
        stock = [unit for unit in self.owner.units.values() if unit.status != "SHIPPED"]
        if stock:
            self.owner.hold(stock[choice % len(stock)], self.name("H"))

    @rule(choice=CHOICE)
    def lift(self, choice: int) -> None:
        """Some hold is lifted."""
        held = [(unit, hold) for unit in self.owner.units.values() for hold in sorted(unit.holds)]
        if held:
            self.owner.lift(*held[choice % len(held)])

    @rule(choice=CHOICE, box=st.integers(1, 2))
    def pack(self, choice: int, box: int) -> None:
        """Some picked unit is packed."""
        if unit := self.unit(choice, "PICKED", packed=False):
            self.do(commands.Pack(order=unit.order, carton=f"{unit.order}-C{box}", units=_units(unit)))

    @rule(choice=CHOICE, to=st.sampled_from([None, "C1", "C2"]))
    def unpack(self, choice: int, to: str | None) -> None:
        """Some unit is taken out of its carton, or laid into another."""
        unit = self.unit(choice, "PICKED", packed=True)
        if unit and unit.carton:
            about = {"order": unit.order, "carton": unit.carton, "units": _units(unit)}
            move = commands.Repack(**about, to_carton=f"{unit.order}-{to}") if to else commands.Unpack(**about)
            self.do(move)

    @rule(orders=st.sets(ORDERS, min_size=1), arrives=st.booleans())
    def truck(self, orders: set[str], arrives: bool) -> None:
        """A truck is at the dock: all that can be done for some orders is done."""
        for order in sorted(orders):
            self.work(order, packed=True)
            self.work_counted(order)
        self.create(0, 3)
        self.dispatch(len(list(self.counter.yard.shipments)) - 1, give_up=False)
        if arrives:
            self.quiet()

    @rule(choice=CHOICE, count=st.integers(1, 3))
    def create(self, choice: int, count: int) -> None:
        """Some cartons shall leave together."""
        full = {one.carton for one in self.goods}
        free = [box for box in self.counter.yard.cartons if box.shipment is None and box.carton in full]
        some = (free + free)[choice % (len(free) or 1) :][: min(count, len(free))]
        if some:
            orders = sorted({carton.order for carton in some})
            cartons = [carton.carton for carton in some]
            self.do(commands.CreateShipment(shipment=self.name("S"), orders=orders, cartons=cartons))

    @rule(choice=CHOICE, give_up=SELDOM)
    def dispatch(self, choice: int, give_up: bool) -> None:
        """Some shipment shall leave, or not any more."""
        shipments = [shipment for shipment in self.counter.yard.shipments if shipment.status == "CREATED"]
        if shipments:
            chosen = shipments[choice % len(shipments)]
            about = {"shipment": chosen.shipment, "orders": list(chosen.orders)}
            self.do(commands.CancelShipment(**about, reason="no truck") if give_up else commands.Dispatch(**about))

    @precondition(lambda self: isinstance(self.last, OrderPlaced | OrderCancelled | commands.Pick | commands.Pack))
    @rule()
    def repeat(self) -> None:
        """The last message comes again, as another message."""
        if self.last is not None:
            self.do(self.last)


def _units(unit: Unit | Stock) -> list[commands.Unit]:
    return [commands.Unit(sku=unit.sku, serial=unit.serial)]


TestOrders = Orders.TestCase
TestOrders.settings = settings(
    max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
