"""State machine of fulfillment and stubs of the stock services, with its invariants."""

from collections import Counter as Count
from decimal import Decimal
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from services.fulfillment.orders.domain import AllocatedItem, AllocatedUnit, Carton, Line
from services.fulfillment.orders.domain.order_status import line_progress, order_status
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderRejected, OrderStatusChanged
from tests.unit.fulfillment.in_memory import NOW, InMemoryFulfillment
from tests.unit.fulfillment.serials_stub import SerialsStub

QUANTITIES = {"open", "backordered", "allocated", "picked", "packed", "shipped", "cancelled", "dropped"}


class FulfillmentMachine(RuleBasedStateMachine):
    """Fulfillment against a stub of the serials service; messages wait until a rule delivers them."""

    def __init__(self) -> None:
        super().__init__()
        self.fulfillment = InMemoryFulfillment(("A", "B"))
        self.serials_stub = SerialsStub(NOW)
        self.stubs: list[Any] = [self.serials_stub]
        self.id_count = 0
        self.last_message: Message | None = None
        self.final_statuses: dict[str, str] = {}
        self.published: dict[str, OrderStatusChanged] = {}

    def new_id(self, prefix: str) -> str:
        """A unique id."""
        self.id_count += 1
        return f"{prefix}{self.id_count}"

    def handle(self, message: Message) -> None:
        """Process a message in fulfillment and queue the published events."""
        self.last_message = message
        shipped_before = len(self.fulfillment.shipped)
        events = self.fulfillment.handle(message)
        for item in self.fulfillment.shipped[shipped_before:]:
            self.assert_as_ordered(item)
        for event in events:
            assert not isinstance(event, OrderRejected), event
            if isinstance(event, OrderStatusChanged):
                previous = self.published.get(event.order)
                assert event.version == (previous.version if previous else 0) + 1, event
                self.published[event.order] = event
            self.send(event)

    def assert_as_ordered(self, item: AllocatedItem) -> None:
        """No item ships that its line does not want at that moment."""
        line = self.fulfillment.uow.lines[item.order_id, item.line]
        assert not line.cancelled, item
        if isinstance(item, AllocatedUnit):
            missing = [serial for serial in line.serials if (line.sku, serial) not in self.fulfillment.uow.shipped]
            assert item.serial in line.serials or len(missing) <= line.ordered - line.shipped, (item, line)
        else:
            assert not line.lots or item.lot in line.lots, (item, line)
            together = {
                lot.lot
                for lot in self.fulfillment.shipped_lots[-10:]
                if lot.shipment == item.shipment and (lot.order_id, lot.line) == (item.order_id, item.line)
            }
            assert not line.single_lot or len(together) == 1, (item, line)

    def send(self, event: Message) -> None:
        """Queue an event for the stubs."""
        self.serials_stub.inbox[event.key()].append(event)

    def choose_unit(self, choice: int, *statuses: str, packed: bool | None = None) -> AllocatedUnit | None:
        """An unshipped unit."""
        units = [
            unit for unit in self.fulfillment.uow.units
            if unit.status in statuses and (packed is None or packed == (unit.carton is not None))
        ]  # fmt: skip
        return units[choice % len(units)] if units else None

    @property
    def items(self) -> list[AllocatedItem]:
        """All unshipped items of orders."""
        return [*self.fulfillment.uow.units, *self.fulfillment.uow.lots]

    @invariant()
    def line_quantities_add_up(self) -> None:
        """The quantities of each line equal the sums of its items and are never negative."""
        quantities, packed = Count[tuple[str, ...]](), Count[tuple[str, ...]]()
        for item in self.items:
            quantities[item.order_id, item.line, item.status] += item.quantity  # type: ignore[assignment]
            packed[item.order_id, item.line] += item.quantity if item.carton else 0  # type: ignore[assignment]
        for line in self.fulfillment.uow.lines:
            key = (line.order_id, line.line)
            assert line.allocated == Decimal(quantities[*key, "ALLOCATED"])
            assert line.picked == Decimal(quantities[*key, "PICKED"])
            assert line.packed == Decimal(packed[key])
            assert line.shipped >= 0
            assert line.open_quantity >= 0
            assert line.allocated + line.picked + line.shipped <= line.ordered

    @invariant()
    def line_progress_adds_up_to_ordered(self) -> None:
        """The published quantities of a line add up to what is ordered; what is requested is open or backordered."""
        for line in self.fulfillment.uow.lines:
            order = self.fulfillment.uow.orders[line.order_id]
            progress = line_progress(order, line)
            quantities = progress.model_dump(include=QUANTITIES)
            assert len(quantities) == len(QUANTITIES)
            assert min(quantities.values()) >= 0, progress
            assert sum(quantities.values()) == line.ordered, progress
            requested = sum(demand.open_quantity for demand in line.demands.values() if not demand.cancelled)
            assert line.awaiting_product or requested == progress.open + progress.backordered, (line, progress)
            assert not (progress.cancelled and not line.cancelled)
            assert not (progress.dropped and order.backorders != "NOT_ALLOWED")

    @invariant()
    def published_states_are_current(self) -> None:
        """The last published version of an order states its status and all its lines."""
        for order in self.fulfillment.uow.orders:
            event = self.published[order.order_id]
            assert (event.version, event.status) == (order.version, order.status)
            assert event.lines == [line_progress(order, line) for line in order.lines.values()]

    @invariant()
    def final_statuses_are_final(self) -> None:
        """The status follows from what has shipped; an order that is closed or cancelled stays so."""
        for order in self.fulfillment.uow.orders:
            status, lines = order_status(order), order.lines.values()
            assert order.status == status
            assert self.final_statuses.get(order.order_id, status) == status, order
            has_shipped = any(line.shipped for line in lines)
            assert has_shipped == (status in ("PARTLY_SHIPPED", "SHIPPED")) or status == "CLOSED_SHORT", order
            assert (status == "SHIPPED") == all(line.shipped == line.ordered for line in lines), order
            if status not in ("OPEN", "PARTLY_SHIPPED"):
                self.final_statuses[order.order_id] = status

    @invariant()
    def nothing_is_allocated_to_cancelled_lines(self) -> None:
        """Cancelled lines and demands have no allocated items."""
        for item in self.items:
            order, demand = (
                self.fulfillment.uow.orders.get(item.order_id),
                self.fulfillment.uow.demands.get(item.demand_id),
            )
            assert order is not None
            assert demand is not None
            if item.status == "ALLOCATED":
                assert not order.is_cancelled_item(item)
                assert not demand.cancelled

    @invariant()
    def only_picked_items_are_mismatched(self) -> None:
        """Allocated items that do not match are released, picked ones are marked."""
        assert not [item for item in self.items if item.mismatch and item.status != "PICKED"]

    @invariant()
    def no_stub_saw_a_conflict(self) -> None:
        """No event contradicts the status, order, line or demand of an item in a stock service."""
        assert not [conflict for stub in self.stubs for conflict in stub.conflicts]

    def deliver_all(self) -> None:
        """Deliver all queued messages."""
        while any(any(queue for queue in (*stub.inbox.values(), *stub.outbox.values())) for stub in self.stubs):
            for stub in self.stubs:
                for order_id, events in stub.inbox.items():
                    while events:
                        stub.handle_next(order_id)
                for events in list(stub.outbox.values()):
                    while events:
                        self.handle(events.popleft())

    def teardown(self) -> None:
        """Finally the services agree, and the open demands of every line equal its open quantity."""
        self.deliver_all()
        self.line_quantities_add_up()
        fulfillment_units = {
            unit.key: (unit.status, unit.order_id, unit.line, unit.demand_id) for unit in self.fulfillment.uow.units
        }
        serials_units = {
            key: (unit.status, unit.order, unit.line, unit.demand_id)
            for key, unit in self.serials_stub.units.items() if unit.status in ("ALLOCATED", "PICKED")
        }  # fmt: skip
        assert fulfillment_units == serials_units
        self._assert_listed_units_handed_over()
        for line in self.fulfillment.uow.lines:
            self._assert_open_quantity_requested(line)
            assert not any(demand.pending for demand in line.open_demands()), line
        for unit in self.serials_stub.units.values():
            if unit.status == "SHIPPED":
                assert self.fulfillment.uow.shipped[unit.sku, unit.serial] == unit.order
        for carton in self.fulfillment.uow.cartons:
            self._assert_in_one_shipment(carton)

    def _assert_listed_units_handed_over(self) -> None:
        """No demand for any unit keeps what a short demand of the same order lists."""
        demands = self.serials_stub.demands
        listed = {
            (demand.request.order, demand.request.sku, serial)
            for demand in demands.values() if demand.open_quantity for serial in demand.request.serials
        }  # fmt: skip
        for unit in self.serials_stub.units.values():
            if unit.status == "ALLOCATED" and (unit.order, unit.sku, unit.serial) in listed:
                assert demands[unit.demand_id or ""].request.serials

    def _assert_open_quantity_requested(self, line: Line) -> None:
        requested = sum(open_quantity for demand_id, open_quantity in self.open_demands() if demand_id in line.demands)
        order = self.fulfillment.uow.orders.get(line.order_id)
        assert order is not None
        assert requested == (0 if order.cancelled or order.backorders == "NOT_ALLOWED" else line.open_quantity), (
            order,
            line,
        )

    def open_demands(self) -> list[tuple[str, Decimal]]:
        """Open quantity by demand."""
        return [(demand_id, Decimal(demand.open_quantity)) for demand_id, demand in self.serials_stub.demands.items()]

    def _assert_in_one_shipment(self, carton: Carton) -> None:
        shipment = self.fulfillment.uow.shipments.get(carton.shipment or "")
        assert shipment is None or (shipment.status != "CANCELLED" and carton.order_id in shipment.orders)
