"""A network between browser and console that can be cut."""

import asyncio
from contextlib import suppress


class Network:
    """A TCP proxy on a port of this machine; while it is cut, connections are refused and open ones end."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Address that the browser uses."""
        return f"http://127.0.0.1:{self.port}"

    async def join(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """End all connections and refuse new ones."""
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, upwriter = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, upwriter}
        await asyncio.gather(self._copy(reader, upwriter), self._copy(upstream, writer))
        self._writers -= {writer, upwriter}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while content := await reader.read(65536):
                writer.write(content)
                await writer.drain()
        with suppress(OSError):
            writer.close()
