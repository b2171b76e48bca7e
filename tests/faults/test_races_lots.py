"""Races for lots, over two replicas of each service."""

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import httpx

from shared.contracts.commands.lots import HoldLot, PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.envelope import Fact
from shared.contracts.lots import LotAllocated
from shared.contracts.upstream import AsnAnnounced, Customer, OrderLine, OrderPlaced
from tests.faults.books import rows
from tests.faults.check import prove
from tests.faults.house import House
from tests.faults.load import Load
from tests.faults.outside import Outside
from tests.faults.plan import DOCK, SHELVES, WAREHOUSE, Plan
from tests.faults.table import Table
from tests.faults.test_races import post
from tests.timing import PATIENCE

EXPIRIES = {"L1": "2150-03-01", "L2": "2150-01-01", "L3": "2150-05-01", "L4": "2150-02-01", "L5": "2150-04-01"}
EACH, ORDERS = 4, 50


class Rivals:
    """Five lots of a product, and many who want one piece each; what they ask goes to both replicas by turns."""

    def __init__(self, house: House, load: Load, client: httpx.AsyncClient) -> None:
        self.house, self.client = house, client
        self.name, self.sku = load.plan.name, load.plan.food
        came = Decimal(EACH * len(EXPIRIES))
        load.wanted, load.wanted_lots = Counter(), {"received": came, "stored": came}

    async def do(self, service: str, fact: Fact, number: int = 0) -> None:
        """Send a command that succeeds; what has not come there yet is sent again, as its answer says."""
        while True:
            answer = await post(self.client, self.house.replicas[service][number % 2], fact)
            if answer.is_success:
                return
            assert "Retry-After" in answer.headers, answer.text
            await asyncio.sleep(0.1)

    async def stocked(self) -> None:
        """Each lot on a shelf of its own."""
        receipt = f"{self.name}-R"
        await self.do("receiving", AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
        lots = [{"lot": lot, "quantity": EACH, "expiry": expiry} for lot, expiry in EXPIRIES.items()]
        scan = {"receipt": receipt, "session": "1", "sku": self.sku, "location": DOCK, "lots": lots}
        await self.do("receiving", Scan.model_validate(scan))
        await self.do("receiving", ConfirmSession(receipt=receipt, session="1"))
        await asyncio.gather(*(self.stored(lot, place) for lot, place in zip(EXPIRIES, SHELVES, strict=True)))

    async def stored(self, lot: str, place: str) -> None:
        """A lot from the dock to its shelf."""
        await self.do(
            "lots", PutAwayLot(sku=self.sku, lot=lot, quantity=Decimal(EACH), from_location=DOCK, location=place)
        )

    async def ordered(self, number: int) -> None:
        """One piece is wanted."""
        line = OrderLine(line="1", sku=self.sku, quantity=Decimal(1))
        order = OrderPlaced(
            order=f"{self.name}-X{number}", warehouse=WAREHOUSE, customer=Customer(id="C"), lines=[line]
        )  # fmt: skip
        await self.do("fulfillment", order, number)

    async def given(self) -> Counter[str]:
        """How much of each lot orders have, by fulfillment's books."""
        found = await rows(
            self.house.environment, "fulfillment",
            "SELECT lot, sum(quantity)::int AS quantity FROM pile WHERE sku = $1 GROUP BY lot", self.sku,
        )  # fmt: skip
        return Counter({row["lot"]: row["quantity"] for row in found})


async def test_fifty_orders_for_twenty_pieces(house: House, outside: Outside, table: Table) -> None:
    """50 parallel orders for 20 pieces in five lots get exactly 20, first expired first as they commit (S08, S27)."""
    await house.have(2)
    load = Load(outside, Plan("fifty-lots", skus=1, receipts=0, orders=0, put_away=False))
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        rivals = Rivals(house, load, client)
        await rivals.stocked()
        await asyncio.gather(*map(rivals.ordered, range(ORDERS)))
        await house.rest()
    found = await prove(house, load)
    answers = [it.data for it in outside.heard.values() if isinstance(it.data, LotAllocated) and it.data.given]
    expiries = [answer.given[0].expiry for answer in answers if answer.sku == rivals.sku]
    assert len(expiries) == len({answer.order for answer in answers}) == 20
    assert all(before <= after for before, after in pairwise(expiries)), expiries  # type: ignore[operator]
    assert await rivals.given() == dict.fromkeys(EXPIRIES, EACH)
    table.add("50 orders for 20 pieces of 5 lots", found, await house.metrics(), note="20 allocated")


async def test_holds_race_allocation(house: House, outside: Outside, table: Table) -> None:
    """Two of five lots are held amid 50 orders: nobody keeps any of them, and the others are given whole (S27, S28)."""
    await house.have(2)
    load = Load(outside, Plan("held-lots", skus=1, receipts=0, orders=0, put_away=False))
    async with load.running(), httpx.AsyncClient(timeout=PATIENCE) as client:
        rivals = Rivals(house, load, client)
        await rivals.stocked()

        async def hold(number: int, lot: str) -> None:
            await asyncio.sleep(0.1 * number)
            await rivals.do("lots", HoldLot(sku=rivals.sku, lot=lot, hold=f"H-{lot}", reason="a doubt"), number)

        await asyncio.gather(*map(rivals.ordered, range(ORDERS)), hold(1, "L2"), hold(3, "L5"))
        await house.rest()
    found = await prove(house, load)
    given = await rivals.given()
    assert given == dict.fromkeys(("L1", "L3", "L4"), EACH), given
    table.add("holds race 50 orders", found, await house.metrics(), note="12 of 20 allocated, 8 held")
