"""A cancel races whatever else may become of its order: the allocation, the pick, the dispatch check, the dispatch."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Pack, Pick, Unit, Unpick
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    DispatchDone,
    DispatchRequested,
    OrderChanged,
    UnitPicked,
)
from shared.contracts.serials import DispatchApproved, SerialAllocated
from shared.contracts.upstream import Customer, OrderCancelled, OrderLine, OrderPlaced
from tests.faults.books import rows
from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Event, Outside
from tests.faults.plan import SHELVES, STAGING, WAREHOUSE, Plan
from tests.faults.table import Table
from tests.faults.test_races import post
from tests.timing import PATIENCE

WAITED = (
    AllocationRequested,
    SerialAllocated,
    OrderChanged,
    UnitPicked,
    DispatchRequested,
    DispatchApproved,
    DispatchDone,
)
AT_ONCE = None
"""A cancel that is sent together with what it races; the others are sent when the news comes that is named."""


@dataclass
class Racer:
    """The world around one fulfillment of two replicas: commands go to both by turns, cancels to the other one."""

    house: House
    outside: Outside
    client: httpx.AsyncClient
    sku: str
    news: dict[tuple[type[Fact], str], asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    async def do(self, fact: Fact, replica: int = 0) -> httpx.Response:
        """Send a command; what has not come there yet is sent again, as its answer says."""
        while True:
            answer = await post(self.client, self.house.replicas["fulfillment"][replica % 2], fact)
            if answer.is_success or "Retry-After" not in answer.headers:
                return answer
            await asyncio.sleep(0.1)

    async def place(self, order: str, quantity: int, replica: int = 0) -> None:
        """Place an order of one line."""
        lines = [OrderLine(line="1", sku=self.sku, quantity=quantity)]
        placed = OrderPlaced(order=order, warehouse=WAREHOUSE, customer=Customer(id="C"), lines=lines)
        answer = await self.do(placed, replica)
        assert answer.is_success, answer.text

    def hear(self, event: Event) -> None:
        """Ring for whoever waits for the news; an order's own is that it has units."""
        data = event.data
        if isinstance(data, WAITED) and (not isinstance(data, OrderChanged) or any(it.allocated for it in data.lines)):
            self.news[type(data), data.order].set()

    async def cancel(self, order: str, after: type[Fact] | None, replica: int = 0, patience: float = PATIENCE) -> bool:
        """Cancel at once or on news, or when that does not come; whether it was accepted: else the order had left."""
        if after is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news[after, order].wait(), patience)
            await asyncio.sleep(0.01 * (replica % 6))
        answer = await self.do(OrderCancelled(order=order), replica)
        if answer.is_success:
            return True
        assert answer.json()["code"] == "order_complete", answer.text
        return False

    async def units(self, service: str, order: str, status: str) -> list[str]:
        """What stands at a service of an order's units."""
        table = "serial_state" if service == "serials" else "unit"
        query = f"SELECT serial FROM {table} WHERE order_id = $1 AND status::text = $2 ORDER BY 1"  # noqa: S608
        return [row["serial"] for row in await rows(self.house.environment, service, query, order, status)]


async def test_cancel_races_allocation(house: House, outside: Outside, table: Table) -> None:
    """Of 40 orders for 20 units half are cancelled amid their allocation: the other half gets all 20 (S08, S11)."""
    await house.have(2)
    load = Load(outside, Plan("cancel-given", skus=1, receipts=4, units=5, orders=0, every=0))
    triggers = (AT_ONCE, AllocationRequested, SerialAllocated, OrderChanged)
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        racer = Racer(house, outside, client, load.plan.sku(0))
        outside.listeners.append(racer.hear)
        await load.finish()

        async def one(number: int) -> None:
            order = f"cancel-given-X{number}"
            await racer.place(order, 1, number)
            if number % 2 == 0:  # one that got nothing may hear nothing before it is cancelled
                assert await racer.cancel(order, triggers[number // 2 % len(triggers)], number // 2, patience=3)

        await asyncio.gather(*map(one, range(40)))
        await house.rest()
    load.wanted = Counter(ALLOCATED=20)
    found = await prove(house, load)
    query = "SELECT order_id, allocated::int, cancelled FROM order_line WHERE sku = $1"
    lines = await rows(house.environment, "fulfillment", query, racer.sku)
    assert Counter((row["allocated"], row["cancelled"]) for row in lines) == {(0, True): 20, (1, False): 20}
    table.add("cancel races allocation", found, await house.metrics(), note="20 of 40 cancelled, 20 have a unit")


async def test_cancel_races_pick_and_dispatch(house: House, outside: Outside, table: Table) -> None:
    """Cancelled amid its pick, its check or its dispatch an order leaves whole or not at all (S10, S11, S12, S21).

    What the cancelled orders give back, at once or by an unpick, goes to orders that waited for it.
    """
    await house.have(2)
    load = Load(outside, Plan("cancel-out", skus=1, receipts=8, units=9, orders=0, every=0))
    races = [(race, after) for race, after in RACES for _ in range(6)]
    orders = [f"cancel-out-X{number}" for number in range(len(races))]
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        racer = Racer(house, outside, client, load.plan.sku(0))
        outside.listeners.append(racer.hear)
        await load.finish()
        await asyncio.gather(*(racer.place(order, 2) for order in orders))
        await asyncio.gather(*(asyncio.wait_for(racer.news[OrderChanged, order].wait(), PATIENCE) for order in orders))
        await asyncio.gather(*(racer.place(f"cancel-out-W{number}", 9) for number in range(8)))
        accepted = await asyncio.gather(
            *(
                race(racer, order, after, number)
                for number, (order, (race, after)) in enumerate(zip(orders, races, strict=True))
            )
        )
        await house.rest()
        cancelled = [order for order, yes in zip(orders, accepted, strict=True) if yes]
        await one_winner_each(racer, orders, cancelled)
        picked = await back_to_stock(racer, cancelled)
        await house.rest()
    left = len(orders) - len(cancelled)
    load.wanted = +Counter(SHIPPED=2 * left, ALLOCATED=2 * len(cancelled))
    found = await prove(house, load)
    assert 0 < left < len(orders), "neither side ever won"
    note = f"{left} of {len(orders)} left, {picked} were picked first"
    table.add("cancel races pick, check, dispatch", found, await house.metrics(), note=note)


async def race_pick(racer: Racer, order: str, after: type[Fact] | None, number: int) -> bool:
    """Pick and cancel; a pick that lost is refused whole."""
    units = await the_units(racer, order)
    picked, accepted = await asyncio.gather(
        racer.do(Pick(order=order, units=units, location=STAGING), number), racer.cancel(order, after, number + 1)
    )
    assert picked.is_success or picked.json()["code"] == "order_cancelled", picked.text
    assert accepted, "what was only picked can be cancelled"
    return accepted


async def race_dispatch(racer: Racer, order: str, after: type[Fact] | None, number: int) -> bool:
    """Pick, pack, ship; then ask for the dispatch, and cancel."""
    units, carton, shipment = await the_units(racer, order), f"{order}-B", f"{order}-S"
    for fact in (
        Pick(order=order, units=units, location=STAGING),
        Pack(order=order, carton=carton, units=units),
        CreateShipment(shipment=shipment, orders=[order], cartons=[carton]),
    ):
        answer = await racer.do(fact, number)
        assert answer.is_success, answer.text
    asked, accepted = await asyncio.gather(
        racer.do(Dispatch(shipment=shipment, orders=[order]), number), racer.cancel(order, after, number + 1)
    )
    assert asked.is_success or asked.json()["code"] == "unwanted_units", asked.text
    return accepted


RACES = (
    (race_pick, AT_ONCE),
    (race_pick, UnitPicked),
    (race_dispatch, AT_ONCE),
    (race_dispatch, DispatchRequested),
    (race_dispatch, DispatchApproved),
    (race_dispatch, DispatchDone),
)


async def the_units(racer: Racer, order: str) -> list[Unit]:
    """The units that an order was given."""
    return [Unit(sku=racer.sku, serial=serial) for serial in await racer.units("fulfillment", order, "ALLOCATED")]


async def one_winner_each(racer: Racer, orders: Sequence[str], cancelled: Sequence[str]) -> None:
    """An order has left with both its units, or its cancel was accepted and none has; all say the same of it."""
    done = {it.data.order for it in racer.outside.heard.values() if isinstance(it.data, DispatchDone)}
    picks = {it.data.order for it in racer.outside.heard.values() if isinstance(it.data, UnitPicked)}
    for order in orders:
        left = order not in cancelled
        assert (order in done) == left, f"{order}: cancelled {not left}, dispatched {order in done}"
        for service in ("serials", "fulfillment"):
            stands = {status: len(await racer.units(service, order, status)) for status in ("PICKED", "SHIPPED")}
            wanted = {"PICKED": 0 if left or order not in picks else 2, "SHIPPED": 2 if left else 0}
            assert stands == wanted, (service, order, stands)
    query = "SELECT order_id, status FROM sales_order WHERE order_id = ANY($1)"
    for row in await rows(racer.house.environment, "fulfillment", query, orders):
        assert row["status"] == ("CANCELLED" if row["order_id"] in cancelled else "COMPLETE"), dict(row)


async def back_to_stock(racer: Racer, cancelled: Sequence[str]) -> int:
    """Unpick what is picked of cancelled orders; of how many orders."""
    count = 0
    for order in cancelled:
        if serials := await racer.units("fulfillment", order, "PICKED"):
            units = [Unit(sku=racer.sku, serial=serial) for serial in serials]
            answer = await racer.do(Unpick(order=order, units=units, location=SHELVES[0], reason="cancelled"))
            assert answer.is_success, answer.text
            count += 1
    return count
