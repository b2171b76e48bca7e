"""Runs a service with an injected fault: `python -m tests.faults.fault_injector SERVICE --port N --at POINT …`.

It serves like `tracelot serve`, with the function at POINT wrapped. Once the trigger file exists, the next call causes
the fault: `stop` freezes the process (SIGSTOP), `exit` ends it, `raise-once` raises. `raise-always` raises for every
batch with a message about the document in the file. A fault that occurs once removes the file, which the test observes.
"""

import argparse
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

from shared.contracts.envelope import CloudEvent
from shared.messaging import relay, transactions
from shared.messaging.work import WorkItem

Wrapped = Callable[..., Awaitable[Any]]


class InjectedError(Exception):
    """An error injected by a test."""


@dataclass(frozen=True)
class Trigger:
    """The file that triggers the fault in a running service."""

    path: Path

    def arm(self, document: str = "") -> None:
        """Trigger the fault at the next call, optionally only for messages about a document."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(document)
        draft.rename(self.path)

    @property
    def is_armed(self) -> bool:
        """Return whether the fault has still to occur."""
        return self.path.exists()

    @property
    def document(self) -> str:
        """Return the document of the fault."""
        return self.path.read_text()


class FaultInjector:
    """Causes one fault at one point."""

    def __init__(self, fault: str, trigger: Trigger) -> None:
        self.fault, self.trigger = fault, trigger
        self.partitions = 0
        """Number of partitions in the running transaction."""

    def inject(self) -> None:
        """Cause the fault if it is triggered."""
        if not self.trigger.is_armed:
            return
        self.trigger.path.unlink()
        if self.fault == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self.fault == "exit":
            os._exit(1)
        else:
            raise InjectedError("once")

    def before(self, function: Wrapped) -> Wrapped:
        """Wrap a function: inject before the call."""

        async def wrapper(*arguments: Any) -> Any:
            self.inject()
            return await function(*arguments)

        return wrapper

    def after(self, function: Wrapped) -> Wrapped:
        """Wrap a function: inject after the call."""

        async def wrapper(*arguments: Any) -> Any:
            result = await function(*arguments)
            self.inject()
            return result

        return wrapper

    def during(self, function: Wrapped) -> Wrapped:
        """Wrap `_prepare`: inject between prepare and execute of a relay statement, with the session active."""

        async def wrapper(connection: Any, operation: str, *arguments: Any) -> Any:
            if self.trigger.is_armed and "FROM outbox ORDER BY" in operation:
                # cached statements are executed in one step: only a new one has a gap between prepare and execute
                await connection._connection.prepare("SELECT 1")  # noqa: SLF001 - fault injection
                self.inject()
            return await function(connection, operation, *arguments)

        return wrapper

    def count_partitions(self, function: Wrapped) -> Wrapped:
        """Wrap a function: count the partitions of a transaction."""

        async def wrapper(engine: Any, registry: Any, items: Sequence[WorkItem]) -> Any:
            self.partitions = len({item.position[:2] for item in items})
            return await function(engine, registry, items)

        return wrapper

    def fail_handler(self, function: Wrapped) -> Wrapped:
        """Wrap a function: raise once in a batch of several partitions, or always on one document."""

        async def wrapper(tx: Any, registry: Any, events: Sequence[CloudEvent[Any]], *others: Any) -> Any:
            result = await function(tx, registry, events, *others)
            if self.fault == "raise-always":
                if self.trigger.is_armed and any(event.data.key() == self.trigger.document for event in events):
                    raise InjectedError("always")
            elif self.partitions > 1:
                self.inject()
            return result

        return wrapper


def wrap_function(owner: Any, name: str, wrapper: Callable[[Wrapped], Wrapped]) -> None:
    """Replace a function of a module or class by its wrapper."""
    setattr(owner, name, wrapper(getattr(owner, name)))


def install_fault(point: str, injector: FaultInjector) -> None:
    """Wrap the function at a point."""
    if point == "before_begin":
        wrap_function(transactions, "_run_transaction", injector.before)
    elif point == "inside_transaction":
        wrap_function(transactions, "dispatch", injector.after)
    elif point == "inside_statement":
        wrap_function(AsyncAdapt_asyncpg_connection, "_prepare", injector.during)
    elif point == "between_publish_and_delete":
        wrap_function(relay.OutboxRelay, "_publish", injector.after)
    elif point == "handler":
        wrap_function(transactions, "_run_transaction", injector.count_partitions)
        wrap_function(transactions, "dispatch", injector.fail_handler)


def main() -> None:
    """Parse the command line, wrap the function, serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    parser.add_argument("--port", required=True)
    points = ("before_begin", "inside_transaction", "inside_statement", "between_publish_and_delete", "handler")
    parser.add_argument("--at", required=True, choices=points)
    parser.add_argument("--fault", required=True, choices=("stop", "exit", "raise-once", "raise-always"))
    parser.add_argument("--trigger", required=True, type=Path)
    arguments = parser.parse_args()
    install_fault(arguments.at, FaultInjector(arguments.fault, Trigger(arguments.trigger)))
    from shared import cli  # noqa: PLC0415 - only after wrapping

    cli.app(["serve", arguments.service, "--port", arguments.port])


if __name__ == "__main__":
    main()
