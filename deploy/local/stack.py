"""The servers required by Tracelot, for demo, tests and benchmarks.

    with Stack(folder, keep_data=False) as stack:
        os.environ.update(stack.env)

It starts Kafka and PostgreSQL on this machine. `TRACELOT_STACK=docker` starts them as Docker containers;
`TRACELOT_STACK=external` uses the servers that the environment variables of the services name.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deploy import databases
from deploy.local import files
from deploy.local.children import StartError
from deploy.local.kafka import Kafka
from deploy.local.ports import KeptPorts
from deploy.local.postgres import SUPERUSER, Postgres
from shared.auth.settings import own_issuer
from shared.auth.signer import Signer
from shared.settings import BROKER_DEFAULT

if TYPE_CHECKING:
    from deploy.local.containers import Containers

Result = TypeVar("Result")
ENVIRONMENT_VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    *(f"{service.upper()}_{kind}_URL" for service in databases.SERVICES for kind in ("DATABASE", "MIGRATION_DATABASE")),
)
SINGLE_BROKER_SETTINGS = dict.fromkeys(("KAFKA_REPLICATION_FACTOR", "KAFKA_MIN_INSYNC_REPLICAS"), str(BROKER_DEFAULT))
"""Settings of the shell may be those of a production cluster."""
STACK_KINDS = ("local", "docker", "external")


def selected_kind() -> str:
    """Return the kind of stack that the environment selects."""
    kind = os.environ.get("TRACELOT_STACK") or STACK_KINDS[0]
    if kind not in STACK_KINDS:
        raise StartError(f"TRACELOT_STACK={kind} is unknown; use one of {', '.join(STACK_KINDS)}")
    return kind


def external_environment() -> dict[str, str]:
    """Return the variables that name servers outside this stack; raises if one is missing."""
    if missing := [name for name in ENVIRONMENT_VARIABLES if not os.environ.get(name)]:
        raise StartError(f"TRACELOT_STACK=external needs {', '.join(missing)}; set them, or unset TRACELOT_STACK")
    return {name: os.environ[name] for name in ENVIRONMENT_VARIABLES}


def auth_environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return the given variables of sign-in, by default those of a key that is made in a folder."""
    folder = Path(given.get("AUTH_FOLDER") or folder).resolve()
    Signer.open(folder)
    issuers = given.get("AUTH_ISSUERS") or json.dumps([own_issuer(folder).model_dump(mode="json")])
    return {"AUTH_FOLDER": str(folder), "AUTH_ISSUERS": issuers}


def run_in_new_loop(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a new event loop, even if the caller runs inside one."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, coroutine).result()


class Stack:
    """Kafka and PostgreSQL with a database per service; `keep_data` keeps the data for the next start."""

    def __init__(self, folder: Path, *, keep_data: bool, optimizing_compiler: bool = False) -> None:
        self.folder, self.keep_data, self.optimizing_compiler = folder.resolve(), keep_data, optimizing_compiler
        self.env: dict[str, str] = {}
        self.ports = KeptPorts(self.folder / "ports.json")
        self.kafka: Kafka | None = None
        self.postgres: Postgres | None = None
        self._containers: Containers | None = None
        self._lock: int | None = None

    @property
    def is_managed(self) -> bool:
        """Whether this stack started the servers, so that tests can kill them."""
        return self.kafka is not None

    def start(self) -> None:
        """Start or find the servers, and write stack.json."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = files.try_lock(self.folder / "lock")
        if self._lock is None:
            raise StartError(f"A stack is already running in {self.folder}; run `make down` to stop it")
        try:
            kind = selected_kind()
            servers = (
                external_environment() if kind == "external" else self._start_servers(kind) | SINGLE_BROKER_SETTINGS
            )
            # tests and demo use the declared names
            given = os.environ if kind == "external" else {}
            self.env = {**servers, "KAFKA_TOPIC_PREFIX": "", **auth_environment(self.folder / "auth", given)}
        except BaseException:
            self.stop()
            raise
        self.record(services={})

    def _start_servers(self, kind: str) -> dict[str, str]:
        passwords = files.load_passwords(self.folder / "passwords.json", (SUPERUSER, *databases.ROLES))
        superuser_url, bootstrap_servers = (
            self._start_containers() if kind == "docker" else self._start_managed(passwords)
        )
        run_in_new_loop(databases.create(superuser_url, passwords))
        host, _, port = superuser_url.rpartition("@")[2].partition("/")[0].partition(":")
        return {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, **databases.urls(host, int(port), passwords)}

    def _start_managed(self, passwords: dict[str, str]) -> tuple[str, str]:
        data, logs = self.folder / "data", self.folder / "logs"
        files.make_private_folder(logs)
        postgres_port = self.ports.reserve("postgres")
        self.postgres = Postgres(data / "postgres", logs / "postgres.log", postgres_port, passwords[SUPERUSER])
        self.kafka = Kafka(
            data / "kafka",
            logs / "kafka.log",
            self.ports.reserve("kafka"),
            self.ports.reserve("kafka-controller"),
            optimizing_compiler=self.optimizing_compiler,
        )
        with ThreadPoolExecutor(max_workers=1) as executor:
            kafka = executor.submit(self.kafka.start)
            self.postgres.start()
            kafka.result()
        return self.postgres.superuser_url, self.kafka.bootstrap_servers

    def _start_containers(self) -> tuple[str, str]:
        from deploy.local.containers import Containers  # noqa: PLC0415 - loads the Docker client, which is rarely needed

        self._containers = Containers()
        return self._containers.superuser_url, self._containers.bootstrap_servers

    @property
    def servers(self) -> dict[str, Kafka | Postgres]:
        """The servers that this stack started as child processes, by name."""
        return {"PostgreSQL": self.postgres, "Kafka": self.kafka} if self.postgres and self.kafka else {}

    def record(self, services: dict[str, str]) -> None:
        """Write stack.json: process id, environment, and service URLs."""
        content = {"pid": os.getpid(), "environment": self.env, "services": services}
        files.write_private_json(self.folder / "stack.json", content)

    def kill_kafka(self) -> None:
        """Kill Kafka, like a power failure."""
        self._managed_kafka().kill()

    def start_kafka(self) -> None:
        """Restart Kafka with the same port and data, and wait until it accepts requests."""
        self._managed_kafka().start()

    def restart_postgres(self, mode: str = "immediate") -> None:
        """Restart PostgreSQL with the same port and data; the mode immediate simulates a crash."""
        if self.postgres is None:
            raise StartError("Only a PostgreSQL server started by this stack can be restarted")
        self.postgres.restart(mode)

    def _managed_kafka(self) -> Kafka:
        if self.kafka is None:
            raise StartError("Only a Kafka broker started by this stack can be killed")
        return self.kafka

    def stop(self) -> None:
        """Stop the servers; without `keep_data` kill them and delete all data."""
        if self.kafka and self.postgres:
            self.kafka.stop(signal.SIGTERM if self.keep_data else signal.SIGKILL)
            self.postgres.stop("fast" if self.keep_data else "immediate")
        if self._containers:
            self._containers.stop()
        self.ports.release()
        if self._lock is not None:
            (self.folder / "stack.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            if not self.keep_data:
                shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
