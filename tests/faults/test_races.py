"""Races between requests that both may win only in part: for stock, for serials, between a putaway and an order, …"""

import asyncio
import itertools
from collections import Counter

import httpx

from deploy.processes import Service
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.commands.serials import Hold, PutAway
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import DispatchDone
from shared.contracts.receiving import UnitReceived
from shared.contracts.serials import DispatchApproved, SerialAllocated, SerialHeld
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderLine, OrderPlaced
from shared.routing import Takes
from tests.faults.books import Record, map_of, records, rows
from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import ACTOR, Outside
from tests.faults.plan import DOCK, SHELVES, WAREHOUSE, Plan
from tests.faults.table import Table
from tests.faults.topics import firsts
from tests.paths import path_of
from tests.timing import PATIENCE


async def post(client: httpx.AsyncClient, replica: Service, fact: Fact) -> httpx.Response:
    """Send a command to a replica over HTTP, at the address its map names."""
    row = map_of(replica.name).by_type[fact.TYPE]
    assert isinstance(row, Takes)
    path = path_of(row, fact.model_dump())
    headers = {"X-Actor": ACTOR, "Idempotency-Key": f"{fact.TYPE} {next(KEYS)}"}
    body = fact.model_dump_json(exclude={"actor", "cause"}, exclude_none=True)
    return await client.post(f"{replica.url}{path}", content=body, headers=headers)


KEYS = itertools.count(1)


def order_of_one(load: Load, number: int) -> OrderPlaced:
    """Order one unit of a load's first product."""
    line = OrderLine(line="1", sku=load.plan.sku(0), quantity=1)
    customer = Customer(id=f"{load.plan.name}-C")
    return OrderPlaced(order=f"{load.plan.name}-X{number}", warehouse=WAREHOUSE, customer=customer, lines=[line])


async def test_fifty_orders_for_twenty_units(house: House, outside: Outside, table: Table) -> None:
    """50 parallel orders for 20 units, over two replicas of each service, get exactly 20, one each (S08)."""
    await house.have(2)
    load = Load(outside, Plan("fifty", skus=1, receipts=1, units=20, orders=0))
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        await load.finish()
        replicas = house.replicas["fulfillment"]
        answers = await asyncio.gather(
            *(post(client, replicas[number % 2], order_of_one(load, number)) for number in range(50))
        )
        assert {answer.is_success for answer in answers} == {True}, [answer.text for answer in answers]
    load.wanted = Counter(ALLOCATED=20)
    found = await prove(house, load)
    orders = await rows(
        house.environment, "serials", "SELECT order_id FROM serial_state WHERE sku = $1", load.plan.sku(0)
    )
    assert len({row["order_id"] for row in orders}) == 20
    query = "SELECT sum(allocated)::int AS given, sum(ordered)::int AS ordered FROM order_line WHERE sku = $1"
    ((given, ordered),) = await rows(house.environment, "fulfillment", query, load.plan.sku(0))
    assert (given, ordered) == (20, 50)
    table.add("50 orders for 20 units", found, await house.metrics(), note=f"{given} allocated")


async def test_two_replicas_scan_the_same_serials(house: House, outside: Outside, table: Table) -> None:
    """Two replicas that scan the same 300 new serials on two receipts accept each of them once (S14, S18)."""
    await house.have(2)
    load = Load(outside, Plan("scans", skus=1, receipts=0, orders=0))
    serials = [f"scans-{number:03}" for number in range(300)]
    sku, receipts = load.plan.sku(0), ("scans-A", "scans-B")
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        for receipt in receipts:
            lines = [AsnLine(line="1", sku=sku, quantity=300)]
            answer = await post(
                client, house.replicas["receiving"][0], AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=lines)
            )
            assert answer.is_success, answer.text
        both = zip(house.replicas["receiving"], receipts, (serials, serials[::-1]), strict=True)
        await asyncio.gather(*(scan_all(client, replica, receipt, sku, order) for replica, receipt, order in both))
    load.keys, load.wanted = {(sku, serial) for serial in serials}, Counter(RECEIVED=300)
    found = await prove(house, load)
    received = [
        serial
        for event in outside.heard.values()
        if isinstance(event.data, UnitReceived) and event.data.receipt in receipts
        for serial in event.data.serials
    ]
    assert sorted(received) == serials
    table.add("two replicas scan 300 serials", found, await house.metrics(), note=f"{len(received)} received")


async def scan_all(client: httpx.AsyncClient, replica: Service, receipt: str, sku: str, serials: list[str]) -> None:
    """Scan serials 30 at a time, and confirm what was accepted."""
    for start in range(0, len(serials), 30):
        some = serials[start : start + 30]
        scan = Scan(receipt=receipt, session="1", sku=sku, location=DOCK, serials=some)
        answer = await post(client, replica, scan)
        assert answer.is_success, answer.text
    answer = await post(client, replica, ConfirmSession(receipt=receipt, session="1"))
    assert answer.is_success, answer.text


async def test_putaway_races_shortfall(house: House, outside: Outside, table: Table) -> None:
    """Units put away while orders for them fall short are given to them at once: no order waits beside free stock."""
    await house.have(2)
    load = Load(outside, Plan("shortfall", skus=1, receipts=20, units=5, orders=0, put_away=False, every=0))
    async with load.running():
        await load.finish()
        await asyncio.gather(*(race(outside, load, number, key) for number, key in enumerate(sorted(load.keys))))
        load.wanted = Counter(ALLOCATED=100)
        await load.finish()
    found = await prove(house, load)
    answers = [each.data for each in outside.heard.values() if isinstance(each.data, SerialAllocated)]
    short = sum(answer.short > 0 for answer in answers)
    table.add("putaway races shortfall", found, await house.metrics(), note=f"{short} of 100 fell short first")


async def race(outside: Outside, load: Load, number: int, key: tuple[str, str]) -> None:
    """Order a unit and put one away, between at once and later than an order takes to get to the registry."""
    await asyncio.sleep(0.01 * number)
    await outside.say(order_of_one(load, number))
    await asyncio.sleep(0.03 * (number % 10))
    await outside.say(PutAway(actor=ACTOR, sku=key[0], serials=[key[1]], location=SHELVES[0]))


async def test_hold_races_dispatch(house: House, outside: Outside, table: Table) -> None:
    """A unit held before its dispatch check never ships, nor does the shipment it lies in (S10, S21)."""
    await house.have(2)
    plan = Plan("hold", skus=2, receipts=8, units=12, orders=24, quantity=2, cancel_every=100, dispatch=False, every=0)
    load = Load(outside, plan)
    async with load.running():
        await load.finish()
        await outside.until(lambda: all(order.packed for order in load.orders.values()), "all packed")
        for number, order in enumerate(list(load.orders.values())[::2]):
            held = min(order.given)
            hold = Hold(actor=ACTOR, sku=held[0], serials=[held[1]], hold=f"hold-{number}", reason="a doubt")
            for fact in load.leaving(order.shipment):
                await outside.say(fact)
            await asyncio.sleep(0.05 * number)  # from at once to long after
            await outside.say(hold)
        await house.rest()
    left, stayed = held_before_check(await records(house.environment), load)
    load.wanted = +Counter(SHIPPED=8 * left, PICKED=8 * stayed)
    found = await prove(house, load)
    checks = await rows(house.environment, "fulfillment", "SELECT * FROM dispatch_check WHERE status = 'CHECKING'")
    assert not checks, "a dispatch has no outcome"
    late = found.figures["held too late"]
    note = f"{left} shipments left ({late} held too late), {stayed} stayed"
    table.add("hold races dispatch", found, await house.metrics(), note=note)


def held_before_check(found: list[Record], load: Load) -> tuple[int, int]:
    """Fail where a unit shipped under a check that came after its hold; how many shipments left, how many did not."""
    held: dict[tuple[str, str], int] = {}
    approved: dict[tuple[str, str, str], int] = {}
    done = []
    for record in firsts(found):
        data, kind = record.event.get("data", {}), record.event.get("type")
        # a sku has one partition: offsets say what came first
        if kind == SerialHeld.TYPE:
            held |= {(data["sku"], unit["serial"]): record.offset for unit in data["units"]}
        elif kind == DispatchApproved.TYPE:
            approved |= {(data["check"], data["sku"], serial): record.offset for serial in data["serials"]}
        elif kind == DispatchDone.TYPE and data["order"] in load.orders:
            done.append(data)
    for data in done:
        for unit in data["units"]:
            key = (unit["sku"], unit["serial"])
            check = approved[data["check"], *key]
            assert held.get(key, check) >= check, f"{key} was held before its check, and left"
    left = {data["shipment"] for data in done}
    return len(left), len({order.shipment for order in load.orders.values()} - left)
