"""Races between commands: for stock, for serials, putaway against order, hold against dispatch."""

import asyncio
import itertools
from collections import Counter
from http import HTTPStatus

import httpx

from deploy.processes import Service
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.commands.serials import PlaceSerialHold, PutAwaySerials
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.receiving import ReceiptSerialsReceived
from shared.contracts.serials import SerialAllocated, SerialDispatchApproved, SerialHoldPlaced
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderLine, OrderPlaced
from shared.messaging.handlers import CommandHandler
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import DOCK, SHELVES, WAREHOUSE, LoadPlan
from tests.faults.proof import prove
from tests.faults.snapshots import TopicRecord, fetch_rows, read_records, registry_of
from tests.faults.topic_proofs import first_deliveries
from tests.faults.upstream import ACTOR, UpstreamClient
from tests.support.auth import bearer
from tests.support.paths import path_of
from tests.support.timing import MAX_WAIT_SECONDS


async def post_command(client: httpx.AsyncClient, replica: Service, command: Message) -> httpx.Response:
    """Send a command to a replica over HTTP, at the path of its handler; repeat it while the replica is overloaded."""
    handler = registry_of(replica.name).handlers_by_type[command.TYPE][0]
    assert isinstance(handler, CommandHandler)
    path = path_of(handler, command.model_dump())
    headers = {
        "Content-Type": "application/json", **bearer(ACTOR), "Idempotency-Key": f"{command.TYPE} {next(KEY_NUMBERS)}",
    }  # fmt: skip
    body = command.model_dump_json(exclude={"actor", "cause"}, exclude_none=True)
    while True:
        response = await client.post(f"{replica.url}{path}", content=body, headers=headers)
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            return response
        await asyncio.sleep(OVERLOAD_PAUSE)


KEY_NUMBERS = itertools.count(1)
OVERLOAD_PAUSE = 0.05
"""Seconds before a repetition: less than the Retry-After, so that the commands still race."""


def single_unit_order(load: Load, number: int) -> OrderPlaced:
    """Order one unit of a load's first product."""
    line = OrderLine(line="1", sku=load.plan.sku(0), quantity=1)
    customer = Customer(id=f"{load.plan.name}-C")
    return OrderPlaced(order=f"{load.plan.name}-X{number}", warehouse=WAREHOUSE, customer=customer, lines=[line])


async def test_50_orders_for_20_units(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """50 parallel orders for 20 units on two replicas of each service get 20 units, one each (S08)."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("fifty", skus=1, receipts=1, units=20, orders=0))
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        await load.wait_until_done()
        replicas = cluster.replicas["fulfillment"]
        responses = await asyncio.gather(
            *(post_command(client, replicas[number % 2], single_unit_order(load, number)) for number in range(50))
        )
        assert {response.is_success for response in responses} == {True}, [response.text for response in responses]
    load.expected_statuses = Counter(ALLOCATED=20)
    findings = await prove(cluster, load)
    orders = await fetch_rows(
        cluster.environment, "serials", "SELECT order_id FROM serial_state WHERE sku = $1", load.plan.sku(0)
    )
    assert len({row["order_id"] for row in orders}) == 20
    query = "SELECT sum(allocated)::int AS allocated, sum(ordered)::int AS ordered FROM order_line WHERE sku = $1"
    ((allocated, ordered),) = await fetch_rows(cluster.environment, "fulfillment", query, load.plan.sku(0))
    assert (allocated, ordered) == (20, 50)
    report.add("50 orders for 20 units", findings, await cluster.metrics(), note=f"{allocated} allocated")


async def test_two_replicas_scan_the_same_serials(
    cluster: Cluster, upstream: UpstreamClient, report: FaultReport
) -> None:
    """Two replicas that scan the same 300 new serials on two receipts accept each serial once (S14, S18)."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("scans", skus=1, receipts=0, orders=0))
    serials = [f"scans-{number:03}" for number in range(300)]
    sku, receipts = load.plan.sku(0), ("scans-A", "scans-B")
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        for receipt in receipts:
            lines = [AsnLine(line="1", sku=sku, quantity=300)]
            response = await post_command(
                client,
                cluster.replicas["receiving"][0],
                AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=lines),
            )
            assert response.is_success, response.text
        scans = zip(cluster.replicas["receiving"], receipts, (serials, serials[::-1]), strict=True)
        await asyncio.gather(
            *(scan_all(client, replica, receipt, sku, scanned_serials) for replica, receipt, scanned_serials in scans)
        )
    load.unit_keys, load.expected_statuses = {(sku, serial) for serial in serials}, Counter(RECEIVED=300)
    findings = await prove(cluster, load)
    received = [
        serial
        for event in upstream.events.values()
        if isinstance(event.data, ReceiptSerialsReceived) and event.data.receipt in receipts
        for serial in event.data.serials
    ]
    assert sorted(received) == serials
    report.add("two replicas scan 300 serials", findings, await cluster.metrics(), note=f"{len(received)} received")


async def scan_all(client: httpx.AsyncClient, replica: Service, receipt: str, sku: str, serials: list[str]) -> None:
    """Scan 30 serials at a time, then confirm the session."""
    for start in range(0, len(serials), 30):
        chunk = serials[start : start + 30]
        scan = ScanItems(receipt=receipt, session="1", sku=sku, location=DOCK, serials=chunk)
        response = await post_command(client, replica, scan)
        assert response.is_success, response.text
    response = await post_command(client, replica, ConfirmSession(receipt=receipt, session="1"))
    assert response.is_success, response.text


async def test_putaway_races_shortfall(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Units put away while orders are short are allocated at once: no backorder remains while stock is available."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("shortfall", skus=1, receipts=20, units=5, orders=0, put_away=False, interval=0))
    async with load.running():
        await load.wait_until_done()
        await asyncio.gather(
            *(order_and_put_away(upstream, load, number, key) for number, key in enumerate(sorted(load.unit_keys)))
        )
        load.expected_statuses = Counter(ALLOCATED=100)
        await load.wait_until_done()
    findings = await prove(cluster, load)
    allocations = [event.data for event in upstream.events.values() if isinstance(event.data, SerialAllocated)]
    short_count = sum(allocation.open_quantity > 0 for allocation in allocations)
    report.add(
        "putaway races shortfall", findings, await cluster.metrics(), note=f"{short_count} of 100 short at first"
    )


async def order_and_put_away(upstream: UpstreamClient, load: Load, number: int, unit_key: tuple[str, str]) -> None:
    """Order a unit and put one away after up to 0.3 s, longer than the order takes to reach serials."""
    await asyncio.sleep(0.01 * number)
    await upstream.publish(single_unit_order(load, number))
    await asyncio.sleep(0.03 * (number % 10))
    await upstream.publish(PutAwaySerials(actor=ACTOR, sku=unit_key[0], serials=[unit_key[1]], location=SHELVES[0]))


async def test_hold_races_dispatch(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """A unit held before its dispatch check never ships, nor does its shipment (S10, S21)."""
    await cluster.scale_to(2)
    plan = LoadPlan(
        "hold", skus=2, receipts=8, units=12, orders=24, quantity=2, cancel_every=100, dispatch=False, interval=0
    )
    load = Load(upstream, plan)
    async with load.running():
        await load.wait_until_done()
        await upstream.wait_until(lambda: all(order.packed for order in load.orders.values()), "all orders are packed")
        for number, order in enumerate(list(load.orders.values())[::2]):
            unit_key = min(order.allocated)
            hold = PlaceSerialHold(
                actor=ACTOR, sku=unit_key[0], serials=[unit_key[1]], hold_id=f"hold-{number}", reason="quality check"
            )
            for message in load.flow.shipping_commands(order.shipment):
                await upstream.publish(message)
            await asyncio.sleep(0.05 * number)  # from no delay to long after the dispatch
            await upstream.publish(hold)
        await cluster.wait_until_quiescent()
    dispatched_count, remaining_count = assert_no_unit_held_before_its_check(
        await read_records(cluster.environment), load
    )
    load.expected_statuses = +Counter(SHIPPED=8 * dispatched_count, PICKED=8 * remaining_count)
    findings = await prove(cluster, load)
    checks = await fetch_rows(
        cluster.environment, "fulfillment", "SELECT * FROM dispatch_check WHERE status = 'PENDING'"
    )
    assert not checks, "a dispatch check has no outcome"
    late_holds = findings.figures["late holds"]
    note = f"{dispatched_count} shipments dispatched ({late_holds} late holds), {remaining_count} not"
    report.add("hold races dispatch", findings, await cluster.metrics(), note=note)


def assert_no_unit_held_before_its_check(records: list[TopicRecord], load: Load) -> tuple[int, int]:
    """Assert that no unit shipped under a check later than its hold; return shipments dispatched and not."""
    hold_offsets: dict[tuple[str, str], int] = {}
    approval_offsets: dict[tuple[str, str, str], int] = {}
    dispatches = []
    for record in first_deliveries(records):
        data, event_type = record.event.get("data", {}), record.event.get("type")
        # a SKU has one partition: offsets give the order
        if event_type == SerialHoldPlaced.TYPE:
            hold_offsets |= {(data["sku"], unit["serial"]): record.offset for unit in data["units"]}
        elif event_type == SerialDispatchApproved.TYPE:
            approval_offsets |= {(data["check_id"], data["sku"], serial): record.offset for serial in data["serials"]}
        elif event_type == OrderDispatched.TYPE and data["order"] in load.orders:
            dispatches.append(data)
    for data in dispatches:
        for unit in data["units"]:
            key = (unit["sku"], unit["serial"])
            check_offset = approval_offsets[data["check_id"], *key]
            assert hold_offsets.get(key, check_offset) >= check_offset, f"{key} was held before its check and shipped"
    dispatched = {data["shipment"] for data in dispatches}
    return len(dispatched), len({order.shipment for order in load.orders.values()} - dispatched)
