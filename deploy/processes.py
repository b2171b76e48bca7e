"""The four services as child processes: started on free ports, waited for, stopped, killed or frozen at will."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.databases import SERVICES
from deploy.local import children
from deploy.local.files import PROJECT


@dataclass(frozen=True)
class Service:
    """One running replica of a service."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Its address over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Say whether the process has not ended."""
        return self.process.poll() is None

    def ready(self) -> bool:
        """Ask /ready once; no answer is a no."""
        return ready(self.url)

    def wait_ready(self, seconds: float = 30) -> None:
        """Wait until /ready answers 200; the process's end or the time running out raises with its last log lines."""
        children.wait_until(self.ready, self.process, self.log, seconds)

    def stop(self, seconds: float = 12) -> int:
        """Ask it to finish (SIGTERM) and give its exit code; past the time it is killed."""
        return children.stop(self.process, signal.SIGTERM, seconds)

    def kill(self) -> None:
        """End it with SIGKILL, frozen or not."""
        children.stop(self.process, signal.SIGKILL, 5)

    def freeze(self) -> None:
        """Stop its clock (SIGSTOP): it neither works nor dies."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on (SIGCONT)."""
        self.process.send_signal(signal.SIGCONT)


def ready(url: str) -> bool:
    """Ask /ready of a service once; no answer is a no."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start(
    name: str, environment: Mapping[str, str], logs: Path, *, replica: int = 1, extra: Mapping[str, str] | None = None
) -> Service:
    """Start one replica of a service and return at once; `extra` are variables for this process alone."""
    (port,) = children.free_ports(1)
    log = logs / (f"{name}.log" if replica == 1 else f"{name}-{replica}.log")
    command = [sys.executable, "-m", "shared.cli", "serve", name, "--port", str(port)]
    variables = {**os.environ, **environment, **(extra or {})}
    return Service(name, port, children.spawn(command, log, environment=variables, folder=PROJECT), log)


@contextmanager
def running(
    environment: Mapping[str, str], logs: Path, names: Iterable[str] = SERVICES, seconds: float = 120
) -> Iterator[dict[str, Service]]:
    """Start one replica of each service, wait until all are ready, and stop them in the end."""
    services: dict[str, Service] = {}
    try:
        for name in names:
            services[name] = start(name, environment, logs)
        deadline = time.monotonic() + seconds
        for service in services.values():
            service.wait_ready(deadline - time.monotonic())
        yield services
    finally:
        stop_all(services.values())


def stop_all(services: Iterable[Service], seconds: float = 12) -> None:
    """Stop several together, in the time of the slowest."""
    told = list(services)
    for service in told:
        service.process.send_signal(signal.SIGTERM)
    for service in told:
        children.finish(service.process, seconds)
