"""Random sequences for orders with serial-tracked, lot-tracked and untracked products and fractional quantities."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.fulfillment.orders.domain import AllocatedLot, Line
from shared.contracts.commands import fulfillment as commands
from shared.contracts.envelope import Message
from shared.contracts.upstream import Customer, OrderAmended, OrderLine, OrderPlaced
from tests.support.messages.lot_orders import missing_lots
from tests.unit.fulfillment.in_memory import LOT, NONE, NOW
from tests.unit.fulfillment.lots_stub import LotsStub
from tests.unit.fulfillment.test_state_machine import BACKORDERS, CHOICE, ORDERS, OrderMachine

LOT_SKUS = st.sampled_from(["M", "M", "N"])
LOCATIONS = st.sampled_from(["EAST/A-1", "EAST/A-2"])
QUANTITIES = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("2.25"), Decimal(4)])
QuantityTotals = defaultdict[tuple[str, ...], Decimal]
SINGLE_LOT = {"single_lot": True}
LOT_CRITERIA = st.sampled_from([{}, SINGLE_LOT, SINGLE_LOT, {"lots": ["L1"]}, {"lots": ["L1", "L2"]}])


class MixedOrderMachine(OrderMachine):
    """Fulfillment against stubs of the serials and lots services."""

    def __init__(self) -> None:
        super().__init__()
        self.fulfillment.products |= {"M": LOT, "N": NONE}
        self.lots_stub = LotsStub(NOW)
        self.stubs.append(self.lots_stub)

    def send(self, event: Message) -> None:
        """Queue an event for both stubs, each with its own delay."""
        super().send(event)
        self.lots_stub.inbox[event.key()].append(event)

    def choose_lot(self, choice: int, status: str, packed: bool | None = None) -> AllocatedLot | None:
        """An unshipped allocated lot."""
        lots = [
            lot for lot in self.fulfillment.uow.lots
            if lot.status == status and (packed is None or packed == (lot.carton is not None))
        ]  # fmt: skip
        return lots[choice % len(lots)] if lots else None

    @rule(order=ORDERS, backorders=BACKORDERS, m=QUANTITIES, n=QUANTITIES, criteria=LOT_CRITERIA)
    def place_mixed_order(self, order: str, backorders: Any, m: Decimal, n: Decimal, criteria: dict[str, Any]) -> None:
        """Place an order of a serial-tracked, a lot-tracked and an untracked product."""
        lines = [
            OrderLine(line="M", sku="M", quantity=m, **criteria),
            OrderLine(line="N", sku="N", quantity=n),
            OrderLine(line="1", sku="A", quantity=Decimal(1)),
        ]
        customer = Customer(id="C")
        self.handle(OrderPlaced(order=order, warehouse="EAST", customer=customer, backorders=backorders, lines=lines))

    @rule(order=ORDERS, quantity=QUANTITIES, criteria=LOT_CRITERIA, min_days=st.sampled_from([None, None, 0, 30]))
    def amend_lot_line(self, order: str, quantity: Decimal, criteria: dict[str, Any], min_days: int | None) -> None:
        """Change a lot line or the minimum remaining shelf life."""
        line = OrderLine(line="M", sku="M", quantity=quantity, **criteria)
        self.handle(
            OrderAmended(order=order, min_remaining_shelf_life_days=min_days, lines=[line] if min_days is None else [])
        )

    @rule(sku=LOT_SKUS, lot=st.sampled_from(["L1", "L2"]), location=LOCATIONS, quantity=QUANTITIES)
    def put_away_lot(self, sku: str, lot: str, location: str, quantity: Decimal) -> None:
        """Put away an available quantity of a lot."""
        self.lots_stub.put_away((sku, lot if sku == "M" else "", location), quantity)

    @rule(choice=CHOICE)
    def deliver_to_lots(self, choice: int) -> None:
        """Deliver the next event of an order to the lots service."""
        if pending_orders := [order for order, events in self.lots_stub.inbox.items() if events]:
            self.lots_stub.handle_next(pending_orders[choice % len(pending_orders)])

    @rule(sku=LOT_SKUS)
    def deliver_from_lots(self, sku: str) -> None:
        """Deliver the next event of a lot-tracked or untracked product to fulfillment."""
        if self.lots_stub.outbox[sku]:
            self.handle(self.lots_stub.outbox[sku].popleft())

    @rule(choice=CHOICE, part=QUANTITIES)
    def pick_lot(self, choice: int, part: Decimal) -> None:
        """Pick an allocated lot or a part of it."""
        if lot := self.choose_lot(choice, "ALLOCATED"):
            self.handle(commands.PickItems(order=lot.order_id, stock=lot_selectors(lot, part), location="EAST/STAGE"))

    def other_wish(self, sku: str, choice: int) -> dict[str, Any]:
        """What a line may allow."""
        lot_wishes: list[dict[str, Any]] = [SINGLE_LOT, {"lots": ["L2"]}, {"lots": ["L1"], **SINGLE_LOT}]
        if sku in "MN":
            return lot_wishes[choice % 3] if sku == "M" else {}
        return super().other_wish(sku, choice)

    def pick_and_pack_lots(self, order: str) -> None:
        """Pick and pack all lots of an order."""
        for status in ("ALLOCATED", "PICKED"):
            for lot in [lot for lot in self.fulfillment.uow.lots if (lot.order_id, lot.status) == (order, status)]:
                selectors = lot_selectors(lot, lot.quantity)
                if status == "ALLOCATED":
                    self.handle(commands.PickItems(order=order, stock=selectors, location="EAST/STAGE"))
                elif not lot.carton:
                    self.handle(commands.PackItems(order=order, carton=f"{order}-C1", stock=selectors))

    @rule(choice=CHOICE, part=QUANTITIES)
    def short_pick_lot(self, choice: int, part: Decimal) -> None:
        """Report a short pick of an allocated lot or a part of it."""
        if lot := self.choose_lot(choice, "ALLOCATED"):
            missing = missing_lots(lot_selectors(lot, part))
            self.handle(commands.ReportShortPick(order=lot.order_id, stock=missing, reason="missing"))

    @rule(choice=CHOICE, part=QUANTITIES)
    def unpick_lot(self, choice: int, part: Decimal) -> None:
        """Unpick a lot or a part of it."""
        if lot := self.choose_lot(choice, "PICKED"):
            selectors = lot_selectors(lot, part)
            self.handle(commands.UnpickItems(order=lot.order_id, stock=selectors, location="EAST/A-1", reason="wrong"))

    @rule(choice=CHOICE, part=QUANTITIES, replacement=st.sampled_from(["L1", "L2", "L3"]))
    def swap_lot(self, choice: int, part: Decimal, replacement: str) -> None:
        """Swap a lot for another, which may be unavailable."""
        lot = self.choose_lot(choice, "ALLOCATED")
        if lot and lot.sku == "M":
            (selector,) = lot_selectors(lot, part)
            self.handle(commands.SwapLot(order=lot.order_id, stock=selector, replacement=replacement, reason="older"))

    @rule(lot=st.sampled_from(["L1", "L2"]), location=st.sampled_from([None, "EAST/A-1"]))
    def hold_lot(self, lot: str, location: str | None) -> None:
        """Place a hold on a lot, in the whole warehouse or at one location."""
        self.lots_stub.place_hold("M", lot, location, self.new_id("H"))

    @rule(choice=CHOICE)
    def release_lot_hold(self, choice: int) -> None:
        """Release a lot hold."""
        if self.lots_stub.holds:
            self.lots_stub.release_hold(sorted(self.lots_stub.holds)[choice % len(self.lots_stub.holds)])

    @rule(choice=CHOICE, part=QUANTITIES, carton_number=st.integers(1, 2))
    def pack_lot(self, choice: int, part: Decimal, carton_number: int) -> None:
        """Pack a picked lot or a part of it."""
        if lot := self.choose_lot(choice, "PICKED", packed=False):
            self.handle(
                commands.PackItems(
                    order=lot.order_id, carton=f"{lot.order_id}-C{carton_number}", stock=lot_selectors(lot, part)
                )
            )

    @rule(choice=CHOICE, part=QUANTITIES, to_carton=st.sampled_from([None, "C1", "C2"]))
    def unpack_or_move_lot(self, choice: int, part: Decimal, to_carton: str | None) -> None:
        """Unpack a lot quantity or move it to another carton."""
        lot = self.choose_lot(choice, "PICKED", packed=True)
        if lot and lot.carton:
            fields = {"order": lot.order_id, "carton": lot.carton, "stock": lot_selectors(lot, part)}
            self.handle(
                commands.MoveCartonItems(**fields, to_carton=f"{lot.order_id}-{to_carton}")
                if to_carton
                else commands.UnpackItems(**fields)
            )

    def open_demands(self) -> list[tuple[str, Decimal]]:
        """Open quantity by demand, of both stock services."""
        return super().open_demands() + [
            (demand_id, demand.open_quantity) for demand_id, demand in self.lots_stub.demands.items()
        ]

    def teardown(self) -> None:
        """Finally the services agree on every lot, and the total quantity is unchanged."""
        self.deliver_all()
        allocated, picked, shipped_by_line = QuantityTotals(Decimal), QuantityTotals(Decimal), QuantityTotals(Decimal)
        for lot in self.fulfillment.uow.lots:
            key = (lot.demand_id, lot.lot, lot.location)
            if lot.status == "ALLOCATED":
                allocated[key] += lot.quantity
            else:
                picked[key[:2]] += lot.quantity
        for lot in self.fulfillment.shipped_lots:
            shipped_by_line[lot.order_id, lot.line] += lot.quantity
        assert allocated == {key: quantity for key, quantity in self.lots_stub.allocated.items() if quantity}
        assert picked == {key: quantity for key, quantity in self.lots_stub.picked.items() if quantity}
        assert shipped_by_line == self.lots_stub.shipped
        stub = self.lots_stub
        totals = (stub.available, stub.missing, stub.allocated, stub.picked, stub.shipped)
        assert self.lots_stub.received_quantity == sum(
            (quantity for quantities in totals for quantity in quantities.values()), Decimal(0)
        )
        for line in self.fulfillment.uow.lines:
            if line.single_lot and line.sku == "M":
                self._assert_single_lot(line)
        super().teardown()

    def _assert_single_lot(self, line: Line) -> None:
        """A single-lot line has one lot; an unpicked line is requested as a whole."""
        lots = [*self.fulfillment.uow.lots, *self.fulfillment.shipped_lots]
        of_line = [lot for lot in lots if (lot.order_id, lot.line) == (line.order_id, line.line)]
        to_pick = {lot.lot for lot in of_line if lot.status == "ALLOCATED"}
        fixed_lots = {lot.lot for lot in of_line if lot.status != "ALLOCATED"}
        assert len(to_pick) <= 1
        assert not fixed_lots or to_pick <= fixed_lots
        open_demands = [
            demand
            for demand_id, demand in self.lots_stub.demands.items()
            if demand_id in line.demands and demand.open_quantity
        ]
        if line.can_change_lot and open_demands:
            assert not line.allocated
            assert [demand.lot for demand in open_demands] == [None]


def lot_selectors(lot: AllocatedLot, quantity_limit: Decimal) -> list[commands.LotSelector]:
    """A selector for a part of an allocated lot."""
    location = lot.location if lot.status == "ALLOCATED" else None
    quantity = min(quantity_limit, lot.quantity)
    return [commands.LotSelector(sku=lot.sku, lot=lot.lot, quantity=quantity, line=lot.line, location=location)]


TestMixedOrderMachine = MixedOrderMachine.TestCase
TestMixedOrderMachine.settings = settings(
    max_examples=45, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
