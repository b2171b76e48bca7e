"""Slow and numerous HTTP clients on real sockets: they occupy no connection that others need."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.http import csv, limits
from shared.persistence import locks
from shared.persistence.database import create_engine, transaction
from tests.integration.shared.http_server import Connection, format_request, send, serve_toy
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS, assert_duration

POOL_SIZE = 2
INSERT_UNITS = text("""
    INSERT INTO unit (box, serial, position)
    SELECT 'large', number || repeat(md5(number::text), 60), number
    FROM generate_series(1, CAST(:count AS int)) AS number
""")


@pytest.fixture
async def port(toy: Any) -> AsyncIterator[int]:
    """Serve the toy service on a pool of two connections and return the port."""
    pool = create_engine(toy["TOY_DATABASE_URL"], "test-http", POOL_SIZE)
    files = create_engine(toy["TOY_DATABASE_URL"], "test-files", 2)
    async with serve_toy(pool, files) as number:
        yield number
    await files.dispose()
    await pool.dispose()


@pytest.fixture
async def http(port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Create a fast client."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=MAX_WAIT_SECONDS, headers=bearer()
    ) as client:
        yield client


async def insert_units(engine: AsyncEngine, count: int) -> None:
    """Insert units with names of 2 KB."""
    async with transaction(engine) as tx:
        await tx.execute(INSERT_UNITS, {"count": count})


async def add_unit(http: httpx.AsyncClient, box: str, serial: str = "1") -> httpx.Response:
    """Add a unit to a box."""
    headers = {"Idempotency-Key": f"{box} {serial}", **bearer("ann")}
    return await http.post(f"/boxes/{box}/units", json={"serials": [serial]}, headers=headers)


async def open_slowly(port: int, path: str, count: int) -> list[Connection]:
    """Request a path on several connections and read only the first line of each response."""
    connections = []
    for _ in range(count):
        reader, writer = await send(port, format_request("GET", path))
        assert b" 200 " in await reader.readline()
        connections.append((reader, writer))
    return connections


def assert_overloaded(response: httpx.Response) -> None:
    """Assert a problem that asks the client to retry after a random interval."""
    assert (response.status_code, response.json()["code"]) == (503, "overloaded"), response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(response.headers["Retry-After"]) <= 5


def file_starts(http: httpx.AsyncClient) -> Callable[[], Any]:
    """Return a condition: a file can be downloaded again."""

    async def check() -> bool:
        async with http.stream("GET", "/units.csv") as response:
            return response.status_code == 200

    return check


async def test_slow_readers_of_files_occupy_two_connections_of_their_own(
    port: int, http: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """Two slow readers of a CSV file: the third file is 503 at once, commands and queries go on."""
    await insert_units(engine, 5000)
    connections = await open_slowly(port, "/units.csv", 2)
    started_at = time.monotonic()
    assert_overloaded(await http.get("/units.csv"))
    assert_duration("rejection of a third file", time.monotonic() - started_at, 1)
    assert (await add_unit(http, "A")).status_code == 201
    assert (await http.get("/boxes/A")).status_code == 200
    connections[0][1].transport.abort()
    await wait_until(file_starts(http))
    connections[1][1].transport.abort()


async def test_slow_transfer_of_a_file_is_aborted(
    port: int, http: httpx.AsyncClient, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time limit the reader gets no final chunk, so the file is recognisably incomplete."""
    await insert_units(engine, 5000)
    with monkeypatch.context() as patch:
        patch.setattr(csv, "TRANSFER_TIMEOUT", 1.0)
        ((reader, writer),) = await open_slowly(port, "/units.csv", 1)
        await asyncio.sleep(1.5)
        received = bytearray()
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            while chunk := await reader.read(65536):
                received += chunk
        assert b"transfer-encoding: chunked" in received
        assert not received.endswith(b"\r\n0\r\n\r\n")
        writer.close()
    complete = (await http.get("/units.csv")).text
    assert complete.count("\r\n") == 5001
    assert len(received) < len(complete)


async def test_slow_readers_of_pages_occupy_no_connection(
    port: int, http: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """More slow readers of large pages than the request limit: commands go on."""
    await insert_units(engine, 500)
    connections = await open_slowly(port, "/units?limit=500", 3 * POOL_SIZE)
    assert (await add_unit(http, "A")).status_code == 201
    for _, writer in connections:
        writer.transport.abort()


async def test_half_sent_bodies_time_out_and_occupy_no_connection(
    port: int, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not arrive in time is a 408 problem; meanwhile other commands go on."""
    monkeypatch.setattr(limits, "BODY_TIMEOUT", 2.0)
    request = format_request("POST", "/boxes/B/units", {"serials": ["1"]})
    connections = [await send(port, request[:-5]) for _ in range(5 * POOL_SIZE)]
    assert (await add_unit(http, "A")).status_code == 201
    for reader, writer in connections:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            response = await reader.read()  # until the server closes the connection
        head, _, body = response.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in head
        assert b'"code":"request_timeout"' in body
        writer.close()
    assert (await http.get("/boxes/B")).status_code == 404


async def test_requests_beyond_the_limit_are_rejected_at_once(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Two requests per connection wait for a lock; further ones are 503 at once, /health responds."""
    limit = limits.REQUESTS_PER_CONNECTION * POOL_SIZE
    async with transaction(engine) as tx:
        await locks.acquire(tx, ["box:A"])
        waiting = {asyncio.create_task(add_unit(http, "A", str(number))) for number in range(limit + 2)}
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            while len(waiting) > limit:
                rejected, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in rejected:
                    assert_overloaded(await task)
        started_at = time.monotonic()
        assert_overloaded(await http.get("/boxes/A"))
        assert_overloaded(await add_unit(http, "B"))
        assert_duration("two rejections", time.monotonic() - started_at, 1)
        assert (await http.get("/health")).json() == {"status": "alive"}
        assert not any(task.done() for task in waiting)
    assert sorted([(await task).status_code for task in waiting]) == [200, 200, 200, 201]
    assert (await add_unit(http, "B")).status_code == 201
