"""Ports of 127.0.0.1, each used by at most one Tracelot process of this machine.

A server binds its port only seconds after the choice, and a killed server leaves its port until the restart. So this
process keeps the UDP port of the same number, which no server here uses.
"""

import random
import socket
from collections.abc import Iterable
from pathlib import Path

from deploy.local import files
from deploy.local.children import StartError

# Below the ephemeral ports: a client that retries a stopped server on such a port may be assigned it. It would then
# connect to itself and prevent the restart of the server.
PORTS = range(15_000, 32_000)

_reservations: dict[int, socket.socket] = {}


def reserve_port(preferred: int | None = None, candidates: Iterable[int] | None = None) -> int:
    """Reserve a free port until this process ends: the preferred one if possible, else a random candidate."""
    drawn = random.sample(PORTS, len(PORTS)) if candidates is None else candidates
    for port in drawn if preferred is None else (preferred, *drawn):
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            reservation.close()
            continue
        _reservations[port] = reservation
        return port
    raise StartError("No port of 127.0.0.1 is free; stop unused servers, or wait for another test run to end")


class KeptPorts:
    """Reserved ports by name of their server, recorded in a file so that they stay the same at the next start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reserved: set[int] = set()

    def reserve(self, name: str) -> int:
        """Reserve the recorded port of a server; another one if it is in use by now."""
        recorded = files.read_json(self.path)
        previous: int | None = recorded.get(name)
        port = reserve_port(previous)
        self._reserved.add(port)
        if port != previous:
            if previous is not None:
                print(f"Port {previous} of {name} is in use by another program; {name} moves to {port}.", flush=True)
            files.write_private_json(self.path, recorded | {name: port})
        return port

    def release(self) -> None:
        """Release all ports for other processes."""
        for port in self._reserved:
            _reservations.pop(port).close()
        self._reserved.clear()
