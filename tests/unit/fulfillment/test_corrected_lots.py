"""Corrected lot numbers in orders, with the rules of both services and events that are under way (S11, S26)."""

from collections import Counter, deque
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    LotSelector,
    PackItems,
    PickItems,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import CartonPacked, OrderRejected
from shared.contracts.lots import LotRejected
from shared.inventory.reference_data import Location
from tests.support.messages.lots import OUTBOUND, ProductMessages
from tests.unit.fulfillment.connected_services import LOCATIONS, LOTS_SKU, ConnectedServices, lot_line

messages = ProductMessages(LOTS_SKU)
BOTH: dict[str, Any] = {"lots": ["L1", "L9"]}


class DelayedServices(ConnectedServices):
    """Events of lots wait for their delivery, too."""

    def __init__(self) -> None:
        super().__init__()
        self.fulfillment.uow.locations = self.fulfillment.uow.locations | {
            name: Location(name, 1, kind, 1) for name, kind in self.lots.uow.location_types.items()
        }
        self.events: deque[Message] = deque()
        self.rejected: list[OrderRejected] = []

    def handle(self, message: Message) -> None:
        """Handle a message in fulfillment, and keep its events for lots."""
        events = self.fulfillment.handle(message)
        self.rejected += [event for event in events if isinstance(event, OrderRejected)]
        self._requests += events

    def _publish(self, service: Any, *delivered: Message) -> None:
        service.handle(*delivered)
        self.events += [event for event in service.uow.emitted if self.fulfillment_reads(event)]

    def correct(
        self, lot: str, right_lot: str, location: str | None = None, quantity: Any = None, **fields: Any
    ) -> None:
        """Correct a lot number; it may be that nothing is there."""
        self._publish(self.lots, messages.correct_number(lot, right_lot, location, quantity, **fields))

    def deliver_to_fulfillment(self, count: int = 10_000) -> None:
        """Deliver the next events of lots."""
        while self.events and count:
            self.handle(self.events.popleft())
            count -= 1

    def settle(self) -> None:
        """Deliver everything."""
        while self.events or self._requests:
            self.deliver_to_fulfillment()
            self.deliver_all()

    def lots_of(self, status: str, order: str = "O") -> dict[str, int]:
        """Return the quantity of each lot of an order in a status."""
        quantities: Counter[str] = Counter()
        for lot in [*self.fulfillment.uow.lots, *self.fulfillment.shipped_lots]:
            if (lot.status, lot.order_id) == (status, order):
                quantities[lot.lot] += int(lot.quantity)
        return dict(quantities)

    def select(self, lot: str, quantity: int) -> list[LotSelector]:
        """Select a quantity of a lot."""
        return [LotSelector(sku=LOTS_SKU, lot=lot, quantity=Decimal(quantity))]

    def pick(self, lot: str, quantity: int, order: str = "O") -> None:
        """Pick a quantity of a lot."""
        self.handle(PickItems(order=order, stock=self.select(lot, quantity), location=OUTBOUND))

    def pack(self, lot: str, quantity: int, order: str = "O", shipment: str = "SH") -> None:
        """Pack a picked quantity into a shipment."""
        self.handle(PackItems(order=order, carton=f"C-{shipment}", stock=self.select(lot, quantity)))
        self.handle(CreateShipment(shipment=shipment, orders=[order], cartons=[f"C-{shipment}"]))

    def dispatch(self, order: str = "O", shipment: str = "SH") -> None:
        """Request the dispatch of a shipment."""
        self.handle(DispatchShipment(shipment=shipment, orders=[order]))

    def assert_agreement(self) -> None:
        """Both services have the same goods of orders under the same numbers, and saw no contradiction."""
        uow = self.lots.uow
        shipped: Counter[tuple[str, ...]] = Counter()
        for entry in self.lots.ledger:
            if entry.change == "SHIPPED":
                shipped[entry.demand_id or "", entry.lot, entry.shipment or ""] -= int(entry.picked)
        expected = {
            (row.demand_id, row.lot, row.location): int(row.quantity) for row in uow.reservations if row.quantity
        }
        picked = {(row.demand_id, row.lot, row.location): int(row.quantity) for row in uow.picked if row.quantity}
        actual: dict[str, Counter[tuple[str, ...]]] = {
            status: Counter() for status in ("ALLOCATED", "PICKED", "SHIPPED")
        }
        for lot in [*self.fulfillment.uow.lots, *self.fulfillment.shipped_lots]:
            place = lot.shipment or lot.location
            actual[lot.status][lot.demand_id, lot.lot, place] += int(lot.quantity)
        assert actual["ALLOCATED"] == expected
        assert actual["PICKED"] == picked
        assert actual["SHIPPED"] == {key: quantity for key, quantity in shipped.items() if quantity}
        assert not self.lots.events_of(LotRejected)


def services_with_order(quantity: int = 4, **criteria: Any) -> DelayedServices:
    """Five of L1 and five of L2 are stored; an order has some of L1."""
    services = DelayedServices()
    services.stock_lots(L1=5, L2=5)
    services.place(lot_line("1", quantity, **criteria))
    services.settle()
    assert services.lots_of("ALLOCATED") == {"L1": quantity}
    return services


def test_allocated_goods_stay_with_their_order() -> None:
    """Goods that still suit their line keep their order; the order shows the right number."""
    services = services_with_order()
    services.correct("L1", "L9")
    services.settle()
    assert services.lots_of("ALLOCATED") == {"L9": 4}
    services.assert_agreement()


@pytest.mark.parametrize(
    ("criteria", "allocated"),
    [({"lots": ["L1", "L2"]}, {"L2": 4}), (BOTH, {"L9": 4}), ({"single_lot": True}, {"L9": 4})],
)
def test_allocated_goods_are_judged_again(criteria: dict[str, Any], allocated: dict[str, int]) -> None:
    """A line that does not want the right lot is served anew, one that wants it keeps the goods (S08)."""
    services = services_with_order(**criteria)
    services.correct("L1", "L9")
    services.settle()
    assert services.lots_of("ALLOCATED") == allocated
    services.assert_agreement()


def test_a_part_of_a_single_lot_line() -> None:
    """A single-lot line whose goods turn out to be of two lots gets one lot again (S27)."""
    services = services_with_order(5, single_lot=True)
    services.correct("L1", "L9", quantity=2, location=LOCATIONS["L1"])
    services.settle()
    assert services.lots_of("ALLOCATED") == {"L2": 5}
    services.assert_agreement()


@pytest.mark.parametrize("is_right_lot_known", [False, True])
def test_goods_of_a_lot_on_hold_are_replaced(is_right_lot_known: bool) -> None:
    """Allocated goods whose right lot is on hold leave the order, as for a hold on them (S28)."""
    services = services_with_order()
    services.correct("L2", "L9", quantity=1, location=LOCATIONS["L2"])
    services._publish(services.lots, messages.place_hold("L9", "H-1"))  # noqa: SLF001
    if is_right_lot_known:
        services.settle()
    services.correct("L1", "L9")
    services.settle()
    assert services.lots_of("ALLOCATED") == {"L2": 4}
    services.assert_agreement()


def test_picked_goods_block_the_dispatch_until_they_are_put_back() -> None:
    """The carton shows the right lot; what the line does not want is marked, and cannot leave (S10, S11)."""
    services = services_with_order(lots=["L1", "L2"])
    services.pick("L1", 4)
    services.pack("L1", 4)
    services.settle()
    services.correct("L1", "L9")
    services.deliver_to_fulfillment()
    (carton,) = [event for event in services._requests if isinstance(event, CartonPacked)]  # noqa: SLF001
    assert [(line.lot, int(line.quantity)) for line in carton.stock] == [("L9", 4)]
    services.settle()
    services.dispatch()
    assert [str(violation.code) for violation in services.fulfillment.violations] == ["not_as_ordered"]
    services.handle(
        UnpickItems(order="O", stock=services.select("L9", 4), location=LOCATIONS["L3"], reason="wrong lot")
    )
    services.settle()
    assert services.lots_of("ALLOCATED") == {"L2": 4}
    services.assert_agreement()


def test_a_dispatch_check_of_the_wrong_number_ends() -> None:
    """A correction during the check cancels it; the next check is for the right lot (S10)."""
    services = services_with_order()
    services.pick("L1", 4)
    services.pack("L1", 4)
    services.settle()
    services.dispatch()
    services.correct("L1", "L9")
    services.settle()
    assert services.lots_of("SHIPPED") == {}
    services.dispatch()
    services.settle()
    assert services.lots_of("SHIPPED") == {"L9": 4}
    services.assert_agreement()


def test_goods_that_left_before_the_correction_is_known() -> None:
    """An approved dispatch is a fact; both services show the right number for it afterwards (S10, S46)."""
    services = services_with_order()
    services.pick("L1", 4)
    services.pack("L1", 4)
    services.settle()
    services.dispatch()
    services.deliver_all()
    services.correct("L1", "L9")
    services.deliver_to_fulfillment(1)
    assert services.lots_of("SHIPPED") == {"L1": 4}
    services.settle()
    assert services.lots_of("SHIPPED") == {"L9": 4}
    services.assert_agreement()


def test_shipped_goods_that_the_order_did_not_want() -> None:
    """Shipped goods of a lot that the line excludes are a conflict that names the customer to call (S10)."""
    services = services_with_order(lots=["L1"])
    services.pick("L1", 4)
    services.pack("L1", 4)
    services.settle()
    services.dispatch()
    services.settle()
    services.correct("L1", "L9", shipment="SH", quantity=3)
    services.settle()
    assert services.lots_of("SHIPPED") == {"L1": 1, "L9": 3}
    (conflict,) = services.rejected
    assert (conflict.code, conflict.kind, "call customer" in conflict.detail) == (
        "not_as_ordered",
        "EVENT_CONFLICT",
        True,
    )
    services.assert_agreement()
