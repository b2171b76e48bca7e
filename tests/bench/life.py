"""The whole life of serials by Kafka commands, phase by phase, against the floor: the same rows written by hand.

A phase's records are encoded before its clock, which runs from the first record sent to the last commit anywhere; the
next phase begins when all is at rest. The rate is serials by the sum of the phases.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import processes
from deploy.local.stack import Stack
from tests.bench import cpu, floor, world
from tests.bench.history import History
from tests.bench.report import Section, table
from tests.bench.warehouse import Warehouse, folder, opened, servers

TRANSITIONS = 6
WARM_UP = 4_000
"""Serials that live before the clock starts: after 1 000 Kafka's compiler is still at work."""


@dataclass(frozen=True)
class Phase:
    """One clocked phase."""

    name: str
    records: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """One life of all serials, and its floor."""

    phases: list[Phase]
    floor: floor.Floor
    spent: dict[str, float]

    @property
    def seconds(self) -> float:
        """All phases together."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def ratio(self) -> float:
        """The run's rate by the floor's."""
        return sum(self.floor.seconds) / self.seconds


async def arrive(warehouse: Warehouse, goods: world.World) -> AsyncIterator[Phase]:
    """Announced, scanned and confirmed: RECEIVED."""
    acts = len(goods.acts)
    yield Phase("announce", acts, await warehouse.phase(goods.announced()))
    yield Phase("scan", acts, await warehouse.phase(goods.scanned()))
    yield Phase("confirm", acts, await warehouse.phase(goods.confirmed()))


async def leave(warehouse: Warehouse, goods: world.World) -> AsyncIterator[Phase]:
    """Ordered, picked, packed and dispatched: SHIPPED."""
    acts, since = len(goods.acts), await warehouse.said_from()
    yield Phase("order", acts, await warehouse.phase(goods.ordered()))
    orders = await warehouse.orders(since)
    if sum(len(order.serials) for order in orders) != goods.units or len(orders) != acts:
        raise RuntimeError(f"{goods.units} units in {acts} orders should be allocated; there are {len(orders)} orders")
    for name, facts in (
        ("pick", world.picked),
        ("pack", world.packed),
        ("create shipment", world.created),
        ("dispatch", world.dispatched),
    ):
        yield Phase(name, acts, await warehouse.phase(facts(orders)))


async def live(warehouse: Warehouse, goods: world.World) -> AsyncIterator[Phase]:
    """The whole life."""
    async for phase in arrive(warehouse, goods):
        yield phase
    yield Phase("put away", len(goods.acts), await warehouse.phase(goods.put_away()))
    async for phase in leave(warehouse, goods):
        yield phase


async def _measure(
    stack: Stack,
    services: Mapping[str, processes.Service],
    goods: world.World,
    rested: Callable[[str], Awaitable[None]],
) -> tuple[list[Phase], dict[str, float], dict[str, History]]:
    async with opened(stack, services) as warehouse:
        histories = {service: History(database) for service, database in warehouse.watch.databases.items()}
        async for _ in live(warehouse, world.World("W", WARM_UP, 1)):
            pass
        await warehouse.expect("SHIPPED", WARM_UP)
        for history in histories.values():
            await history.begin()
            await history.mark()
        await warehouse.checkpoint()
        phases, spent = [], dict[str, float]()
        before = warehouse.cpu()
        async for phase in live(warehouse, goods):
            used = cpu.difference(warehouse.cpu(), before)
            spent = {name: spent.get(name, 0) + seconds for name, seconds in used.items()}
            phases.append(phase)
            for history in histories.values():
                await history.mark()
            await rested(phase.name)
            before = warehouse.cpu()
        await warehouse.expect("SHIPPED", WARM_UP + goods.units)
        processes.stop_all(services.values())
        for history in histories.values():
            await history.end()
        return phases, spent, histories


async def _nothing(_: str) -> None:
    """What is done between two phases, if nothing is."""


def run(where: Path, goods: world.World, rested: Callable[[str], Awaitable[None]] = _nothing) -> Run:
    """One life on fresh servers, then its floor on fresh databases."""
    with servers(where) as stack, processes.running(stack.env, where / "logs") as services:
        phases, spent, histories = asyncio.run(_measure(stack, services, goods, rested))
    written = floor.steps(histories, goods.units)
    del histories
    return Run(phases, floor.measure(where, written), spent)


def section(goods: world.World, runs: list[Run]) -> Section:
    """The runs as a table: ratios, rates, and the median run's phases and processor time."""
    median = sorted(runs, key=lambda each: each.ratio)[len(runs) // 2]
    rate = goods.units / median.seconds
    ratios = ", ".join(f"{each.ratio:.2f}" for each in runs)
    summary = table(
        ["units an event", "serials", "ratio to the floor", "median", "serials/s", "transitions/s", "floor, serials/s"],
        [[goods.size, goods.units, ratios, f"{statistics.median(each.ratio for each in runs):.2f}", f"{rate:,.0f}",
          f"{rate * TRANSITIONS:,.0f}", f"{goods.units / sum(median.floor.seconds):,.0f}"]],
    )  # fmt: skip
    phases = table(
        ["phase", "records", "seconds", "floor, seconds", "ratio", "serials/s"],
        [
            [each.name, each.records, f"{each.seconds:.2f}", f"{least:.2f}", f"{least / each.seconds:.2f}",
             f"{goods.units / each.seconds:,.0f}"]
            for each, least in zip(median.phases, median.floor.seconds, strict=True)
        ],
    )  # fmt: skip
    transitions = goods.units * TRANSITIONS
    used = sorted({**median.floor.spent, **median.spent}, key=lambda name: -median.spent.get(name, 0))
    told = [(name, median.spent.get(name, 0), median.floor.spent.get(name, 0)) for name in used]
    spent = table(
        ["processor time, µs a transition", "run", "floor"],
        [
            [name, f"{run / transitions * 1e6:.1f}", f"{least / transitions * 1e6:.1f}"]
            for name, run, least in [*told, ("all", sum(median.spent.values()), sum(median.floor.spent.values()))]
        ],
    )
    title = f"The whole life, {goods.size} unit{'s' * (goods.size > 1)} an event"
    return Section(f"life-{goods.size}", title, [summary, phases, spent])


def measure(units: int, size: int, times: int) -> Section:
    """Run and floor in turn, so many times."""
    goods = world.World("L", units, size)
    runs = []
    for _ in range(times):
        with folder() as where:
            runs.append(run(where, goods))
            last = runs[-1]
            print(f"  {last.seconds:.1f} s, floor {sum(last.floor.seconds):.1f} s, ratio {last.ratio:.2f}", flush=True)
    return section(goods, runs)
