"""Races for lots: competing orders and holds, with two replicas of each service."""

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import httpx

from shared.contracts.commands.lots import PlaceLotHold, PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.envelope import Message
from shared.contracts.lots import LotAllocated
from shared.contracts.upstream import AsnAnnounced, Customer, OrderLine, OrderPlaced
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.load import Load
from tests.faults.plan import DOCK, SHELVES, WAREHOUSE, LoadPlan
from tests.faults.proof import prove
from tests.faults.snapshots import fetch_rows
from tests.faults.test_races import post_command
from tests.faults.upstream import UpstreamClient
from tests.support.auth import bearer
from tests.support.timing import MAX_WAIT_SECONDS

EXPIRIES = {"L1": "2150-03-01", "L2": "2150-01-01", "L3": "2150-05-01", "L4": "2150-02-01", "L5": "2150-04-01"}
QUANTITY_PER_LOT, ORDER_COUNT = 4, 50


class CompetingOrders:
    """Five lots of a product and many orders of quantity one; commands go to both replicas in turn."""

    def __init__(self, cluster: Cluster, load: Load, client: httpx.AsyncClient) -> None:
        self.cluster, self.client = cluster, client
        self.name, self.sku = load.plan.name, load.plan.lot_sku
        total_quantity = Decimal(QUANTITY_PER_LOT * len(EXPIRIES))
        load.expected_statuses, load.expected_lots = Counter(), {"received": total_quantity, "stored": total_quantity}

    async def execute(self, service: str, command: Message, number: int = 0) -> None:
        """Send a command that must succeed; retry while the response has a Retry-After header."""
        while True:
            response = await post_command(self.client, self.cluster.replicas[service][number % 2], command)
            if response.is_success:
                return
            assert "Retry-After" in response.headers, response.text
            await asyncio.sleep(0.1)

    async def stock_lots(self) -> None:
        """Receive the lots and put each away to its own location."""
        receipt = f"{self.name}-R"
        await self.execute("receiving", AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
        lots = [{"lot": lot, "quantity": QUANTITY_PER_LOT, "expiry": expiry} for lot, expiry in EXPIRIES.items()]
        scan = {"receipt": receipt, "session": "1", "sku": self.sku, "location": DOCK, "lots": lots}
        await self.execute("receiving", ScanItems.model_validate(scan))
        await self.execute("receiving", ConfirmSession(receipt=receipt, session="1"))
        await asyncio.gather(*(self.put_away(lot, location) for lot, location in zip(EXPIRIES, SHELVES, strict=True)))

    async def put_away(self, lot: str, location: str) -> None:
        """Put a lot away."""
        await self.execute(
            "lots",
            PutAwayLot(
                sku=self.sku, lot=lot, quantity=Decimal(QUANTITY_PER_LOT), from_location=DOCK, location=location
            ),
        )

    async def place_order(self, number: int) -> None:
        """Place an order of quantity one."""
        line = OrderLine(line="1", sku=self.sku, quantity=Decimal(1))
        order = OrderPlaced(
            order=f"{self.name}-X{number}", warehouse=WAREHOUSE, customer=Customer(id="C"), lines=[line]
        )  # fmt: skip
        await self.execute("fulfillment", order, number)

    async def allocated_by_lot(self) -> Counter[str]:
        """Return the allocated quantity by lot, as stored by fulfillment."""
        lot_rows = await fetch_rows(
            self.cluster.environment, "fulfillment",
            "SELECT lot, sum(quantity)::int AS quantity FROM allocated_lot WHERE sku = $1 GROUP BY lot", self.sku,
        )  # fmt: skip
        return Counter({row["lot"]: row["quantity"] for row in lot_rows})


async def test_50_orders_for_20_pieces(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """50 parallel orders for 20 pieces of five lots get exactly 20, by FEFO in commit order (S08, S27)."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("fifty-lots", skus=1, receipts=0, orders=0, put_away=False))
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        competing_orders = CompetingOrders(cluster, load, client)
        await competing_orders.stock_lots()
        await asyncio.gather(*map(competing_orders.place_order, range(ORDER_COUNT)))
        await cluster.wait_until_quiescent()
    findings = await prove(cluster, load)
    allocations = [
        event.data
        for event in upstream.events.values()
        if isinstance(event.data, LotAllocated) and event.data.allocated
    ]
    expiries = [allocation.allocated[0].expiry for allocation in allocations if allocation.sku == competing_orders.sku]
    assert len(expiries) == len({allocation.order for allocation in allocations}) == 20
    assert all(earlier <= later for earlier, later in pairwise(expiries)), expiries  # type: ignore[operator]
    assert await competing_orders.allocated_by_lot() == dict.fromkeys(EXPIRIES, QUANTITY_PER_LOT)
    report.add("50 orders for 20 pieces of 5 lots", findings, await cluster.metrics(), note="20 allocated")


async def test_holds_race_allocation(cluster: Cluster, upstream: UpstreamClient, report: FaultReport) -> None:
    """Two of five lots are put on hold during 50 orders: the other three are allocated completely (S27, S28)."""
    await cluster.scale_to(2)
    load = Load(upstream, LoadPlan("held-lots", skus=1, receipts=0, orders=0, put_away=False))
    async with load.running(), httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        competing_orders = CompetingOrders(cluster, load, client)
        await competing_orders.stock_lots()

        async def place_hold(number: int, lot: str) -> None:
            await asyncio.sleep(0.1 * number)
            await competing_orders.execute(
                "lots",
                PlaceLotHold(sku=competing_orders.sku, lot=lot, hold_id=f"H-{lot}", reason="quality check"),
                number,
            )

        await asyncio.gather(
            *map(competing_orders.place_order, range(ORDER_COUNT)), place_hold(1, "L2"), place_hold(3, "L5")
        )
        await cluster.wait_until_quiescent()
    findings = await prove(cluster, load)
    allocated = await competing_orders.allocated_by_lot()
    assert allocated == dict.fromkeys(("L1", "L3", "L4"), QUANTITY_PER_LOT), allocated
    report.add("holds race 50 orders", findings, await cluster.metrics(), note="12 of 20 allocated, 8 held")
