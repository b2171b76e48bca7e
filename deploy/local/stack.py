"""The servers that Tracelot needs, as one object: for the demo, the tests and the bench.

    with Stack(folder, keep=False) as stack:
        os.environ.update(stack.env)

What the environment already names is used instead of starting anything; `TRACELOT_STACK=docker` asks Docker for it.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deploy import databases
from deploy.local import files
from deploy.local.children import StartError
from deploy.local.kafka import Kafka
from deploy.local.postgres import SUPERUSER, Postgres

if TYPE_CHECKING:
    from deploy.local.containers import Containers

Result = TypeVar("Result")
VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    *(f"{service.upper()}_{kind}_URL" for service in databases.SERVICES for kind in ("DATABASE", "OWNER")),
)


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end on a loop of its own, whether or not the caller is inside one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


class Stack:
    """Kafka and PostgreSQL with a database per service; `keep` leaves the data for the next start."""

    def __init__(self, folder: Path, *, keep: bool, c2: bool = False) -> None:
        self.folder, self.keep, self.c2 = folder.resolve(), keep, c2
        self.env: dict[str, str] = {}
        self.kafka: Kafka | None = None
        self.postgres: Postgres | None = None
        self._containers: Containers | None = None
        self._lock: int | None = None

    @property
    def ours(self) -> bool:
        """Say whether we started the servers, so that a test may kill them."""
        return self.kafka is not None

    def start(self) -> None:
        """Start what the environment does not name; stack.json then says where everything is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = files.lock(self.folder / "lock")
        if self._lock is None:
            raise StartError(f"a stack runs in {self.folder} already; `make down` stops one that `make up` started")
        if all(os.environ.get(name) for name in VARIABLES):
            self.env = {name: os.environ[name] for name in VARIABLES}
        else:
            self.env = self._start_servers()
        self.record(services={})

    def _start_servers(self) -> dict[str, str]:
        passwords = files.passwords(self.folder / "passwords.json", (SUPERUSER, *databases.ROLES))
        try:
            superuser_url, bootstrap_servers = (
                self._start_containers() if os.environ.get("TRACELOT_STACK") == "docker" else self._start_own(passwords)
            )
            run_apart(databases.create(superuser_url, passwords))
        except BaseException:
            self.stop()
            raise
        host, _, port = superuser_url.rpartition("@")[2].partition("/")[0].partition(":")
        return {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, **databases.urls(host, int(port), passwords)}

    def _start_own(self, passwords: dict[str, str]) -> tuple[str, str]:
        data, logs = self.folder / "data", self.folder / "logs"
        self.postgres = Postgres(data / "postgres", logs / "postgres.log", passwords[SUPERUSER])
        self.kafka = Kafka(data / "kafka", logs / "kafka.log", c2=self.c2)
        with ThreadPoolExecutor(max_workers=1) as aside:
            kafka = aside.submit(self.kafka.start)
            self.postgres.start()
            kafka.result()
        return self.postgres.superuser_url, self.kafka.bootstrap_servers

    def _start_containers(self) -> tuple[str, str]:
        from deploy.local.containers import Containers  # noqa: PLC0415 - loads a client of Docker, seldom wanted

        self._containers = Containers()
        return self._containers.superuser_url, self._containers.bootstrap_servers

    def record(self, services: dict[str, str]) -> None:
        """Write stack.json: our process id, the environment, and the address of each service."""
        content = {"pid": os.getpid(), "environment": self.env, "services": services}
        files.write_private_json(self.folder / "stack.json", content)

    def kill_kafka(self) -> None:
        """End Kafka as a power cut would."""
        self._own_kafka().kill()

    def start_kafka(self) -> None:
        """Start Kafka again, on the same port and data, and wait until it takes requests."""
        self._own_kafka().start()

    def restart_postgres(self, mode: str = "immediate") -> None:
        """Restart PostgreSQL on the same port and data; immediate is a crash."""
        if self.postgres is None:
            raise StartError("only a PostgreSQL that this stack started can be restarted")
        self.postgres.restart(mode)

    def _own_kafka(self) -> Kafka:
        if self.kafka is None:
            raise StartError("only a Kafka that this stack started can be killed")
        return self.kafka

    def stop(self) -> None:
        """Stop what was started; where nothing is kept, at once and without a trace."""
        if self.kafka and self.postgres:
            self.kafka.stop(signal.SIGTERM if self.keep else signal.SIGKILL)
            self.postgres.stop("fast" if self.keep else "immediate")
        if self._containers:
            self._containers.stop()
        if self._lock is not None:
            (self.folder / "stack.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            if not self.keep:
                shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
