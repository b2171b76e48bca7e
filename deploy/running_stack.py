"""The stack that runs in the background, read from its lock and state file."""

import os
import time
from dataclasses import dataclass

from deploy import databases
from deploy.local import files
from deploy.local.children import StartError
from deploy.processes import CONSOLE, is_ready
from shared.persistence.urls import parse_url

STATE_FILE, LOG_FILE = files.STACK / "stack.json", files.STACK / "logs" / "stack.log"


@dataclass(frozen=True)
class RunningStack:
    """Process id, environment of the services and service URLs."""

    pid: int
    environment: dict[str, str]
    services: dict[str, str]

    def apis(self) -> dict[str, str]:
        """Return the URLs of the services with an API: all but the console."""
        return {name: url for name, url in self.services.items() if name != CONSOLE}

    def find_unready(self) -> list[str]:
        """List the services that are not ready."""
        return [name for name, url in self.services.items() if not is_ready(url)]

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until all services are ready; raises StartError at the deadline."""
        deadline = time.monotonic() + seconds
        while unready := self.find_unready():
            if time.monotonic() > deadline:
                raise StartError(f"Not ready after {seconds:.0f} s: {', '.join(unready)}; see {LOG_FILE.parent}")
            time.sleep(0.2)

    def addresses(self) -> list[tuple[str, str]]:
        """List the addresses of all services and servers by name, without passwords."""
        database = parse_url(self.environment[f"{databases.SERVICES[0].upper()}_DATABASE_URL"])
        hosts = ",".join(f"{host}:{port}" for host, port in database.hosts)
        return [
            *((name, f"{url}  (API documentation: {url}/docs)") for name, url in self.apis().items()),
            *((name, f"{url}  (pages for people)") for name, url in self.services.items() if name == CONSOLE),
            ("Kafka", self.environment["KAFKA_BOOTSTRAP_SERVERS"]),
            ("PostgreSQL", f"{hosts}  (databases: {', '.join(databases.SERVICES)})"),
        ]

    def variables(self) -> dict[str, str]:
        """Return the environment of the services, and the URL of each service as `SERVICE_URL`."""
        return self.environment | {f"{name.upper()}_URL": url for name, url in self.services.items()}


def is_up() -> bool:
    """Return whether a process holds the lock of the stack folder."""
    if not files.STACK.exists():
        return False
    descriptor = files.try_lock(files.STACK / "lock")
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def find_running_stack() -> RunningStack | None:
    """Return the running stack once its services have started."""
    state = files.read_json(STATE_FILE) if is_up() else {}
    # the file of a killed process may be left over, without a lock
    return RunningStack(**state) if state.get("services") else None
