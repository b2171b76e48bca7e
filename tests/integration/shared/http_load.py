"""Concurrent HTTP clients that send commands without waiting for Retry-After, in a process of their own.

Usage: python -m tests.integration.shared.http_load PORT CLIENTS SECONDS; prints a LoadResult as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from tests.integration.shared.http_server import Connection, format_request

PAUSE = 0.2
"""Seconds between the attempts of a client: far less than the Retry-After of the service."""


@dataclass
class LoadResult:
    """Outcome of a load: acknowledged units by box, and the rejections."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    rejected: int = 0
    slowest_rejection: float = 0.0
    other_statuses: list[int] = field(default_factory=list)


async def exchange(connection: Connection, request: bytes) -> int:
    """Send a request and return the status of its response."""
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
    return int(head.split(" ", 2)[1])


async def send_commands(port: int, deadline: float, result: LoadResult) -> None:
    """Add units to a box one by one; repeat each command until it is acknowledged or the time is over."""
    box, number = f"load-{uuid4()}", 0
    acknowledged = result.acknowledged.setdefault(box, [])
    connection = await asyncio.open_connection("127.0.0.1", port)
    request = format_request("POST", f"/boxes/{box}/units", {"serials": [str(number)]})
    while (started_at := time.monotonic()) < deadline:
        status = await exchange(connection, request)
        if status in {200, 201}:
            acknowledged.append(str(number))
            number += 1
            request = format_request("POST", f"/boxes/{box}/units", {"serials": [str(number)]})
        elif status == 503:
            result.rejected += 1
            result.slowest_rejection = max(result.slowest_rejection, time.monotonic() - started_at)
            await asyncio.sleep(PAUSE)
        else:
            result.other_statuses.append(status)
    connection[1].close()


async def run(port: int, clients: int, seconds: float) -> LoadResult:
    """Run all clients at the same time."""
    result, deadline = LoadResult(), time.monotonic() + seconds
    await asyncio.gather(*(send_commands(port, deadline, result) for _ in range(clients)))
    return result


if __name__ == "__main__":
    outcome = asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.write(json.dumps(asdict(outcome)))
