"""Load of the fault tests: serials and lots from ASN to shipment; each event triggers the next command.

An event may reach this client before another service, so commands often arrive too early. A command rejected as
`not_yet_available` is sent again with a new id, as an upstream system would.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal

from shared.contracts.commands.fulfillment import DispatchShipment, PackItems, PickItems, ReportShortPick
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import Message, Rejected
from shared.contracts.fulfillment import (
    CartonPacked,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderStatusChanged,
)
from shared.contracts.lot_balances import LotVarianceChanged
from shared.contracts.lots import (
    LotAllocated,
    LotMoved,
    LotPicked,
    LotReceived,
    LotShipped,
    LotUnpicked,
)
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptLineExpected, ReceiptSerialsReceived
from shared.contracts.serials import SerialAllocated, SerialHoldPlaced, SerialHoldReleased, SerialStateChanged
from shared.contracts.upstream import AsnAnnounced, AsnLine, OrderAmended
from tests.faults import corrections, order_script
from tests.faults.fixtures import define_products
from tests.faults.identifier_flows import IdentifierFlows
from tests.faults.order_flow import RETRY_AFTER, OrderFlow
from tests.faults.plan import (
    DOCK,
    LOT_SHELVES,
    LOTS,
    ORDERED_PER_ORDER,
    RECEIVED_PER_LOT,
    SHELVES,
    WAREHOUSE,
    LoadPlan,
    UnitKey,
    scanned_lots,
)
from tests.faults.stock_counts import StockCounts
from tests.faults.upstream import ACTOR, SOURCE, Event, UpstreamClient

PUTAWAYS_PER_COUNT = 5


class Load:
    """A running load plan."""

    def __init__(self, upstream: UpstreamClient, plan: LoadPlan) -> None:
        self.upstream, self.plan = upstream, plan
        self.receipts = {receipt: (sku, serials) for receipt, sku, serials in plan.receipt_units()}
        self.stock = StockCounts(upstream, plan.lot_sku)
        self.identifiers = IdentifierFlows(upstream, plan.name, plan.identifier_flows)
        self.lots: dict[str, Decimal] = defaultdict(Decimal)
        self.flow = OrderFlow(plan, self.stock, self.lots)
        self.orders = self.flow.orders
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
        self.rejections: list[Rejected] = []
        """Final rejections: none, unless a test causes them."""
        self.retry_count = 0
        self.held: set[UnitKey] = set()
        """Units that a picker did not find."""
        self._announced: dict[str, set[str]] = defaultdict(set)
        self._putaways = 0
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
                self.stock.tasks = self.identifiers.tasks = self._tasks
                await define_products(self.upstream, self.products, [self.plan.lot_sku])
                await self.identifiers.define_products()
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
        assert not self.rejections, self._describe_progress()
        assert not self.flow.unexplained_picks, self.flow.unexplained_picks

    def _is_done(self) -> bool:
        statuses_reached = self.all_published and Counter(self.status.values()) == self.expected_statuses
        lots_reached = all(self.lots[name] == quantity for name, quantity in self.expected_lots.items())
        return (
            statuses_reached
            and lots_reached
            and all(order.cancelled for order in self.orders.values() if order.to_cancel)
            and not self.held
            and self.stock.are_complete
            and not self.identifiers.open_steps
        )

    def _describe_progress(self) -> str:
        orders = [str(order) for order in self.orders.values() if not order.to_cancel and not order.packed]
        rejected = [*self.rejections, *self.flow.crossing_picks.values()]
        rejections = [(rejection.rejected_type, rejection.code, rejection.detail) for rejection in rejected]
        statuses, lots = dict(Counter(self.status.values())), dict(self.lots)
        progress = f"{statuses} of {dict(self.expected_statuses)}, {lots} of {self.expected_lots}"
        counts = f"{self.stock.settled} of {self.stock.sent} counts, missing {self.stock.missing}, held {self.held}"
        return f"{progress}, {orders[:3]}, {counts}, {self.identifiers.open_steps}, rejected {rejections[:5]}"

    async def _publish_plan(self) -> None:
        """Announce receipts and place orders alternately; some orders precede their stock."""
        orders, lots = iter(self.orders.values()), iter(self.plan.lot_receipts)
        for number, (receipt, (sku, serials)) in enumerate(self.receipts.items()):
            for message in corrections.asn_messages(receipt, number, sku, serials):
                await self.upstream.publish(message)
            if lot_receipt := next(lots, None):
                await self._announce_lots(lot_receipt)
            if order := next(orders, None):
                await self.upstream.publish(order_script.placement(order, f"{self.plan.name}-C"))
            await self.identifiers.start_next(number)
            await asyncio.sleep(self.plan.interval)
        for lot_receipt in lots:
            await self._announce_lots(lot_receipt)
        for order in orders:
            await self.upstream.publish(order_script.placement(order, f"{self.plan.name}-C"))
        self.all_published = True

    async def _announce_lots(self, receipt: str) -> None:
        line = AsnLine(line="1", sku=self.plan.lot_sku, quantity=len(LOTS) * RECEIVED_PER_LOT)
        await self.upstream.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))

    def _on_event(self, event: Event) -> None:
        self.stock.on_event(event)
        self.identifiers.on_event(event.data)
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
        if self.identifiers.resend_if_early(message, rejection):
            return
        match message:
            case OrderAmended() if rejection.code == Code.ORDER_CLOSED:
                return  # it has been shipped as ordered before
            case DispatchShipment() | PackItems() if rejection.code == Code.NOT_AS_ORDERED:
                for commands, delay in self.flow.on_refused(message, rejection.ids):
                    self._tasks.create_task(self._publish_all(commands, delay))
                return
            case PickItems() | ReportShortPick() if message.order in self.orders and self.flow.is_crossing(
                message.order, rejection
            ):
                self._tasks.create_task(self._pick_again(message.order))
                return
        if rejection.code != Code.NOT_YET_AVAILABLE:
            self.rejections.append(rejection)
            return
        self.retry_count += 1
        self._tasks.create_task(self._publish_all([order_script.restrict_to(message, rejection.ids)], RETRY_AFTER))

    async def _pick_again(self, order: str) -> None:
        """Pick what is allocated instead of the released lots, without a report about them."""
        await asyncio.sleep(RETRY_AFTER)
        for commands in self.flow.pick_again(self.orders[order]):
            await self._publish_all(commands)

    def _commands_for(self, data: Message) -> Iterator[list[Message]]:
        """Yield the commands triggered by an event."""
        match data:
            case ReceiptLineExpected(receipt=receipt) if receipt in self.receipts:
                yield from self._on_expected(data)
            case ReceiptLineExpected(receipt=receipt, sku=self.plan.lot_sku):
                yield self._scan_commands(receipt, sku=self.plan.lot_sku, lots=scanned_lots())
            case ReceiptSerialsReceived(receipt=receipt, sku=sku, serials=serials) if (
                self.plan.put_away and receipt in self.receipts
            ):
                shelf = SHELVES[len(receipt) % len(SHELVES)]
                yield [PutAwaySerials(actor=ACTOR, sku=sku, serials=serials, location=shelf)]
            case SerialStateChanged() | SerialHoldPlaced() | SerialHoldReleased() if data.sku in self.products:
                self._on_units_changed(data)
            case LotReceived() | LotMoved() | LotVarianceChanged() if data.sku == self.plan.lot_sku:
                yield from self._on_lot_event(data)
            case (
                SerialAllocated()
                | LotAllocated()
                | LotPicked()
                | LotUnpicked()
                | LotShipped()
                | OrderSerialsDeallocated()
                | OrderLotsDeallocated()
                | OrderSerialsPicked()
                | OrderLotsPicked()
                | OrderLotsUnpicked()
                | CartonPacked()
                | OrderStatusChanged()
            ) if data.order in self.orders:
                yield from self.flow.on_event(self.orders[data.order], data)

    def _scan_commands(self, receipt: str, **items: object) -> list[Message]:
        scan = ScanItems.model_validate({"receipt": receipt, "session": "1", "location": DOCK, "actor": ACTOR, **items})
        return [scan, ConfirmSession(actor=ACTOR, receipt=receipt, session="1")]

    def _on_units_changed(self, data: SerialStateChanged | SerialHoldPlaced | SerialHoldReleased) -> None:
        """Note the status of units; count the location of a unit that a picker did not find."""
        keys = [(data.sku, serial) for serial in data.serials]
        match data:
            case SerialStateChanged(status=status):
                for key, version in zip(keys, data.versions, strict=True):
                    if version > self.versions[key]:
                        self.versions[key], self.status[key] = version, status
            case SerialHoldPlaced(location=str(location)) if self.plan.has_corrections:
                self.held |= set(keys)
                self._tasks.create_task(self.stock.count_units(f"{data.hold_id}-count", location))
            case SerialHoldReleased():
                self.held -= set(keys)

    def _on_expected(self, data: ReceiptLineExpected) -> Iterator[list[Message]]:
        """Scan a receipt once all parts of its ASN are known; the ASN or its last part may come again meanwhile."""
        sku, serials = self.receipts[data.receipt]
        is_known = self._announced[data.receipt] == set(serials)
        self._announced[data.receipt] |= set(data.serials)
        if not is_known and self._announced[data.receipt] == set(serials):
            number = list(self.receipts).index(data.receipt)
            if corrections.is_sent_again(number):
                yield corrections.asn_messages(data.receipt, number, sku, serials)[-1:]
            yield self._scan_commands(data.receipt, sku=sku, serials=serials)

    def _on_lot_event(self, data: LotReceived | LotMoved | LotVarianceChanged) -> Iterator[list[Message]]:
        match data:
            case LotReceived(lot=lot, quantity=quantity):
                self.lots["received"] += quantity
                if self.plan.put_away:
                    self.stock.begin(f"{data.receipt} {lot}")
                    yield [
                        PutAwayLot(
                            actor=ACTOR, sku=data.sku, lot=lot, quantity=quantity, from_location=DOCK,
                            location=LOT_SHELVES[lot], document=data.receipt,
                        )
                    ]  # fmt: skip
            case LotMoved(lot=lot, quantity=quantity, location=location):
                self.lots["stored"] += quantity
                self._putaways += 1
                if self.plan.has_corrections and self._putaways % PUTAWAYS_PER_COUNT == 0:
                    self.stock.request_count(lot, location)
            case LotVarianceChanged(lot=lot, location=location, missing=missing) if missing:
                self.stock.request_count(lot, location)
