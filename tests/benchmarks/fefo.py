"""FEFO allocation of 10,000 order lines over 1,000 lots of 100 products.

Each product has ten lots, each in its own location, with expiry dates unrelated to receipt order. Orders have ten
lines.
"""

import asyncio
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, ScanItems, ScannedLot
from shared.contracts.envelope import Message
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderLine, OrderPlaced, ProductDefined
from tests.benchmarks import workload
from tests.benchmarks.bench_stack import BenchStack, bench_servers, open_bench, temporary_folder
from tests.benchmarks.report import Section, markdown_table

PRODUCTS, LOTS, LINES = 100, 10, 10
"""LOTS per product, LINES per order."""
UNITS = 10_000

SELECT_ALLOCATED = """
SELECT coalesce(sum(quantity), 0)::int FROM reservation
"""
# Seconds from the last allocation to the last commit of the server: the time to reach fulfillment.
SELECT_SECONDS_BEFORE_END = """
SELECT extract(epoch FROM (SELECT timestamp FROM pg_last_committed_xact()) - max(pg_xact_commit_timestamp(xmin)))::float
FROM reservation
"""
# Allocated lots that expire after a lot of the same product with available stock.
SELECT_OUT_OF_ORDER = """
SELECT count(*) FROM balance AS allocated JOIN lot AS late ON (late.sku, late.lot) = (allocated.sku, allocated.lot)
JOIN balance AS available ON available.sku = allocated.sku AND available.on_hand > available.allocated
    AND available.is_storage
JOIN lot AS early ON (early.sku, early.lot) = (available.sku, available.lot)
WHERE allocated.allocated > 0 AND early.expiry < late.expiry
"""


@dataclass(frozen=True)
class LotWorkload:
    """Stock and orders of one run; stock exceeds the orders by a tenth."""

    prefix: str
    lines: int
    """Order lines, each of quantity one."""

    @property
    def lot_size(self) -> int:
        """Return the quantity of each lot."""
        return self.lines * 11 // 10 // (PRODUCTS * LOTS)

    def sku(self, number: int) -> str:
        """Return the SKU of a product of this run."""
        return f"{self.prefix}FOOD-{number % PRODUCTS:03}"

    def product_messages(self) -> Iterator[Message]:
        """Define the products."""
        for number in range(PRODUCTS):
            yield ProductDefined(sku=self.sku(number), name="Food", lot_tracked=True)

    def asn_messages(self) -> Iterator[Message]:
        """Announce one receipt per product."""
        for number in range(PRODUCTS):
            line = AsnLine(line="1", sku=self.sku(number), quantity=LOTS * self.lot_size)
            yield AsnAnnounced(receipt=f"ASN-{self.sku(number)}", warehouse=workload.WAREHOUSE, lines=[line])

    def scan_commands(self) -> Iterator[Message]:
        """Scan all lots of each product."""
        today = datetime.now(UTC).date()
        for number in range(PRODUCTS):
            lots = [
                ScannedLot(lot=f"L-{lot}", quantity=self.lot_size, expiry=self._expiry(today, lot))
                for lot in range(LOTS)
            ]
            yield ScanItems(
                receipt=f"ASN-{self.sku(number)}", session=f"S-{self.sku(number)}", sku=self.sku(number),
                location=workload.DOCK, lots=lots,
            )  # fmt: skip

    @staticmethod
    def _expiry(today: date, lot: int) -> date:
        return today + timedelta(days=100 + lot * 7 % LOTS)

    def confirm_commands(self) -> Iterator[Message]:
        """Confirm each session."""
        for number in range(PRODUCTS):
            sku = self.sku(number)
            yield ConfirmSession(receipt=f"ASN-{sku}", session=f"S-{sku}", quantity=LOTS * self.lot_size)

    def putaway_commands(self) -> Iterator[Message]:
        """Put each lot away, cycling through the locations."""
        for lot in range(LOTS):
            for number in range(PRODUCTS):
                location = workload.STORAGE_LOCATIONS[(number * LOTS + lot) % len(workload.STORAGE_LOCATIONS)]
                yield PutAwayLot(
                    sku=self.sku(number),
                    lot=f"L-{lot}",
                    quantity=self.lot_size,
                    from_location=workload.DOCK,
                    location=location,
                )

    def order_messages(self) -> Iterator[Message]:
        """Place orders of ten lines, each with a different product."""
        for order in range(self.lines // LINES):
            lines = [
                OrderLine(line=str(line + 1), sku=self.sku(order * LINES + line), quantity=1) for line in range(LINES)
            ]
            yield OrderPlaced(
                order=f"SO-{self.prefix}{order:05}",
                warehouse=workload.WAREHOUSE,
                customer=Customer(id="C-1"),
                lines=lines,
            )


async def stock_lots(bench: BenchStack, lot_workload: LotWorkload) -> None:
    """Receive and put away the stock of a run."""
    for messages in (
        lot_workload.product_messages,
        lot_workload.asn_messages,
        lot_workload.scan_commands,
        lot_workload.confirm_commands,
        lot_workload.putaway_commands,
    ):
        await bench.run_phase(messages())


async def _run(stack: Stack, services: Mapping[str, processes.Service], times: int) -> list[tuple[float, float]]:
    """Return the seconds until all lines are allocated in lots and in fulfillment, per measured run."""
    seconds, lines = [], 0
    async with open_bench(stack, services) as bench:
        lots = bench.quiescence.databases["lots"]
        for number in range(times + 1):
            lot_workload = LotWorkload(f"F{number}-", UNITS if number else 2_000)  # the first run is the warm-up
            await stock_lots(bench, lot_workload)
            await bench.checkpoint()
            total_seconds = await bench.run_phase(lot_workload.order_messages())
            seconds.append((total_seconds - await lots.fetchval(SELECT_SECONDS_BEFORE_END), total_seconds))
            lines += lot_workload.lines
            if (allocated := await lots.fetchval(SELECT_ALLOCATED)) != lines or await lots.fetchval(
                SELECT_OUT_OF_ORDER
            ):
                raise RuntimeError(f"expected {lines} allocated by FEFO, found {allocated}")
    return seconds[1:]


def measure(times: int) -> Section:
    """Measure `times` runs, one after another."""
    with (
        temporary_folder() as run_folder,
        bench_servers(run_folder) as stack,
        processes.running(stack.env, run_folder / "logs") as services,
    ):
        seconds = asyncio.run(_run(stack, services, times))
    rows = []
    for milestone, durations in zip(
        ("allocated in lots", "allocated in fulfillment"), zip(*seconds, strict=True), strict=True
    ):
        median = statistics.median(durations)
        rows.append(
            [
                milestone,
                ", ".join(f"{duration:.2f}" for duration in durations),
                f"{median:.2f}",
                f"{UNITS / median:,.0f}",
            ]
        )
    return Section("fefo", "FEFO allocation of 10,000 order lines over 1,000 lots of 100 products",
                   [markdown_table(["until all are", "seconds", "median", "lines/s"], rows)])  # fmt: skip
