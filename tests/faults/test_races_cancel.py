"""Cancellation races allocation, pick, dispatch check and dispatch of its order."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    PackItems,
    PickItems,
    UnitSelector,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderSerialsPicked,
    OrderStatusChanged,
)
from shared.contracts.serials import SerialAllocated, SerialDispatchApproved
from shared.contracts.upstream import Customer, OrderCancelled, OrderLine, OrderPlaced
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import SHELVES, STAGING, WAREHOUSE, LoadPlan
from tests.faults.proof import prove
from tests.faults.snapshots import fetch_rows
from tests.faults.test_races import post_command
from tests.faults.upstream import Event, UpstreamClient
from tests.support.auth import bearer
from tests.support.timing import MAX_WAIT_SECONDS

AWAITED_EVENTS = (
    AllocationRequested,
    SerialAllocated,
    OrderStatusChanged,
    OrderSerialsPicked,
    DispatchCheckRequested,
    SerialDispatchApproved,
    OrderDispatched,
)
IMMEDIATELY = None
"""Cancel in parallel with the racing command; otherwise cancel after the given event."""


@dataclass
class RaceDriver:
    """Sends commands to two replicas of fulfillment in turn, and cancellations to the other one."""

    cluster: Cluster
    upstream: UpstreamClient
    client: httpx.AsyncClient
    sku: str
    event_signals: dict[tuple[type[Message], str], asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )

    async def execute(self, command: Message, replica: int = 0) -> httpx.Response:
        """Send a command; retry while the response has a Retry-After header."""
        while True:
            response = await post_command(self.client, self.cluster.replicas["fulfillment"][replica % 2], command)
            if response.is_success or "Retry-After" not in response.headers:
                return response
            await asyncio.sleep(0.1)

    async def place_order(self, order: str, quantity: int, replica: int = 0) -> None:
        """Place an order of one line."""
        lines = [OrderLine(line="1", sku=self.sku, quantity=quantity)]
        order_placed = OrderPlaced(order=order, warehouse=WAREHOUSE, customer=Customer(id="C"), lines=lines)
        response = await self.execute(order_placed, replica)
        assert response.is_success, response.text

    def on_event(self, event: Event) -> None:
        """Signal the arrival of an event; a status change counts once the order has units."""
        data = event.data
        if isinstance(data, AWAITED_EVENTS) and (
            not isinstance(data, OrderStatusChanged) or any(line.allocated for line in data.lines)
        ):
            self.event_signals[type(data), data.order].set()

    async def cancel_order(
        self, order: str, trigger: type[Message] | None, replica: int = 0, max_wait: float = MAX_WAIT_SECONDS
    ) -> bool:
        """Cancel at once, or after an event or a timeout; return False if the order was already dispatched."""
        if trigger is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.event_signals[trigger, order].wait(), max_wait)
            await asyncio.sleep(0.01 * (replica % 6))
        response = await self.execute(OrderCancelled(order=order), replica)
        if response.is_success:
            return True
        assert response.json()["code"] == "order_closed", response.text
        return False

    async def load_serials(self, service: str, order: str, status: str) -> list[str]:
        """Return the serials of an order with a status, as stored by a service."""
        table = "serial_state" if service == "serials" else "allocated_unit"
        query = f"SELECT serial FROM {table} WHERE order_id = $1 AND status::text = $2 ORDER BY 1"  # noqa: S608
        return [row["serial"] for row in await fetch_rows(self.cluster.environment, service, query, order, status)]


async def test_cancel_races_allocation(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Half of 40 orders for 20 units are cancelled during allocation: the others get all 20 (S08, S11)."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("cancel-allocated", skus=1, receipts=4, units=5, orders=0, interval=0))
    triggers = (IMMEDIATELY, AllocationRequested, SerialAllocated, OrderStatusChanged)
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        driver = RaceDriver(cluster, upstream, client, load.plan.sku(0))
        upstream.listeners.append(driver.on_event)
        await load.wait_until_done()

        async def run_order(number: int) -> None:
            order = f"cancel-allocated-X{number}"
            await driver.place_order(order, 1, number)
            if number % 2 == 0:  # an order without units may receive no event before it is cancelled
                assert await driver.cancel_order(order, triggers[number // 2 % len(triggers)], number // 2, max_wait=3)

        await asyncio.gather(*map(run_order, range(40)))
        await cluster.wait_until_quiescent()
    load.expected_statuses = Counter(ALLOCATED=20)
    findings = await prove(cluster, load)
    query = "SELECT order_id, allocated::int, cancelled FROM order_line WHERE sku = $1"
    lines = await fetch_rows(cluster.environment, "fulfillment", query, driver.sku)
    assert Counter((row["allocated"], row["cancelled"]) for row in lines) == {(0, True): 20, (1, False): 20}
    report.add("cancel races allocation", findings, await cluster.metrics(), note="20 of 40 cancelled, 20 have a unit")


async def test_cancel_races_pick_and_dispatch(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """An order cancelled during pick, check or dispatch ships completely or not at all (S10, S11, S12, S21).

    Units released by cancellations, at once or by an unpick, are allocated to backorders.
    """
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("cancel-dispatched", skus=1, receipts=8, units=9, orders=0, interval=0))
    pairs = [(race_function, trigger) for race_function, trigger in RACES for _ in range(6)]
    orders = [f"cancel-dispatched-X{number}" for number in range(len(pairs))]
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        driver = RaceDriver(cluster, upstream, client, load.plan.sku(0))
        upstream.listeners.append(driver.on_event)
        await load.wait_until_done()
        await asyncio.gather(*(driver.place_order(order, 2) for order in orders))
        await asyncio.gather(
            *(
                asyncio.wait_for(driver.event_signals[OrderStatusChanged, order].wait(), MAX_WAIT_SECONDS)
                for order in orders
            )
        )
        await asyncio.gather(*(driver.place_order(f"cancel-dispatched-W{number}", 9) for number in range(8)))
        accepted = await asyncio.gather(
            *(
                race_function(driver, order, trigger, number)
                for number, (order, (race_function, trigger)) in enumerate(zip(orders, pairs, strict=True))
            )
        )
        await cluster.wait_until_quiescent()
        cancelled = [order for order, was_accepted in zip(orders, accepted, strict=True) if was_accepted]
        await assert_one_winner_each(driver, orders, cancelled)
        picked_count = await unpick_cancelled_orders(driver, cancelled)
        await cluster.wait_until_quiescent()
    dispatched = len(orders) - len(cancelled)
    load.expected_statuses = +Counter(SHIPPED=2 * dispatched, ALLOCATED=2 * len(cancelled))
    findings = await prove(cluster, load)
    assert 0 < dispatched < len(orders), "one side won every race"
    note = f"{dispatched} of {len(orders)} dispatched, {picked_count} picked before cancellation"
    report.add("cancel races pick, check, dispatch", findings, await cluster.metrics(), note=note)


async def assert_pick_or_cancellation(
    driver: RaceDriver, order: str, trigger: type[Message] | None, number: int
) -> bool:
    """Pick and cancel in parallel; assert that a pick after the cancellation is rejected completely."""
    units = await allocated_units(driver, order)
    pick_response, accepted = await asyncio.gather(
        driver.execute(PickItems(order=order, units=units, location=STAGING), number),
        driver.cancel_order(order, trigger, number + 1),
    )
    assert pick_response.is_success or pick_response.json()["code"] == "order_cancelled", pick_response.text
    assert accepted, "a picked order can be cancelled"
    return accepted


async def assert_dispatch_or_cancellation(
    driver: RaceDriver, order: str, trigger: type[Message] | None, number: int
) -> bool:
    """Ship a packed order and cancel it in parallel; assert that a dispatch after the cancellation is rejected."""
    units, carton, shipment = await allocated_units(driver, order), f"{order}-B", f"{order}-S"
    for message in (
        PickItems(order=order, units=units, location=STAGING),
        PackItems(order=order, carton=carton, units=units),
        CreateShipment(shipment=shipment, orders=[order], cartons=[carton]),
    ):
        response = await driver.execute(message, number)
        assert response.is_success, response.text
    dispatch_response, accepted = await asyncio.gather(
        driver.execute(DispatchShipment(shipment=shipment, orders=[order]), number),
        driver.cancel_order(order, trigger, number + 1),
    )
    assert dispatch_response.is_success or dispatch_response.json()["code"] == "cancelled_items_present", (
        dispatch_response.text
    )
    return accepted


RACES = (
    (assert_pick_or_cancellation, IMMEDIATELY),
    (assert_pick_or_cancellation, OrderSerialsPicked),
    (assert_dispatch_or_cancellation, IMMEDIATELY),
    (assert_dispatch_or_cancellation, DispatchCheckRequested),
    (assert_dispatch_or_cancellation, SerialDispatchApproved),
    (assert_dispatch_or_cancellation, OrderDispatched),
)


async def allocated_units(driver: RaceDriver, order: str) -> list[UnitSelector]:
    """Return the units allocated to an order."""
    return [
        UnitSelector(sku=driver.sku, serial=serial)
        for serial in await driver.load_serials("fulfillment", order, "ALLOCATED")
    ]


async def assert_one_winner_each(driver: RaceDriver, orders: Sequence[str], cancelled: Sequence[str]) -> None:
    """Assert that an order shipped both units or was cancelled, and that all services agree."""
    dispatched_orders = {
        event.data.order for event in driver.upstream.events.values() if isinstance(event.data, OrderDispatched)
    }
    picked_orders = {
        event.data.order for event in driver.upstream.events.values() if isinstance(event.data, OrderSerialsPicked)
    }
    for order in orders:
        was_dispatched = order not in cancelled
        assert (order in dispatched_orders) == was_dispatched, (
            f"{order}: cancelled {not was_dispatched}, dispatched {order in dispatched_orders}"
        )
        for service in ("serials", "fulfillment"):
            counts = {
                status: len(await driver.load_serials(service, order, status)) for status in ("PICKED", "SHIPPED")
            }
            expected = {
                "PICKED": 0 if was_dispatched or order not in picked_orders else 2,
                "SHIPPED": 2 if was_dispatched else 0,
            }
            assert counts == expected, (service, order, counts)
    query = "SELECT order_id, status FROM sales_order WHERE order_id = ANY($1)"
    for row in await fetch_rows(driver.cluster.environment, "fulfillment", query, orders):
        assert row["status"] == ("CANCELLED" if row["order_id"] in cancelled else "SHIPPED"), dict(row)


async def unpick_cancelled_orders(driver: RaceDriver, cancelled: Sequence[str]) -> int:
    """Unpick all units of cancelled orders; return the number of orders with picked units."""
    count = 0
    for order in cancelled:
        if serials := await driver.load_serials("fulfillment", order, "PICKED"):
            units = [UnitSelector(sku=driver.sku, serial=serial) for serial in serials]
            response = await driver.execute(
                UnpickItems(order=order, units=units, location=SHELVES[0], reason="cancelled")
            )
            assert response.is_success, response.text
            count += 1
    return count
