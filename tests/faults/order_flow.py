"""Steps of the orders of a load: pick, pack and dispatch, with short picks and amendments of some."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from shared.contracts.commands.fulfillment import DispatchShipment, PackItems
from shared.contracts.envelope import Message, Rejected
from shared.contracts.fulfillment import CartonPacked, OrderLotsDeallocated, OrderLotsPicked, OrderSerialsPicked
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code
from tests.faults import corrections, order_script
from tests.faults.plan import STAGING, LoadPlan
from tests.faults.stock_counts import StockCounts
from tests.faults.tracked_order import TrackedOrder

Commands = list[Message]
RETRY_AFTER = 0.2
PICKS_PER_COUNT = 8
CODES_OF_CROSSING = (Code.NOT_ON_PICK_LIST, Code.INSUFFICIENT_STOCK, Code.ALREADY_PICKED)
"""Rejections of a pick or short pick that crosses the release of one of its lots, or of a part of it."""


class OrderFlow:
    """The orders of a load; each event about one triggers its next commands."""

    def __init__(self, plan: LoadPlan, stock: StockCounts, lots: dict[str, Decimal]) -> None:
        self.plan, self.stock, self.lots = plan, stock, lots
        self.orders: Mapping[str, TrackedOrder] = {
            order_id: TrackedOrder(order_id, lines, cancel, f"{plan.name}-S{number // 2}", plan.correction(number))
            for number, (order_id, lines, cancel) in enumerate(plan.placed_orders())  # two orders per shipment
        }
        self.crossing_picks: dict[str, Rejected] = {}
        """Rejected picks and short picks by order; the event of the release that explains one may follow."""
        self._shipments: set[str] = set()
        self._pick_count = 0

    @property
    def unexplained_picks(self) -> list[Rejected]:
        """Return the rejected picks and short picks of orders that nothing was released from."""
        return [pick for order, pick in self.crossing_picks.items() if not self.orders[order].was_released]

    def is_crossing(self, order: str, rejection: Rejected) -> bool:
        """Return whether a rejected pick or short pick may cross a release."""
        if rejection.code == Code.NOT_YET_AVAILABLE:
            return self.orders[order].was_released
        if rejection.code in CODES_OF_CROSSING:
            self.crossing_picks[order] = rejection
        return rejection.code in CODES_OF_CROSSING

    def on_event(self, order: TrackedOrder, data: Message) -> Iterator[Commands]:
        """Update an order and yield the commands of its next step."""
        order.update(data)
        if isinstance(data, OrderLotsPicked):
            self._on_picked(data)
        if isinstance(data, LotShipped):
            self._on_shipped(order, data)
        if order.is_booked:
            self.stock.end(order.name)
        yield from self._start(order)
        if isinstance(data, OrderSerialsPicked | OrderLotsPicked) and order.is_fully_picked:
            if order.correction in ("AMEND_AND_UNPICK", "AMEND_AND_BACK") and not order.is_corrected:
                yield corrections.amend_commands(order)
            yield order_script.pack_commands(order)
        if isinstance(data, CartonPacked) and order.packed and self.plan.dispatch:
            yield self._dispatch_commands(order)

    def pick_again(self, order: TrackedOrder) -> Iterator[Commands]:
        """Yield the pick of what is allocated now, after a pick or short pick was rejected."""
        order.is_started = order.is_moving = False
        order.awaited.discard(OrderLotsDeallocated)
        if order.is_booked:
            self.stock.end(order.name)
        yield from self._start(order)

    def on_refused(self, message: DispatchShipment | PackItems, ids: list[str]) -> Iterator[tuple[Commands, float]]:
        """Yield the unpick of what an amended order does not want, or the command again; and after how long.

        The amendment overtook the pack, or preceded the dispatch.
        """
        match message:
            case DispatchShipment(orders=names):
                orders = [self.orders[name] for name in names]
                for order in orders:
                    order.is_refused = True
            case PackItems(order=name):
                orders = [self.orders[name]]
        for order in orders:
            if not order.is_moving and (commands := corrections.unpick_commands(order)):
                self._begin_move(order)
                yield commands, 0
        if not any(order.correction == "AMEND_AND_UNPICK" for order in orders):
            yield [order_script.restrict_to(message, ids)], RETRY_AFTER

    def shipping_commands(self, shipment: str) -> Commands:
        """Return the commands that ship and dispatch a shipment, once all its orders are packed."""
        return order_script.shipping_commands(self._orders_of(shipment))

    def _start(self, order: TrackedOrder) -> Iterator[Commands]:
        """Pick or cancel an order; the picker of some orders does not find everything first."""
        if order.is_started or order.is_fully_picked or not order.is_fully_allocated:
            return
        if order.correction in ("SHORT_PICK", "SHORT_PICK_WITH_REMAINING") and not order.is_corrected:
            if order.is_listed:
                yield corrections.short_pick_commands(order, self.stock)
            return
        order.is_started = True
        if order.to_cancel:
            yield order_script.cancel_commands(order)
        else:
            if order.lots:
                self._begin_move(order)
            yield order_script.pick_commands(order)

    def _begin_move(self, order: TrackedOrder) -> None:
        order.is_moving = True
        self.stock.begin(order.name)

    def _on_picked(self, data: OrderLotsPicked) -> None:
        self.lots["PICKED"] += sum((lot.quantity for lot in data.lots), Decimal(0))
        self._pick_count += 1
        if self.plan.has_corrections and self._pick_count % PICKS_PER_COUNT == 0:
            for location in (data.lots[0].location, STAGING):
                self.stock.request_count(data.lots[0].lot, location)

    def _on_shipped(self, order: TrackedOrder, data: LotShipped) -> None:
        self.lots["SHIPPED"] += sum((lot.quantity for lot in data.lots), Decimal(0))
        if all(other.shipped == other.lots_picked for other in self._orders_of(order.shipment)):
            self.stock.end(order.shipment)

    def _orders_of(self, shipment: str) -> list[TrackedOrder]:
        return [order for order in self.orders.values() if order.shipment == shipment and not order.to_cancel]

    def _dispatch_commands(self, order: TrackedOrder) -> Commands:
        """Return the commands that ship an order once, and dispatch it again after it was refused."""
        commands = self.shipping_commands(order.shipment)
        if order.shipment in self._shipments:
            commands = commands[1:] if order.is_refused else []
        if commands:
            self._shipments.add(order.shipment)
            self.stock.begin(order.shipment)
        return commands
