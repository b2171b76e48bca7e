"""A morning's order lines of counted goods: 10 000 over 1 000 lots of 100 products, until all are allocated, FEFO.

Ten lots a product, each at a place of its own and with dates that do not follow their receipts; orders of ten lines.
"""

import asyncio
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, Scan, ScannedLot
from shared.contracts.envelope import Fact
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderLine, OrderPlaced, ProductDefined
from tests.bench import world
from tests.bench.report import Section, table
from tests.bench.warehouse import Warehouse, folder, opened, servers

PRODUCTS, LOTS, LINES = 100, 10, 10
"""Lots a product, and lines an order."""
UNITS = 10_000

ALLOCATED = """
SELECT coalesce(sum(quantity), 0)::int FROM reserved
"""
# How long before the last commit anywhere the last of it was allocated: from then on fulfillment hears of it.
BEFORE_THE_END = """
SELECT extract(epoch FROM (SELECT timestamp FROM pg_last_committed_xact()) - max(pg_xact_commit_timestamp(xmin)))::float
FROM reserved
"""
# Of every product that has some left, nothing that was given expires later than what was not.
OUT_OF_ORDER = """
SELECT count(*) FROM balance AS given JOIN lot AS late ON (late.sku, late.lot) = (given.sku, given.lot)
JOIN balance AS left_over ON left_over.sku = given.sku AND left_over.on_hand > left_over.allocated AND left_over.stored
JOIN lot AS early ON (early.sku, early.lot) = (left_over.sku, left_over.lot)
WHERE given.allocated > 0 AND early.expiry < late.expiry
"""


@dataclass(frozen=True)
class Larder:
    """One wave of goods, a tenth more than is ordered of them."""

    prefix: str
    lines: int
    """Order lines, of one piece each."""

    @property
    def size(self) -> int:
        """Pieces of a lot."""
        return self.lines * 11 // 10 // (PRODUCTS * LOTS)

    def sku(self, number: int) -> str:
        """A product of this wave."""
        return f"{self.prefix}FOOD-{number % PRODUCTS:03}"

    def products(self) -> Iterator[Fact]:
        """What the ERP knows."""
        for number in range(PRODUCTS):
            yield ProductDefined(sku=self.sku(number), name="Food", lot_tracked=True)

    def announced(self) -> Iterator[Fact]:
        """A receipt a product."""
        for number in range(PRODUCTS):
            line = AsnLine(line="1", sku=self.sku(number), quantity=LOTS * self.size)
            yield AsnAnnounced(receipt=f"ASN-{self.sku(number)}", warehouse=world.HOUSE, lines=[line])

    def scanned(self) -> Iterator[Fact]:
        """Every lot of a product."""
        today = datetime.now(UTC).date()
        for number in range(PRODUCTS):
            lots = [
                ScannedLot(lot=f"L-{lot}", quantity=self.size, expiry=self._expiry(today, lot)) for lot in range(LOTS)
            ]
            yield Scan(
                receipt=f"ASN-{self.sku(number)}", session=f"S-{self.sku(number)}", sku=self.sku(number),
                location=world.DOCK, lots=lots,
            )  # fmt: skip

    @staticmethod
    def _expiry(today: date, lot: int) -> date:
        return today + timedelta(days=100 + lot * 7 % LOTS)

    def confirmed(self) -> Iterator[Fact]:
        """Each session."""
        for number in range(PRODUCTS):
            sku = self.sku(number)
            yield ConfirmSession(receipt=f"ASN-{sku}", session=f"S-{sku}", quantity=LOTS * self.size)

    def put_away(self) -> Iterator[Fact]:
        """Each lot to a place of its own turn."""
        for lot in range(LOTS):
            for number in range(PRODUCTS):
                place = world.STORES[(number * LOTS + lot) % len(world.STORES)]
                yield PutAwayLot(
                    sku=self.sku(number), lot=f"L-{lot}", quantity=self.size, from_location=world.DOCK, location=place
                )

    def ordered(self) -> Iterator[Fact]:
        """Orders of ten lines, each of another product."""
        for order in range(self.lines // LINES):
            lines = [
                OrderLine(line=str(line + 1), sku=self.sku(order * LINES + line), quantity=1) for line in range(LINES)
            ]
            yield OrderPlaced(
                order=f"SO-{self.prefix}{order:05}", warehouse=world.HOUSE, customer=Customer(id="C-1"), lines=lines
            )


async def stocked(warehouse: Warehouse, larder: Larder) -> None:
    """Goods of a wave in their places."""
    for facts in (larder.products, larder.announced, larder.scanned, larder.confirmed, larder.put_away):
        await warehouse.phase(facts())


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[tuple[float, float]]:
    """Seconds until all is allocated, and until all is known to be, of each morning but the first."""
    seconds, lines = [], 0
    async with opened(stack, services) as warehouse:
        lots = warehouse.watch.databases["lots"]
        for number in range(times + 1):
            larder = Larder(f"F{number}-", UNITS if number else 2_000)  # the first is to warm up
            await stocked(warehouse, larder)
            await warehouse.checkpoint()
            known = await warehouse.phase(larder.ordered())
            seconds.append((known - await lots.fetchval(BEFORE_THE_END), known))
            lines += larder.lines
            if (found := await lots.fetchval(ALLOCATED)) != lines or await lots.fetchval(OUT_OF_ORDER):
                raise RuntimeError(f"{lines} pieces should be allocated, first expired first; there are {found}")
    return seconds[1:]


def measure(times: int) -> Section:
    """So many mornings, one after another."""
    with folder() as where, servers(where) as stack, processes.running(stack.env, where / "logs") as services:
        seconds = asyncio.run(_run(stack, services, times))
    rows = []
    for until, each in zip(("allocated", "known to the order"), zip(*seconds, strict=True), strict=True):
        median = statistics.median(each)
        rows.append([until, ", ".join(f"{it:.2f}" for it in each), f"{median:.2f}", f"{UNITS / median:,.0f}"])
    return Section("fefo", "10 000 order lines over 1 000 lots of 100 products, first expired first",
                   [table(["until all are", "seconds", "median", "lines/s"], rows)])  # fmt: skip
