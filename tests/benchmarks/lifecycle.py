"""Lifecycle of serials by Kafka commands, phase by phase, compared with the baseline.

The records of a phase are encoded before its measurement. The measurement runs from the first record sent to the last
commit of the server. The next phase begins when all services are quiescent. The rate is serials per sum of phase
durations.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import processes
from deploy.local.stack import Stack
from tests.benchmarks import baseline, cpu, workload
from tests.benchmarks.bench_stack import BenchStack, bench_servers, open_bench, temporary_folder
from tests.benchmarks.history import DatabaseHistory
from tests.benchmarks.report import Section, markdown_table

TRANSITIONS = 6
WARM_UP = 4_000
"""Serials of the warm-up: after 1,000 the JIT compiler of Kafka is still active."""


@dataclass(frozen=True)
class PhaseResult:
    """A measured phase."""

    name: str
    records: int
    seconds: float


@dataclass(frozen=True)
class LifecycleRun:
    """A run with its baseline."""

    phases: list[PhaseResult]
    baseline: baseline.Baseline
    spent: dict[str, float]

    @property
    def seconds(self) -> float:
        """Return the total duration of all phases."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def ratio(self) -> float:
        """Return the rate of the run divided by that of the baseline."""
        return sum(self.baseline.seconds) / self.seconds


async def receive(bench: BenchStack, load: workload.Workload) -> AsyncIterator[PhaseResult]:
    """Announce, scan and confirm all units: RECEIVED."""
    batches = len(load.batches)
    yield PhaseResult("announce", batches, await bench.run_phase(load.asn_messages()))
    yield PhaseResult("scan", batches, await bench.run_phase(load.scan_commands()))
    yield PhaseResult("confirm", batches, await bench.run_phase(load.confirm_commands()))


async def ship(bench: BenchStack, load: workload.Workload) -> AsyncIterator[PhaseResult]:
    """Order, pick, pack and dispatch all units: SHIPPED."""
    batches, start_offsets = len(load.batches), await bench.serials_end_offsets()
    yield PhaseResult("order", batches, await bench.run_phase(load.order_messages()))
    orders = await bench.allocated_orders(start_offsets)
    if sum(len(order.serials) for order in orders) != load.units or len(orders) != batches:
        raise RuntimeError(f"expected {load.units} units allocated to {batches} orders, found {len(orders)} orders")
    for phase_name, messages in (
        ("pick", workload.pick_commands),
        ("pack", workload.pack_commands),
        ("create shipment", workload.shipment_commands),
        ("dispatch", workload.dispatch_commands),
    ):
        yield PhaseResult(phase_name, batches, await bench.run_phase(messages(orders)))


async def run_lifecycle(bench: BenchStack, load: workload.Workload) -> AsyncIterator[PhaseResult]:
    """Run all phases."""
    async for phase in receive(bench, load):
        yield phase
    yield PhaseResult("put away", len(load.batches), await bench.run_phase(load.putaway_commands()))
    async for phase in ship(bench, load):
        yield phase


async def _measure(
    stack: Stack,
    services: Mapping[str, processes.Service],
    load: workload.Workload,
    after_phase: Callable[[str], Awaitable[None]],
) -> tuple[list[PhaseResult], dict[str, float], dict[str, DatabaseHistory]]:
    async with open_bench(stack, services) as bench:
        histories = {service: DatabaseHistory(database) for service, database in bench.quiescence.databases.items()}
        async for _ in run_lifecycle(bench, workload.Workload("W", WARM_UP, 1)):
            pass
        await bench.assert_status_count("SHIPPED", WARM_UP)
        for history in histories.values():
            await history.load_tables()
            await history.end_phase()
        await bench.checkpoint()
        phases, spent = [], dict[str, float]()
        before = bench.cpu_seconds()
        async for phase in run_lifecycle(bench, load):
            used = cpu.difference(bench.cpu_seconds(), before)
            spent = {name: spent.get(name, 0) + seconds for name, seconds in used.items()}
            phases.append(phase)
            for history in histories.values():
                await history.end_phase()
            await after_phase(phase.name)
            before = bench.cpu_seconds()
        await bench.assert_status_count("SHIPPED", WARM_UP + load.units)
        processes.stop_all(services.values())
        for history in histories.values():
            await history.load_update_counts()
        return phases, spent, histories


async def _do_nothing(_: str) -> None:
    """Default action between phases."""


def run_once(
    run_folder: Path, load: workload.Workload, after_phase: Callable[[str], Awaitable[None]] = _do_nothing
) -> LifecycleRun:
    """Run once on new servers, then the baseline on new databases."""
    with bench_servers(run_folder) as stack, processes.running(stack.env, run_folder / "logs") as services:
        phases, spent, histories = asyncio.run(_measure(stack, services, load, after_phase))
    steps = baseline.build_steps(histories, load.units)
    del histories
    return LifecycleRun(phases, baseline.measure_baseline(run_folder, steps), spent)


def build_section(load: workload.Workload, runs: list[LifecycleRun]) -> Section:
    """Build the result tables: ratios and rates, phases and processor time of the median run."""
    median = sorted(runs, key=lambda run: run.ratio)[len(runs) // 2]
    rate = load.units / median.seconds
    ratios = ", ".join(f"{run.ratio:.2f}" for run in runs)
    summary = markdown_table(
        ["units per event", "serials", "ratio to baseline", "median", "serials/s", "transitions/s",
         "baseline serials/s"],
        [[load.size, load.units, ratios, f"{statistics.median(run.ratio for run in runs):.2f}", f"{rate:,.0f}",
          f"{rate * TRANSITIONS:,.0f}", f"{load.units / sum(median.baseline.seconds):,.0f}"]],
    )  # fmt: skip
    phases = markdown_table(
        ["phase", "records", "seconds", "baseline seconds", "ratio", "serials/s"],
        [
            [phase.name, phase.records, f"{phase.seconds:.2f}", f"{baseline_seconds:.2f}",
             f"{baseline_seconds / phase.seconds:.2f}", f"{load.units / phase.seconds:,.0f}"]
            for phase, baseline_seconds in zip(median.phases, median.baseline.seconds, strict=True)
        ],
    )  # fmt: skip
    transitions = load.units * TRANSITIONS
    process_names = sorted({**median.baseline.spent, **median.spent}, key=lambda name: -median.spent.get(name, 0))
    cpu_rows = [(name, median.spent.get(name, 0), median.baseline.spent.get(name, 0)) for name in process_names]
    spent = markdown_table(
        ["processor time, µs per transition", "run", "baseline"],
        [
            [name, f"{run_seconds / transitions * 1e6:.1f}", f"{baseline_seconds / transitions * 1e6:.1f}"]
            for name, run_seconds, baseline_seconds in [
                *cpu_rows,
                ("total", sum(median.spent.values()), sum(median.baseline.spent.values())),
            ]
        ],
    )
    title = f"Lifecycle, {load.size} unit{'s' * (load.size > 1)} per event"
    return Section(f"lifecycle-{load.size}", title, [summary, phases, spent])


def measure(units: int, size: int, times: int) -> Section:
    """Measure run and baseline `times` times in turn."""
    load = workload.Workload("L", units, size)
    runs = []
    for _ in range(times):
        with temporary_folder() as run_folder:
            runs.append(run_once(run_folder, load))
            run, baseline_seconds = runs[-1], sum(runs[-1].baseline.seconds)
            print(f"  {run.seconds:.1f} s, baseline {baseline_seconds:.1f} s, ratio {run.ratio:.2f}", flush=True)
    return build_section(load, runs)
