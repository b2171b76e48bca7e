"""Import of opening stock from CSV: rows per second of reading and processing, and the memory of the process."""

import asyncio
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from services.receiving.app import app
from services.receiving.imports import KINDS
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from shared.imports.runner import ImportRunner
from shared.messaging.dispatcher import dispatch
from shared.persistence.database import create_engine, transaction
from tests.benchmarks.bench_stack import bench_servers, temporary_folder
from tests.benchmarks.report import Section, markdown_table
from tests.support.auth import bearer
from tests.support.events import to_event
from tests.support.progress import FixedProgress


def write_file(path: Path, name: str, rows: int) -> None:
    """Write a file of serial numbers."""
    with path.open("w") as file:
        file.write("location,sku,serial\n")
        file.writelines(f"{name}/A-1,{name},S{index:07}\n" for index in range(rows))


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
            transport=transport, base_url="http://receiving", timeout=900, headers=bearer()
        ) as client:
            response = await client.post(
                "/imports/opening-serials", params={"number": name}, content=path.read_bytes(),
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


def measure(sizes: Sequence[int] = (100_000,)) -> Section:
    """Measure an import of each size; the peak is that of the process so far."""
    rows = []
    with temporary_folder() as run_folder, bench_servers(run_folder) as stack:
        for size in sizes:
            read, processed = asyncio.run(import_rows(stack.env["RECEIVING_DATABASE_URL"], size))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            rows.append([size, f"{size / read:,.0f}", f"{size / processed:,.0f}", f"{read + processed:.1f}", peak])
    headings = ["rows", "rows/s read and compared", "rows/s processed", "seconds", "peak memory in MiB"]
    return Section("imports", "Import of opening stock of serial numbers from CSV", [markdown_table(headings, rows)])
