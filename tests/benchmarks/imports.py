"""Import of opening stock: rows per second of reading and processing, and the peak of memory that this takes."""

import asyncio
import re
import resource
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from services.receiving.app import app
from services.receiving.imports import KINDS
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from shared.http.xlsx import MAX_ROWS, Workbook
from shared.imports.files import FileOptions
from shared.imports.rows import read_rows
from shared.imports.runner import ImportRunner
from shared.messaging.dispatcher import dispatch
from shared.persistence.database import create_engine, transaction
from tests.benchmarks.bench_stack import bench_servers, temporary_folder
from tests.benchmarks.report import Section, markdown_table
from tests.support.auth import bearer
from tests.support.events import to_event
from tests.support.progress import FixedProgress

BLOCK_BYTES = 65_536


def reset_peak() -> None:
    """Let the peak of the memory of this process start again."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> int:
    """Return the peak of the resident memory of this process."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


async def send_blocks(path: Path) -> AsyncIterator[bytes]:
    """Read a file block by block."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def write_file(path: Path, name: str, rows: int) -> None:
    """Write a file of serial numbers that no other import has."""
    with path.open("w") as file:
        file.write("location,sku,serial\n")
        file.writelines(f"{name}/A-1,{name},{name}-{index:07}\n" for index in range(rows))


async def import_rows(database_url: str, rows: int) -> tuple[float, float]:
    """Import rows; return the seconds of reading and of processing."""
    engine = create_engine(database_url, "benchmark")
    app.state.engine, app.state.wake, app.state.progress = engine, lambda: None, FixedProgress()
    name = uuid4().hex[:8]
    definitions = (
        WarehouseDefined(warehouse=name, name="W"), LocationDefined(location=f"{name}/A-1", type="STORAGE"),
        ProductDefined(sku=name, name="P", serial_tracked=True),
    )  # fmt: skip
    async with transaction(engine) as tx:
        await dispatch(tx, app.state.registry, [to_event(message, "bench", tx.now) for message in definitions])
    transport = httpx.ASGITransport(app)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_file(path, name, rows)
        start = time.perf_counter()
        async with httpx.AsyncClient(
            transport=transport, base_url="http://receiving", timeout=3600, headers=bearer()
        ) as client:
            response = await client.post(
                "/imports/opening-serials", params={"number": name}, content=send_blocks(path),
                headers=bearer("bench"),
            )  # fmt: skip
            response.raise_for_status()
            read = time.perf_counter()
            await ImportRunner(app.state.registry, KINDS, engine, lambda: None).run_once()
            end = time.perf_counter()
            progress = (await client.get(f"/imports/{name}")).json()
    await engine.dispose()
    if progress["done_rows"] != rows:
        raise RuntimeError(f"{progress}")
    return read - start, end - read


def read_workbook(rows: int) -> tuple[float, int]:
    """Read a workbook of serial numbers; return the seconds, and the peak of the process that reads workbooks."""
    kind = next(kind for kind in KINDS if kind.name == "opening-serials")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.xlsx"
        workbook = Workbook(path, ["location", "sku", "serial"])
        workbook.write([("EAST/A-1", "PUMP", f"S{index:07}") for index in range(rows)])
        workbook.close()
        start = time.perf_counter()
        if sum(not row.problems for row in read_rows(path, kind, FileOptions())) != rows:
            raise RuntimeError("rows with problems")
        seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def measure(sizes: Sequence[int] = (100_000, 1_000_000)) -> Section:
    """Measure an import of each size, smallest first; the process has client, service and worker."""
    imported, workbooks = [], []
    for size in sizes:  # before the servers, which would be children too
        reset_peak()
        seconds, peak = read_workbook(min(size, MAX_ROWS - 1))
        workbooks.append([f"{size:,}", f"{size / seconds:,.0f}", f"{seconds:.1f}", peak_mib(), peak])
    with temporary_folder() as run_folder, bench_servers(run_folder) as stack:
        for size in sizes:
            reset_peak()
            before = peak_mib()
            read, processed = asyncio.run(import_rows(stack.env["RECEIVING_DATABASE_URL"], size))
            rates = [f"{size / read:,.0f}", f"{size / processed:,.0f}", f"{read + processed:.1f}"]
            imported.append([f"{size:,}", *rates, before, peak_mib()])
    headings = [
        "rows of CSV",
        "rows/s read and compared",
        "rows/s processed",
        "seconds",
        "MiB before",
        "MiB at the peak",
    ]
    columns = ["rows of XLSX", "rows/s read", "seconds", "MiB at the peak", "MiB of the process that reads workbooks"]
    tables = [markdown_table(headings, imported), markdown_table(columns, workbooks)]
    return Section("imports", "Import of opening stock of serial numbers", tables)
