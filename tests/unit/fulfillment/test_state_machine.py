"""Random sequences of order commands and events, with arbitrary message delays."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.fulfillment.orders.domain import AllocatedLot, AllocatedUnit
from shared.contracts.commands import fulfillment as commands
from shared.contracts.upstream import Customer, OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled, OrderPlaced
from tests.unit.fulfillment.serials_stub import SerialUnit
from tests.unit.fulfillment.state_machine import FulfillmentMachine

ORDERS = st.sampled_from(["O1", "O2", "O3"])
SKUS = st.sampled_from(["A", "B"])
CHOICE = st.integers(0, 50)
BACKORDERS = st.sampled_from(["ALLOWED", "ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"])


NAMED_NUMBERS = st.sampled_from([None, None, [], [1], [2], [3, 5], [1, 3]])
AMENDED = st.sampled_from([None, "packed", "dispatch requested"])
RARELY = st.sampled_from([False, False, True])


class OrderMachine(FulfillmentMachine):
    """Rules for orders of serial-tracked products."""

    @initialize(stock=st.integers(0, 6), orders=st.integers(0, 3))
    def initial_stock_and_orders(self, stock: int, orders: int) -> None:
        """Start with some stock and some orders."""
        for index in range(stock):
            self.put_away("AB"[index % 2])
        for index in range(orders):
            self.place_order(f"O{index + 1}", "ALLOWED", 2, 1, with_serials=False)

    @rule(order=ORDERS, backorders=BACKORDERS, a=st.integers(0, 3), b=st.integers(0, 2), with_serials=st.booleans())
    def place_order(self, order: str, backorders: Any, a: int, b: int, with_serials: bool) -> None:
        """Place an order, possibly a repeated one or a different one with the same id."""
        ordered = [("1", "A", a, ["A1"] if with_serials else []), ("2", "B", b, [])]
        lines = [
            OrderLine.model_validate({"line": line, "sku": sku, "quantity": quantity, "serials": serials})
            for line, sku, quantity, serials in ordered if quantity
        ]  # fmt: skip
        if lines:
            customer = Customer(id="C")
            self.handle(
                OrderPlaced(order=order, warehouse="EAST", customer=customer, backorders=backorders, lines=lines)
            )

    @rule(
        order=ORDERS, line=st.sampled_from(["1", "2", "3"]), quantity=st.integers(1, 4), urgent=st.booleans(),
        numbers=NAMED_NUMBERS,
    )  # fmt: skip
    def amend_order(self, order: str, line: str, quantity: int, urgent: bool, numbers: list[int] | None) -> None:
        """Change or add a line and the serial numbers that it names, possibly before the order is placed."""
        sku = "B" if line == "2" else "A"
        named = {} if numbers is None else {"serials": [f"{sku}{number}" for number in numbers][:quantity]}
        order_line = OrderLine.model_validate({"line": line, "sku": sku, "quantity": quantity, **named})
        self.handle(OrderAmended(order=order, lines=[order_line], priority=9 if urgent else None))

    @rule(order=ORDERS)
    def unpick_mismatched(self, order: str) -> None:
        """Unpick all items that do not match their order; then no item is left that does not match."""
        items = [item for item in self.items if item.order_id == order and item.mismatch]
        units = [selector for item in items if isinstance(item, AllocatedUnit) for selector in scanned_units(item)]
        stock = [
            commands.LotSelector(sku=item.sku, lot=item.lot, quantity=item.quantity, line=item.line)
            for item in items if isinstance(item, AllocatedLot)
        ]  # fmt: skip
        if items:
            self.handle(
                commands.UnpickItems(order=order, units=units, stock=stock, location="EAST/A-1", reason="not wanted")
            )
            assert not self.fulfillment.violations
            assert not [item for item in self.items if item.order_id == order and item.mismatch]

    @rule(order=ORDERS, line=st.sampled_from([None, "1", "2"]), confirmed=RARELY)
    def cancel_order(self, order: str, line: str | None, confirmed: bool) -> None:
        """Cancel an order or a line, possibly before the order is placed."""
        if confirmed:
            self.handle(OrderLineCancelled(order=order, line=line) if line else OrderCancelled(order=order))

    @rule(sku=SKUS)
    def put_away(self, sku: str) -> None:
        """Put away an available unit."""
        if len(self.serials_stub.units) < 10:
            self.serials_stub.put_away(sku, f"{sku}{len(self.serials_stub.units) + 1}")

    @rule(choice=CHOICE)
    def deliver_to_serials(self, choice: int) -> None:
        """Deliver the next event of an order to the serials service."""
        if pending_orders := [order for order, events in self.serials_stub.inbox.items() if events]:
            self.serials_stub.handle_next(pending_orders[choice % len(pending_orders)])

    @rule(sku=SKUS)
    def deliver_to_fulfillment(self, sku: str) -> None:
        """Deliver the next event of a product to fulfillment."""
        if self.serials_stub.outbox[sku]:
            self.handle(self.serials_stub.outbox[sku].popleft())

    @rule()
    def deliver_everything(self) -> None:
        """Deliver all messages."""
        self.deliver_all()

    @rule(choice=CHOICE)
    def pick_unit(self, choice: int) -> None:
        """Pick an allocated unit."""
        if unit := self.choose_unit(choice, "ALLOCATED"):
            self.handle(commands.PickItems(order=unit.order_id, units=scanned_units(unit), location="EAST/STAGE"))

    @rule(order=ORDERS, packed=st.booleans())
    def pick_and_pack_order(self, order: str, packed: bool) -> None:
        """Pick, and optionally pack, all units of an order."""
        for number, unit in enumerate([unit for unit in self.fulfillment.uow.units if unit.order_id == order]):
            if unit.status == "ALLOCATED":
                self.handle(commands.PickItems(order=order, units=scanned_units(unit), location="EAST/STAGE"))
            if packed and unit.status == "PICKED" and not unit.carton:
                self.handle(
                    commands.PackItems(order=order, carton=f"{order}-C{1 + number % 2}", units=scanned_units(unit))
                )

    def amend_lines(self, orders: set[str], choice: int) -> None:
        """Change what the lines of some orders allow, not how much."""
        for line in [line for line in self.fulfillment.uow.lines if line.order_id in orders]:
            wish = self.other_wish(line.sku, choice)
            order_line = OrderLine(line=line.line, sku=line.sku, quantity=line.ordered, **wish)
            self.handle(OrderAmended(order=line.order_id, lines=[order_line]))

    def other_wish(self, sku: str, choice: int) -> dict[str, Any]:
        """What a line may allow; the mixed machine adds lots."""
        return {"serials": [f"{sku}{1 + choice % 9}"]}

    def pick_and_pack_lots(self, order: str) -> None:
        """Pick and pack all lots of an order; only the mixed machine has lots."""

    @rule(choice=CHOICE)
    def short_pick_unit(self, choice: int) -> None:
        """Report a short pick of a unit."""
        if unit := self.choose_unit(choice, "ALLOCATED"):
            self.handle(commands.ReportShortPick(order=unit.order_id, units=scanned_units(unit), reason="missing"))

    @rule(choice=CHOICE)
    def unpick_unit(self, choice: int) -> None:
        """Unpick a unit."""
        if unit := self.choose_unit(choice, "PICKED"):
            self.handle(
                commands.UnpickItems(
                    order=unit.order_id, units=scanned_units(unit), location="EAST/A-1", reason="wrong"
                )
            )

    @rule(choice=CHOICE, other=CHOICE)
    def swap_unit(self, choice: int, other: int) -> None:
        """Swap a unit for another, which may be unavailable."""
        unit = self.choose_unit(choice, "ALLOCATED")
        if unit and (
            serials := [
                serial_unit.serial for serial_unit in self.serials_stub.units.values() if serial_unit.sku == unit.sku
            ]
        ):
            scanned = commands.UnitSelector(sku=unit.sku, serial=unit.serial)
            replacement = serials[other % len(serials)]
            self.handle(commands.SwapUnit(order=unit.order_id, unit=scanned, replacement=replacement, reason="older"))

    @rule(choice=CHOICE)
    def hold_unit(self, choice: int) -> None:
        """Place a hold on a unit in the warehouse."""
        units_on_hand = [unit for unit in self.serials_stub.units.values() if unit.status != "SHIPPED"]
        if units_on_hand:
            self.serials_stub.place_hold(units_on_hand[choice % len(units_on_hand)], self.new_id("H"))

    @rule(choice=CHOICE)
    def release_hold(self, choice: int) -> None:
        """Release a hold."""
        held_units = [(unit, hold) for unit in self.serials_stub.units.values() for hold in sorted(unit.holds)]
        if held_units:
            self.serials_stub.release_hold(*held_units[choice % len(held_units)])

    @rule(choice=CHOICE, carton_number=st.integers(1, 2))
    def pack_unit(self, choice: int, carton_number: int) -> None:
        """Pack a picked unit."""
        if unit := self.choose_unit(choice, "PICKED", packed=False):
            self.handle(
                commands.PackItems(
                    order=unit.order_id, carton=f"{unit.order_id}-C{carton_number}", units=scanned_units(unit)
                )
            )

    @rule(choice=CHOICE, to_carton=st.sampled_from([None, "C1", "C2"]))
    def unpack_or_move_unit(self, choice: int, to_carton: str | None) -> None:
        """Unpack a unit or move it to another carton."""
        unit = self.choose_unit(choice, "PICKED", packed=True)
        if unit and unit.carton:
            fields = {"order": unit.order_id, "carton": unit.carton, "units": scanned_units(unit)}
            command = (
                commands.MoveCartonItems(**fields, to_carton=f"{unit.order_id}-{to_carton}")
                if to_carton
                else commands.UnpackItems(**fields)
            )
            self.handle(command)

    @rule(orders=st.sets(ORDERS, min_size=1), amended=AMENDED, choice=CHOICE, delivered=st.booleans())
    def process_and_dispatch(self, orders: set[str], amended: str | None, choice: int, delivered: bool) -> None:
        """Pick, pack and dispatch some orders as far as possible; optionally amend them in between."""
        for order in sorted(orders):
            self.pick_and_pack_order(order, packed=True)
            self.pick_and_pack_lots(order)
        self.create_shipment(0, 3)
        if amended == "packed":
            self.amend_lines(orders, choice)
        self.dispatch_or_cancel_shipment(len(list(self.fulfillment.uow.shipments)) - 1, cancel=False)
        if amended == "dispatch requested":
            self.amend_lines(orders, choice)
        if delivered:
            self.deliver_all()

    @rule(choice=CHOICE, count=st.integers(1, 3))
    def create_shipment(self, choice: int, count: int) -> None:
        """Create a shipment from some cartons."""
        packed_cartons = {item.carton for item in self.items}
        available = [
            carton
            for carton in self.fulfillment.uow.cartons
            if carton.shipment is None and carton.carton in packed_cartons
        ]
        chosen = (available + available)[choice % (len(available) or 1) :][: min(count, len(available))]
        if chosen:
            orders = sorted({carton.order_id for carton in chosen})
            cartons = [carton.carton for carton in chosen]
            self.handle(commands.CreateShipment(shipment=self.new_id("S"), orders=orders, cartons=cartons))

    @rule(choice=CHOICE, cancel=RARELY)
    def dispatch_or_cancel_shipment(self, choice: int, cancel: bool) -> None:
        """Dispatch or cancel a shipment."""
        shipments = [shipment for shipment in self.fulfillment.uow.shipments if shipment.status == "CREATED"]
        if shipments:
            chosen = shipments[choice % len(shipments)]
            fields = {"shipment": chosen.shipment, "orders": list(chosen.orders)}
            self.handle(
                commands.CancelShipment(**fields, reason="no truck") if cancel else commands.DispatchShipment(**fields)
            )

    @precondition(
        lambda self: isinstance(
            self.last_message, OrderPlaced | OrderCancelled | commands.PickItems | commands.PackItems
        )
    )
    @rule()
    def repeat_last_message(self) -> None:
        """Process the last message again under a new message id."""
        if self.last_message is not None:
            self.handle(self.last_message)


def scanned_units(unit: AllocatedUnit | SerialUnit) -> list[commands.UnitSelector]:
    """A unit as a list of selectors."""
    return [commands.UnitSelector(sku=unit.sku, serial=unit.serial)]


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(
    max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
