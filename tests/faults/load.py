"""Load of the fault tests: serials and lots from ASN to shipment; each event triggers the next command.

An event may reach this client before another service, so commands often arrive too early. A command rejected as
`not_yet_available` is sent again with a new id, as an upstream system would.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal

from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import Message, Rejected
from shared.contracts.fulfillment import CartonPacked, OrderLotsPicked, OrderSerialsPicked, OrderStatusChanged
from shared.contracts.lots import LotAllocated, LotMoved, LotReceived, LotShipped
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptLineExpected, ReceiptSerialsReceived
from shared.contracts.serials import SerialAllocated, SerialStateChanged
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderPlaced
from tests.faults import order_script
from tests.faults.fixtures import define_products
from tests.faults.plan import (
    DOCK,
    LOT_SHELVES,
    LOTS,
    ORDERED_PER_ORDER,
    RECEIVED_PER_LOT,
    SHELVES,
    WAREHOUSE,
    LoadPlan,
    TrackedOrder,
    UnitKey,
    scanned_lots,
)
from tests.faults.upstream import ACTOR, SOURCE, Event, UpstreamClient

RETRY_AFTER = 0.2


class Load:
    """A running load plan."""

    def __init__(self, upstream: UpstreamClient, plan: LoadPlan) -> None:
        self.upstream, self.plan = upstream, plan
        self.receipts = {receipt: (sku, serials) for receipt, sku, serials in plan.receipt_units()}
        self.orders = {
            order_id: TrackedOrder(order_id, lines, cancel, f"{plan.name}-S{number // 2}")  # two orders per shipment
            for number, (order_id, lines, cancel) in enumerate(plan.placed_orders())
        }
        self.unit_keys = {(sku, serial) for sku, serials in self.receipts.values() for serial in serials}
        """All units of the plan."""
        active_orders = [order for order in self.orders.values() if not order.to_cancel]
        ordered = sum(order.quantity for order in active_orders)
        final_status, stored_status = (
            "SHIPPED" if plan.dispatch else "PICKED",
            "IN_INVENTORY" if plan.put_away else "RECEIVED",
        )
        self.expected_statuses = +Counter({final_status: ordered, stored_status: len(self.unit_keys) - ordered})
        """Final number of units by status."""
        lot_quantity = len(plan.lot_receipts) * len(LOTS) * RECEIVED_PER_LOT
        self.expected_lots = {
            "received": lot_quantity,
            "stored": lot_quantity if plan.put_away else 0,
            final_status: len(active_orders) * ORDERED_PER_ORDER,
        }
        """Final lot quantities: received, stored, and shipped or picked."""
        self.versions: dict[UnitKey, int] = defaultdict(int)
        self.status: dict[UnitKey, str] = {}
        self.lots: dict[str, Decimal] = defaultdict(Decimal)
        self.rejections: list[Rejected] = []
        """Final rejections: none, unless a test causes them."""
        self.retry_count = 0
        self.put_away, self.dispatch = plan.put_away, plan.dispatch
        self.all_published = False
        self._tasks: asyncio.TaskGroup

    @property
    def products(self) -> list[str]:
        """Return the serial-tracked products."""
        return [self.plan.sku(number) for number in range(self.plan.skus)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Publish the plan gradually in the background and react to events."""
        self.upstream.listeners.append(self._on_event)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await define_products(self.upstream, self.products, [self.plan.lot_sku])
                publication = self._tasks.create_task(self._publish_plan())
                yield self
                publication.cancel()
        finally:
            self.upstream.listeners.remove(self._on_event)

    async def wait_until_done(self) -> None:
        """Wait until all units and lots have reached their final state."""
        try:
            await self.upstream.wait_until(self._is_done, "the load is complete")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._describe_progress()}") from None
        assert not self.rejections, [
            (rejection.rejected_type, rejection.code, rejection.detail) for rejection in self.rejections
        ]

    def _is_done(self) -> bool:
        statuses_reached = self.all_published and Counter(self.status.values()) == self.expected_statuses
        lots_reached = all(self.lots[name] == quantity for name, quantity in self.expected_lots.items())
        return (
            statuses_reached
            and lots_reached
            and all(order.cancelled for order in self.orders.values() if order.to_cancel)
        )

    def _describe_progress(self) -> str:
        orders = [str(order) for order in self.orders.values() if not order.to_cancel and not order.packed]
        rejections = [(rejection.rejected_type, rejection.code, rejection.detail) for rejection in self.rejections]
        statuses, lots = dict(Counter(self.status.values())), dict(self.lots)
        progress = f"{statuses} of {dict(self.expected_statuses)}, {lots} of {self.expected_lots}"
        return f"{progress}, {orders[:3]}, rejected {rejections[:5]}"

    async def _publish_plan(self) -> None:
        """Announce receipts and place orders alternately; some orders precede their stock."""
        orders, lots = iter(self.orders.values()), iter(self.plan.lot_receipts)
        for receipt, (sku, serials) in self.receipts.items():
            await self._announce(receipt, AsnLine(line="1", sku=sku, quantity=len(serials), serials=serials))
            if lot_receipt := next(lots, None):
                await self._announce_lots(lot_receipt)
            if order := next(orders, None):
                await self._place(order)
            await asyncio.sleep(self.plan.interval)
        for lot_receipt in lots:
            await self._announce_lots(lot_receipt)
        for order in orders:
            await self._place(order)
        self.all_published = True

    async def _announce(self, receipt: str, line: AsnLine) -> None:
        await self.upstream.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))

    async def _announce_lots(self, receipt: str) -> None:
        await self._announce(receipt, AsnLine(line="1", sku=self.plan.lot_sku, quantity=len(LOTS) * RECEIVED_PER_LOT))

    async def _place(self, order: TrackedOrder) -> None:
        customer = Customer(id=f"{self.plan.name}-C")
        await self.upstream.publish(
            OrderPlaced(order=order.name, warehouse=WAREHOUSE, customer=customer, lines=order.lines)
        )

    def _on_event(self, event: Event) -> None:
        for commands in self._commands_for(event.data):
            self._tasks.create_task(self._publish_all(commands))
        data = event.data
        if isinstance(data, Rejected) and data.cause and data.cause.source == SOURCE:
            self._on_rejection(data, self.upstream.sent.get(data.cause.id))

    async def _publish_all(self, messages: Iterable[Message], delay: float = 0) -> None:
        await asyncio.sleep(delay)
        for message in messages:
            await self.upstream.publish(message)

    def _on_rejection(self, rejection: Rejected, message: Message | None) -> None:
        if message is None or not message.key().startswith(self.plan.name):
            return
        if rejection.code != Code.NOT_YET_AVAILABLE:
            self.rejections.append(rejection)
            return
        self.retry_count += 1
        self._tasks.create_task(self._publish_all([order_script.restrict_to(message, rejection.ids)], RETRY_AFTER))

    def _commands_for(self, data: Message) -> Iterator[list[Message]]:
        """Yield the commands triggered by an event."""
        match data:
            case ReceiptLineExpected(receipt=receipt) if receipt in self.receipts:
                sku, serials = self.receipts[receipt]
                yield self._scan_commands(receipt, sku=sku, serials=serials)
            case ReceiptLineExpected(receipt=receipt, sku=self.plan.lot_sku):
                yield self._scan_commands(receipt, sku=self.plan.lot_sku, lots=scanned_lots())
            case ReceiptSerialsReceived(receipt=receipt, sku=sku, serials=serials) if (
                self.put_away and receipt in self.receipts
            ):
                shelf = SHELVES[len(receipt) % len(SHELVES)]
                yield [PutAwaySerials(actor=ACTOR, sku=sku, serials=serials, location=shelf)]
            case SerialStateChanged(sku=sku, status=status) if sku.startswith(self.plan.name):
                for serial, version in zip(data.serials, data.versions, strict=True):
                    if version > self.versions[sku, serial]:
                        self.versions[sku, serial], self.status[sku, serial] = version, status
            case LotReceived() | LotMoved() | LotShipped() if data.sku == self.plan.lot_sku:
                yield from self._on_lot_event(data)
            case (
                SerialAllocated()
                | LotAllocated()
                | OrderSerialsPicked()
                | OrderLotsPicked()
                | CartonPacked()
                | OrderStatusChanged()
            ) if data.order in self.orders:
                yield from self._on_order_event(self.orders[data.order], data)

    def _scan_commands(self, receipt: str, **items: object) -> list[Message]:
        scan = ScanItems.model_validate({"receipt": receipt, "session": "1", "location": DOCK, "actor": ACTOR, **items})
        return [scan, ConfirmSession(actor=ACTOR, receipt=receipt, session="1")]

    def _on_lot_event(self, data: LotReceived | LotMoved | LotShipped) -> Iterator[list[Message]]:
        match data:
            case LotReceived(lot=lot, quantity=quantity):
                self.lots["received"] += quantity
                if self.put_away:
                    yield [
                        PutAwayLot(
                            actor=ACTOR, sku=data.sku, lot=lot, quantity=quantity, from_location=DOCK,
                            location=LOT_SHELVES[lot],
                        )
                    ]  # fmt: skip
            case LotMoved(quantity=quantity):
                self.lots["stored"] += quantity
            case LotShipped(lots=lots):
                self.lots["SHIPPED"] += sum((shipped_lot.quantity for shipped_lot in lots), Decimal(0))

    def _on_order_event(self, order: TrackedOrder, data: Message) -> Iterator[list[Message]]:
        order_script.update_order(order, data)
        if isinstance(data, OrderLotsPicked):
            self.lots["PICKED"] += sum((lot.quantity for lot in data.lots), Decimal(0))
        if order.is_fully_allocated and not order.is_started:
            order.is_started = True
            yield order_script.cancel_commands(order) if order.to_cancel else order_script.pick_commands(order)
        if isinstance(data, OrderSerialsPicked | OrderLotsPicked) and order.is_fully_picked:
            yield order_script.pack_commands(order)
        if isinstance(data, CartonPacked) and not order.packed:
            order.packed = True
            if self.dispatch:
                yield self.shipping_commands(order.shipment)

    def shipping_commands(self, shipment: str) -> list[Message]:
        """Return the commands that ship and dispatch a shipment, once all its orders are packed."""
        return order_script.shipping_commands(
            [order for order in self.orders.values() if order.shipment == shipment and not order.to_cancel]
        )
