"""A service that hurts itself: `python -m tests.faults.saboteur SERVICE --port N --at PLACE --do DEED --when FILE`.

It serves like `tracelot serve`, with the function at PLACE wrapped. Once FILE is there, the next call does DEED: `stop`
freezes the process (SIGSTOP), `exit` ends it at once, `raise-once` raises, `raise-always` raises whenever a message of
the run is about the document that FILE names. A deed that is done once takes FILE away, by which the test sees it.
"""

import argparse
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

from shared import relay
from shared.consumer import settle
from shared.consumer.work import Item
from shared.contracts.envelope import CloudEvent

Wrapped = Callable[..., Awaitable[Any]]


class InjectedError(Exception):
    """A bug that a test put in."""


@dataclass(frozen=True)
class Trigger:
    """The file by which a test tells a running saboteur to do its deed."""

    path: Path

    def pull(self, document: str = "") -> None:
        """Let it happen at the next occasion, to messages about a document where one is named."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(document)
        draft.rename(self.path)

    @property
    def pulled(self) -> bool:
        """Whether it waits to happen."""
        return self.path.exists()

    @property
    def document(self) -> str:
        """What it shall happen to."""
        return self.path.read_text()


class Saboteur:
    """Does one deed at one place."""

    def __init__(self, deed: str, trigger: Trigger) -> None:
        self.deed, self.trigger = deed, trigger
        self.partitions = 0
        """How many partitions the running transaction has records of."""

    def strike(self) -> None:
        """Do the deed if the trigger was pulled."""
        if not self.trigger.pulled:
            return
        self.trigger.path.unlink()
        if self.deed == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self.deed == "exit":
            os._exit(1)
        else:
            raise InjectedError("once")

    def before(self, wrapped: Wrapped) -> Wrapped:
        """Strike before a call."""

        async def call(*arguments: Any) -> Any:
            self.strike()
            return await wrapped(*arguments)

        return call

    def after(self, wrapped: Wrapped) -> Wrapped:
        """Strike after a call that had something to do."""

        async def call(*arguments: Any) -> Any:
            result = await wrapped(*arguments)
            self.strike()
            return result

        return call

    def amid(self, wrapped: Wrapped) -> Wrapped:
        """Strike between preparing and executing a statement of the relay, when the server takes us for active."""

        async def call(connection: Any, operation: str, *arguments: Any) -> Any:
            if self.trigger.pulled and "FROM outbox ORDER BY" in operation:
                # what was prepared before is executed in one step: only a new statement opens the gap
                await connection._connection.prepare("SELECT 1")  # noqa: SLF001 - a saboteur asks nobody
                self.strike()
            return await wrapped(connection, operation, *arguments)

        return call

    def note(self, wrapped: Wrapped) -> Wrapped:
        """Note how many partitions a transaction has records of."""

        async def call(engine: Any, of: Any, items: Sequence[Item]) -> Any:
            self.partitions = len({item.place[:2] for item in items})
            return await wrapped(engine, of, items)

        return call

    def decide(self, wrapped: Wrapped) -> Wrapped:
        """Raise like a handler with a bug: once in a batch of several partitions, or always on one document."""

        async def call(tx: Any, of: Any, events: Sequence[CloudEvent[Any]]) -> Any:
            decided = await wrapped(tx, of, events)
            if self.deed == "raise-always":
                if self.trigger.pulled and any(event.data.key() == self.trigger.document for event in events):
                    raise InjectedError("always")
            elif self.partitions > 1:
                self.strike()
            return decided

        return call


def wrap(owner: Any, name: str, wrapper: Callable[[Wrapped], Wrapped]) -> None:
    """Put a wrapper around a function of a module or class."""
    setattr(owner, name, wrapper(getattr(owner, name)))


def sabotage(at: str, saboteur: Saboteur) -> None:
    """Wrap the function at a place."""
    if at == "before_begin":
        wrap(settle, "_transaction", saboteur.before)
    elif at == "inside_transaction":
        wrap(settle, "decide", saboteur.after)
    elif at == "amid_a_statement":
        wrap(AsyncAdapt_asyncpg_connection, "_prepare", saboteur.amid)
    elif at == "between_publish_and_delete":
        wrap(relay.Relay, "_publish", saboteur.after)
    elif at == "handler":
        wrap(settle, "_transaction", saboteur.note)
        wrap(settle, "decide", saboteur.decide)


def main() -> None:
    """Read the arguments, wrap, serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    parser.add_argument("--port", required=True)
    places = ("before_begin", "inside_transaction", "amid_a_statement", "between_publish_and_delete", "handler")
    parser.add_argument("--at", required=True, choices=places)
    parser.add_argument("--do", required=True, choices=("stop", "exit", "raise-once", "raise-always"))
    parser.add_argument("--when", required=True, type=Path)
    told = parser.parse_args()
    sabotage(told.at, Saboteur(told.do, Trigger(told.when)))
    from shared import cli  # noqa: PLC0415 - only after wrapping: it loads everything

    cli.app(["serve", told.service, "--port", told.port])


if __name__ == "__main__":
    main()
