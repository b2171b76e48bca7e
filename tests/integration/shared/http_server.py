"""The toy service on a real socket in this process, without consumer and relay, and clients of any slowness."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.http import ReportFiles
from tests.support.auth import token_of
from tests.support.toy.app import app

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SMALL_BUFFER = 4096
"""Bytes of the receive buffer of a slow client, so that the server notices it soon."""


class Server(uvicorn.Server):
    """Uvicorn without signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the handlers of the test run in place."""
        yield


@asynccontextmanager
async def serve_toy(engine: AsyncEngine, files: AsyncEngine) -> AsyncIterator[int]:
    """Serve the toy service and return its port."""
    app.state.engine, app.state.wake, app.state.report_files = engine, lambda: None, ReportFiles(files)
    server = Server(uvicorn.Config(app, lifespan="off", http="httptools", log_config=None, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


def format_request(method: str, path: str, body: Any = None) -> bytes:
    """Format an HTTP request with the headers of a command."""
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: toy\r\nAuthorization: Bearer {token_of('ann')}\r\n"
        f"Idempotency-Key: {uuid4()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def send(port: int, request: bytes) -> Connection:
    """Open a connection with a small receive buffer and send bytes."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=client, limit=SMALL_BUFFER)
    writer.write(request)
    return reader, writer
