"""Restarts programs of the stack that end unexpectedly, with growing pauses if they end again and again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

from deploy import processes
from deploy.local.children import StartError
from deploy.local.stack import Stack
from deploy.processes import Service

CHECK_INTERVAL = 0.5
"""Seconds between two checks."""
MAX_PAUSE = 30.0
"""Longest pause in seconds before a restart."""
STABLE_SECONDS = 60.0
"""Run time in seconds after which a program is restarted without a pause."""


def report(message: object) -> None:
    """Print a message with the time."""
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {message}", flush=True)


@dataclass
class Program:
    """A program to keep running; `restart` raises StartError if it does not start."""

    name: str
    is_alive: Callable[[], bool]
    restart: Callable[[], None]
    started_at: float
    pause: float = 0.0
    restart_at: float | None = None

    def check(self, now: float) -> None:
        """Restart the program if it has ended and its pause is over; `now` is a monotonic time in seconds."""
        if self.is_alive():
            return
        if self.restart_at is None:
            is_stable = now - self.started_at >= STABLE_SECONDS
            self.pause = 0.0 if is_stable else min(MAX_PAUSE, max(1.0, 2 * self.pause))
            self.restart_at = now + self.pause
            report(f"{self.name} ended unexpectedly; it is restarted in {self.pause:.0f} s")
        if now >= self.restart_at:
            self.restart_at, self.started_at = None, now
            try:
                self.restart()
            except StartError as error:
                report(error)


def list_programs(stack: Stack, services: dict[str, Service]) -> list[Program]:
    """List the servers that the stack started, and the services; a restart replaces the entry in `services`."""

    def is_service_alive(name: str) -> bool:
        return services[name].is_alive

    def restart_service(name: str) -> None:
        port, logs = services[name].port, services[name].log.parent
        if name == processes.CONSOLE:
            urls = {name: service.url for name, service in services.items()}
            services[name] = processes.start_console(stack.env, logs, urls, port=port)
        else:
            services[name] = processes.start(name, stack.env, logs, port=port)

    now = time.monotonic()
    servers = [
        Program(name, lambda server=server: server.is_alive, server.start, now)  # type: ignore[misc]
        for name, server in stack.servers.items()
    ]
    return servers + [
        Program(name, partial(is_service_alive, name), partial(restart_service, name), now) for name in services
    ]


def supervise(programs: Sequence[Program]) -> NoReturn:
    """Keep programs running until a signal raises KeyboardInterrupt."""
    while True:
        time.sleep(CHECK_INTERVAL)
        for program in programs:
            program.check(time.monotonic())
