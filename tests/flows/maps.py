"""What each service hears and takes, and where, from their own maps."""

from functools import cache
from importlib import import_module

from deploy.databases import SERVICES
from shared.contracts.envelope import Fact
from shared.routing import Hears, Takes


@cache
def rows(service: str) -> tuple[Hears | Takes, ...]:
    """The rows of a service's map."""
    return tuple(import_module(f"services.{service}.app").app.state.map.rows)


def topics(service: str) -> set[str]:
    """The topics that a service reads."""
    return {row.message.TOPIC.name for row in rows(service)}


@cache
def owner(message: type[Fact]) -> tuple[str, Takes]:
    """Which service takes a message over HTTP, and its row there."""
    (found,) = (
        (service, row)
        for service in SERVICES
        for row in rows(service)
        if isinstance(row, Takes) and row.message is message
    )
    return found
