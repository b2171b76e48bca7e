"""Memory of each service while it works through a backlog: resident before, and its peak.

The first backlog has 200,000 ASNs of one unit, the second 20,000 copies of an ASN of about 32 KB.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path

from deploy import processes
from deploy.local.stack import Stack
from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.benchmarks import workload
from tests.benchmarks.bench_stack import BenchStack, bench_servers, open_bench, temporary_folder
from tests.benchmarks.records import encode
from tests.benchmarks.report import Section, markdown_table

BACKLOG = 200_000
LARGE_RECORDS, LARGE_SERIALS = 20_000, 500
LIMIT = 200
"""Target for the peak of a service, in MiB."""


def _memory(service: processes.Service, field: str) -> int:
    """Return a memory field of a process in MiB: VmRSS (resident) or VmHWM (peak)."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


async def _run_small(bench: BenchStack) -> float:
    return await bench.run_phase(workload.Workload("M", BACKLOG, 1).asn_messages())


async def _run_large(bench: BenchStack) -> float:
    serials = [f"LARGE-{'0' * 42}{number:08}" for number in range(LARGE_SERIALS)]
    line = AsnLine(line="1", sku="SKU-000", quantity=LARGE_SERIALS, serials=serials)
    message = AsnAnnounced(receipt="ASN-LARGE", warehouse=workload.WAREHOUSE, supplier="Northwind", lines=[line])
    _, partition, key, value = encode(message)  # one id: all but the first are duplicates
    start = time.time()
    futures = [
        await bench.sender.producer.send(message.TOPIC.name, value, key=key, partition=partition)
        for _ in range(LARGE_RECORDS)
    ]
    await asyncio.gather(*futures)
    await bench.quiescence.wait_until_quiescent(message.TOPIC.name)  # duplicates write nothing: no last commit
    return time.time() - start


async def _run(stack: Stack, services: Mapping[str, processes.Service]) -> list[list[object]]:
    rows: list[list[object]] = []
    async with open_bench(stack, services) as bench:
        for title, run in (("200,000 ASNs of one unit", _run_small), ("20,000 records of 32 KB", _run_large)):
            before = {name: _memory(service, "VmRSS") for name, service in services.items()}
            seconds = await run(bench)
            for name, service in services.items():
                peak = _memory(service, "VmHWM")
                rows.append([title, name, before[name], peak, "yes" if peak < LIMIT else "no", f"{seconds:.0f}"])
    return rows


def measure() -> Section:
    """Measure both backlogs, one after another; the peak of the second includes the first."""
    with (
        temporary_folder() as run_folder,
        bench_servers(run_folder) as stack,
        processes.running(stack.env, run_folder / "logs") as services,
    ):
        rows = asyncio.run(_run(stack, services))
    headings = ["backlog", "service", "before, MiB", "peak, MiB", f"below {LIMIT} MiB", "seconds"]
    return Section("memory", "Memory during a backlog", [markdown_table(headings, rows)])
