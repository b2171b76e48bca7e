"""Service replicas as child processes on free ports: start, readiness, stop, kill, freeze."""

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
from deploy.local.ports import KeptPorts, reserve_port

CONSOLE = "console"
"""Name of the console, which has no database."""


@dataclass(frozen=True)
class Service:
    """A replica of a service."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Request /ready once; no response counts as not ready."""
        return is_ready(self.url)

    def wait_ready(self, seconds: float = 30) -> None:
        """Wait until /ready returns 200; raises with the last log lines on exit or timeout."""
        children.wait_until(self.is_ready, self.process, self.log, seconds)

    def stop(self, seconds: float = 12) -> int:
        """Send SIGTERM and return the exit code; kill the process after a timeout."""
        return children.stop(self.process, signal.SIGTERM, seconds)

    def kill(self) -> None:
        """Send SIGKILL, which also ends a frozen process."""
        children.stop(self.process, signal.SIGKILL, 5)

    def freeze(self) -> None:
        """Suspend the process (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume the process (SIGCONT)."""
        self.process.send_signal(signal.SIGCONT)


def is_ready(url: str) -> bool:
    """Request /ready of a service once; no response counts as not ready."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def service_environment(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service: of all database URLs only that of its login role."""
    own_url = f"{name.removesuffix('.app').rpartition('.')[2].upper()}_DATABASE_URL"
    own = {own_url: environment[own_url]} if own_url in environment else {}
    return children.without_database_urls(environment) | own


def start(
    name: str,
    environment: Mapping[str, str],
    logs: Path,
    *,
    port: int | None = None,
    replica: int = 1,
    extra: Mapping[str, str] | None = None,
) -> Service:
    """Start a replica without waiting; `extra` are environment variables of this process only."""
    port = reserve_port() if port is None else port
    log = logs / (f"{name}.log" if replica == 1 else f"{name}-{replica}.log")
    command = [sys.executable, "-m", "shared.cli", "serve", name, "--port", str(port)]
    variables = service_environment(name, {**os.environ, **environment}) | dict(extra or {})
    return Service(name, port, children.spawn(command, log, environment=variables, folder=PROJECT), log)


def start_console(
    environment: Mapping[str, str], logs: Path, services: Mapping[str, str], *, port: int | None = None
) -> Service:
    """Start the console for the services at these URLs without waiting."""
    port = reserve_port() if port is None else port
    log = logs / f"{CONSOLE}.log"
    command = [sys.executable, "-m", "shared.cli", "serve", f"services.{CONSOLE}.app", "--port", str(port)]
    urls = {f"{name.upper()}_URL": url for name, url in services.items()}
    variables = children.without_database_urls({**os.environ, **environment}) | urls
    return Service(CONSOLE, port, children.spawn(command, log, environment=variables, folder=PROJECT), log)


@contextmanager
def running(
    environment: Mapping[str, str],
    logs: Path,
    names: Iterable[str] = SERVICES,
    *,
    ports: KeptPorts | None = None,
    seconds: float = 120,
) -> Iterator[dict[str, Service]]:
    """Run one ready replica of each service within the context; replaced entries of the result are stopped too."""
    services: dict[str, Service] = {}
    try:
        for name in names:
            services[name] = start(name, environment, logs, port=ports.reserve(name) if ports else None)
        deadline = time.monotonic() + seconds
        for service in services.values():
            service.wait_ready(deadline - time.monotonic())
        yield services
    finally:
        stop_all(services.values())


def stop_all(services: Iterable[Service], seconds: float = 12) -> None:
    """Stop several services concurrently."""
    signalled = list(services)
    for service in signalled:
        service.process.send_signal(signal.SIGTERM)
    for service in signalled:
        children.finish(service.process, seconds)
